/**
 * The script of the page. Without it everything works but two things: the figures stay as they were when the page was loaded,
 * and text is copied by hand.
 */
export const script = `
for (const button of document.querySelectorAll('button[data-copy]')) {
  button.hidden = false
  button.addEventListener('click', async () => {
    const text = document.getElementById(button.dataset.copy).textContent
    try {
      await navigator.clipboard.writeText(text)
      button.textContent = 'Copied'
    } catch {
      button.textContent = 'Select the text and copy it'
    }
    setTimeout(() => { button.textContent = 'Copy' }, 2000)
  })
}
setInterval(async () => {
  if (document.hidden) return
  try {
    const response = await fetch(document.body.dataset.base + '/activity')
    if (response.ok) document.getElementById('activity').outerHTML = await response.text()
  } catch {
    // The server was stopped. What was last seen stays.
  }
}, 2000)
`
