/**
 * Reloads the server on SIGHUP. At a terminal SIGHUP says that the terminal is gone, and ends the server.
 *
 * @returns a function to call when the server has started. An earlier SIGHUP reloads it then: the settings may
 *   already have been read.
 */
export function reloadOnSignal(isTerminal: boolean): (reload: () => void) => void {
  let started: (() => void) | null = null
  let isDue = false
  if (!isTerminal) {
    process.on('SIGHUP', () => {
      if (started === null) isDue = true
      else started()
    })
  }
  return (reload) => {
    started = reload
    if (isDue) reload()
  }
}
