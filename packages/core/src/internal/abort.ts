import { setMaxListeners } from 'node:events'

/**
 * Calls the listener when the signal is aborted.
 *
 * @param signal not aborted yet
 * @returns removes the listener
 */
export function onAbort(signal: AbortSignal, listener: () => void): () => void {
  try {
    // Many signatures can share one signal. Node 20 would warn of a leak at the eleventh listener.
    setMaxListeners(0, signal)
  } catch {
    // Not Node's own AbortSignal: it does not warn.
  }
  signal.addEventListener('abort', listener, { once: true })
  return () => signal.removeEventListener('abort', listener)
}

/**
 * Waits for work that cannot be stopped, until the signal is aborted at the latest.
 *
 * @param work of a caller's own store, it may be a thenable or, from JavaScript, no promise at all
 * @returns the result of the work; on abort rejects with the signal's reason and ignores the work
 */
export function untilAborted<T>(work: T | PromiseLike<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const stopListening = onAbort(signal, () => reject(signal.reason))
    Promise.resolve(work).finally(stopListening).then(resolve, reject)
  })
}

/** A signal that is aborted when one of the two is. Each may be undefined; so is the result if both are. */
export function eitherSignal(
  first: AbortSignal | undefined,
  second: AbortSignal | undefined,
): AbortSignal | undefined {
  return first === undefined || second === undefined ? (first ?? second) : AbortSignal.any([first, second])
}
