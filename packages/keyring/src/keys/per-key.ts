import type { SigningKey } from '@sealwright/core'

/**
 * Calls `make` once for each key.
 *
 * @param signingKey returns the key that signs now
 * @returns a function that returns the result for the current key
 */
export function oncePerKey<T>(signingKey: () => SigningKey, make: (key: SigningKey) => T): () => T {
  const made = new WeakMap<SigningKey, { readonly value: T }>()
  return () => {
    const key = signingKey()
    let known = made.get(key)
    if (known === undefined) {
      known = { value: make(key) }
      made.set(key, known)
    }
    return known.value
  }
}
