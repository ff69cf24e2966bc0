/**
 * A listener of the caller that cannot stop what it listens to. It is called at once, and may be async.
 *
 * @param listener undefined for none
 * @param onError called with what the listener throws, or rejects with; default: such errors are ignored
 */
export function careful<T>(
  listener: ((value: T) => unknown) | undefined,
  onError: (error: unknown) => void = () => undefined,
): (value: T) => void {
  if (listener === undefined) return () => undefined
  return (value) => void (async () => listener(value))().catch(onError)
}
