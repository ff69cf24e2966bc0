/**
 * Promises under way, by what they are for. Callers who want the same thing at the same time share one. Nothing is kept
 * once a promise has settled.
 */
export class PendingWork<T> {
  readonly #promises = new Map<string, Promise<T>>()

  /** The promise under way for the key; null when there is none. */
  get(key: string): Promise<T> | null {
    return this.#promises.get(key) ?? null
  }

  /** The promise under way for the key, or else the one that `start` returns. */
  share(key: string, start: () => Promise<T>): Promise<T> {
    return this.#promises.get(key) ?? this.replace(key, start)
  }

  /** Starts anew, whether there is one under way or not. Later callers share the new one. */
  replace(key: string, start: () => Promise<T>): Promise<T> {
    const promise = start().finally(() => {
      if (this.#promises.get(key) === promise) this.#promises.delete(key)
    })
    this.#promises.set(key, promise)
    return promise
  }
}
