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

/**
 * Waits for work that cannot be stopped, no longer than until the signal is aborted.
 *
 * @returns what the work returns; rejects with the signal's reason on abort, and what becomes of the work is ignored
 */
export async function untilAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  let stopListening: (() => void) | undefined
  const aborted = new Promise<never>((_, reject) => {
    stopListening = onAbort(signal, () => reject(signal.reason))
  })
  try {
    return await Promise.race([work, aborted])
  } finally {
    stopListening?.()
  }
}
