/**
 * The script of the page. The page also works without it, but the figures do not change and text is copied by hand.
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
    // The server was stopped. The last figures stay.
  }
}, 2000)
`
