import type { KeyObject, X509Certificate } from 'node:crypto'
import { hasMethod } from '../internal/arguments.ts'
import type { SignatureAlgorithm } from '../algorithms/table.ts'
import type { KeyTypeName } from '../algorithms/key-types.ts'
import type { Signer } from '../signing/signer.ts'

/** A key with its certificates and its place in time, as a store holds it. */
export interface SigningKey {
  /** What the store calls it. All its versions share the name. */
  readonly name: string
  /** The store's name for this one key of that name; opaque, never reused. */
  readonly version: string
  /** For people, in logs and on pages: where the key is kept, such as a file's path or a vault's URL. No secret. */
  readonly location: string
  /** The RFC 7638 thumbprint, which is the `kid` of what it signs. */
  readonly keyId: string
  /** The public key; it can be exported as JWK and SPKI. */
  readonly publicKey: KeyObject
  /** What it can sign with in this store, its default first. */
  readonly algorithms: readonly SignatureAlgorithm[]
  /** The certificate of this key first, then its issuers in order; empty for a bare key. */
  readonly certificates: readonly X509Certificate[]
  /** Not to be used before this time; null where nothing says. Usually the certificate's. */
  readonly notBefore: Date | null
  /** Not to be used after this time; null where nothing says. Usually the certificate's. */
  readonly notAfter: Date | null
  /** When the store got the key; null where it does not say. */
  readonly createdAt: Date | null
  /** false while an administrator has switched the key off: the store then refuses to sign. */
  readonly enabled: boolean
  /**
   * A signer for one algorithm, under the one `keyId`.
   *
   * @param algorithm a JOSE `alg` of {@link algorithms}; the first of them when left out
   * @throws SealwrightError `UNSUPPORTED_ALGORITHM`; the message says what the key can do here
   */
  signer(algorithm?: string): Signer
}

/**
 * Where private keys are kept. `null` and an empty list mean proven absence: whatever cannot be read, decrypted or
 * reached throws instead, so that nobody makes a second key because the first was out of sight.
 *
 * What a store can do beyond this is a capability with an interface and a guard of its own: {@link Pkcs12Importer},
 * {@link Pkcs12Exporter}, {@link KeyDeleter}, {@link KeyRotator}.
 */
export interface KeyStore {
  /** For people: which store this is, such as a folder's path or a vault's URL. */
  readonly location: string
  /**
   * The key of that name; of several versions the newest enabled one.
   *
   * @returns null when there is proven to be none
   * @throws SealwrightError `UNAVAILABLE`, `ACCESS_DENIED`, `UNSAFE_PERMISSIONS`, `WRONG_PASSWORD`, `INVALID_ENCODING`
   */
  get(name: string, options?: GetKeyOptions): Promise<SigningKey | null>
  /**
   * Every version of every key, or of the one named, newest first.
   *
   * @throws SealwrightError as {@link get}
   */
  list(options?: ListKeysOptions): Promise<readonly SigningKey[]>
  /**
   * Makes a key and its self-signed certificate. Of several callers at the same instant, in whatever processes, one
   * succeeds.
   *
   * @throws SealwrightError `ALREADY_EXISTS` when anything of that name is there, which stays as it was; `INVALID_ARGUMENT`,
   *   `UNSUPPORTED_KEY`; or as {@link get}
   */
  create(name: string, options?: CreateKeyOptions): Promise<SigningKey>
}

/** Which version of a key to get. */
export interface GetKeyOptions {
  /** That version and no other. */
  readonly version?: string | undefined
  /** Stops the operation; the promise rejects with its reason. */
  readonly signal?: AbortSignal | undefined
}

/** Which keys to list. */
export interface ListKeysOptions {
  /** Only the versions of the key with this name. Default: all keys. */
  readonly name?: string | undefined
  /** Stops the operation; the promise rejects with its reason. */
  readonly signal?: AbortSignal | undefined
}

/** Options for a key that is created. */
export interface CreateKeyOptions {
  /** Default `rsa-2048`. */
  readonly keyType?: KeyTypeName | undefined
  /** The certificate's subject as an RFC 4514 string. Default `CN=` and the key's name. */
  readonly subject?: string | undefined
  /** How long the certificate is valid, in days from now. Default 730. */
  readonly validityDays?: number | undefined
  /** Stops the operation; the promise rejects with its reason. */
  readonly signal?: AbortSignal | undefined
}

/** Capability: takes a key in from a PKCS#12 file (RFC 7292). */
export interface Pkcs12Importer {
  /**
   * Imports the one private key of the file with its certificates. The name is free in the store, or it already holds the
   * same key.
   *
   * @param pkcs12 the file, DER or BER
   * @param password as in the file; never kept or logged
   * @throws SealwrightError `ALREADY_EXISTS` when another key has that name; `WRONG_PASSWORD`, `INVALID_ENCODING`,
   *   `LIMIT_EXCEEDED`, `UNSUPPORTED_KEY`; or as {@link KeyStore.get}
   */
  importPkcs12(name: string, pkcs12: Uint8Array, password: string): Promise<SigningKey>
}

/** Capability: hands a key out as a PKCS#12 file. */
export interface Pkcs12Exporter {
  /**
   * Exports the key with its certificates as a PKCS#12 file.
   *
   * @param password that of the file to be made
   * @returns DER
   * @throws SealwrightError `NOT_FOUND`; or as {@link KeyStore.get}
   */
  exportPkcs12(name: string, password: string, options?: GetKeyOptions): Promise<Uint8Array>
}

/** Capability: removes keys. */
export interface KeyDeleter {
  /**
   * Removes every version of the key of that name.
   *
   * @throws SealwrightError `NOT_FOUND`; or as {@link KeyStore.get}
   */
  delete(name: string): Promise<void>
}

/** Capability: gives a key a new version. */
export interface KeyRotator {
  /**
   * Makes a new version of the key of that name: another key, with a certificate of the same subject and validity where
   * the newest version has one. The versions before it stay, and still sign.
   *
   * @throws SealwrightError `NOT_FOUND`; or as {@link KeyStore.get}
   */
  rotate(name: string, options?: RotateKeyOptions): Promise<SigningKey>
}

/** Options of a rotation. */
export interface RotateKeyOptions {
  /** Stops the operation; the promise rejects with its reason. */
  readonly signal?: AbortSignal | undefined
}

/**
 * Whether the store can take in PKCS#12 files.
 *
 * @example
 * ```ts
 * import { readFile } from 'node:fs/promises'
 * import { canImportPkcs12, type KeyStore } from '@sealwright/core'
 *
 * async function change(store: KeyStore) {
 *   if (!canImportPkcs12(store)) throw new Error('the store cannot do that')
 *   await store.importPkcs12('my-app-auth', await readFile('my-app-auth.pfx'), 'its password')
 * }
 * ```
 */
export function canImportPkcs12(store: KeyStore): store is KeyStore & Pkcs12Importer {
  return hasMethod(store, 'importPkcs12')
}

/**
 * Whether the store can hand out private keys as PKCS#12 files.
 *
 * @example
 * ```ts
 * import { canExportPkcs12, type KeyStore } from '@sealwright/core'
 *
 * async function change(store: KeyStore) {
 *   if (!canExportPkcs12(store)) throw new Error('the store cannot do that')
 *   return store.exportPkcs12('my-app-auth', 'a long password')
 * }
 * ```
 */
export function canExportPkcs12(store: KeyStore): store is KeyStore & Pkcs12Exporter {
  return hasMethod(store, 'exportPkcs12')
}

/**
 * Whether the store can delete keys.
 *
 * @example
 * ```ts
 * import { canDelete, type KeyStore } from '@sealwright/core'
 *
 * async function change(store: KeyStore) {
 *   if (!canDelete(store)) throw new Error('the store cannot do that')
 *   await store.delete('my-app-auth')
 * }
 * ```
 */
export function canDelete(store: KeyStore): store is KeyStore & KeyDeleter {
  return hasMethod(store, 'delete')
}

/**
 * Whether the store can give a key a new version.
 *
 * @example
 * ```ts
 * import { canRotate, type KeyStore } from '@sealwright/core'
 *
 * async function change(store: KeyStore) {
 *   if (!canRotate(store)) throw new Error('the store cannot do that')
 *   await store.rotate('my-app-auth')
 * }
 * ```
 */
export function canRotate(store: KeyStore): store is KeyStore & KeyRotator {
  return hasMethod(store, 'rotate')
}
