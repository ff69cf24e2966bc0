import { setMaxListeners } from 'node:events'

/**
 * Calls the listener when the signal is aborted.
 *
 * @param signal not aborted yet
 * @returns ends it: the listener is not called any more, and the signal holds it no longer
 */
export function onAbort(signal: AbortSignal, listener: () => void): () => void {
  try {
    // One signal may be that of any number of signatures; Node 20 would warn of a leak at the eleventh, newer ones do not.
    setMaxListeners(0, signal)
  } catch {
    // Not Node's own AbortSignal: it does not warn.
  }
  signal.addEventListener('abort', listener, { once: true })
  return () => signal.removeEventListener('abort', listener)
}
