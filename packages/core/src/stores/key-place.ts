import { hasMethod } from '../internal/arguments.ts'
import type { Backend, OpenKeyOptions } from './open-signing-key.ts'
import type { KeyStore } from './key-store.ts'

/** Where the versions of a key are. */
export interface KeyPlace {
  /** The store that has the key. */
  readonly store: KeyStore
  /** The name of the key in the store. */
  readonly name: string
  /** The one version that the URI names; null for all of them. */
  readonly version: string | null
}

/** Capability of a {@link Backend}: returns the store of a URI, to list all versions of its key and to create new ones. */
export interface KeyLocator {
  /**
   * Nothing is read or contacted, but a function that returns the password may be called.
   *
   * @param uri one that the backend accepts
   * @returns null for a URI whose key has no versions, such as a file
   * @throws SealwrightError `INVALID_ARGUMENT` when the URI is malformed
   */
  locate(uri: string, options: Pick<OpenKeyOptions, 'password'>): Promise<KeyPlace | null>
}

/**
 * Whether the backend can return the store of a URI.
 *
 * @example
 * ```ts
 * import { canLocate, type Backend } from '@sealwright/core'
 *
 * async function versions(backend: Backend, uri: string) {
 *   const place = canLocate(backend) ? await backend.locate(uri, {}) : null
 *   return place === null ? [] : place.store.list({ name: place.name })
 * }
 * ```
 */
export function canLocate(backend: Backend): backend is Backend & KeyLocator {
  return hasMethod(backend, 'locate')
}
