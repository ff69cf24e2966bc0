/**
 * Pending promises, by key. Callers that want the same thing at the same time share a promise. A settled promise is
 * forgotten.
 */
export class PendingWork<T> {
  readonly #promises = new Map<string, Promise<T>>()

  /** The pending promise of the key; null if none is pending. */
  get(key: string): Promise<T> | null {
    return this.#promises.get(key) ?? null
  }

  /** The pending promise of the key, or the one that `start` returns. */
  share(key: string, start: () => Promise<T>): Promise<T> {
    return this.#promises.get(key) ?? this.replace(key, start)
  }

  /** Starts a new one even if another is pending. Later callers share the new one. */
  replace(key: string, start: () => Promise<T>): Promise<T> {
    const promise = start().finally(() => {
      if (this.#promises.get(key) === promise) this.#promises.delete(key)
    })
    this.#promises.set(key, promise)
    return promise
  }
}
