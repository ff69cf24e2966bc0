import type { KeyObject, X509Certificate } from 'node:crypto'
import { hasMethod } from '../internal/arguments.ts'
import type { SignatureAlgorithm } from '../algorithms/table.ts'
import type { KeyTypeName } from '../algorithms/key-types.ts'
import type { Signer } from '../signing/signer.ts'
import type { Password } from './password.ts'

/** A key in a store, with its certificates and dates. */
export interface SigningKey {
  /** The name of the key in its store. All versions share it. */
  readonly name: string
  /** Identifies one version among those of the name. Opaque, and never reused. */
  readonly version: string
  /** Where the key is kept, such as a file's path or a vault's URL. For logs and pages; contains no secret. */
  readonly location: string
  /** The RFC 7638 thumbprint: the `kid` of its tokens. */
  readonly keyId: string
  /** The public key; it can be exported as JWK and SPKI. */
  readonly publicKey: KeyObject
  /** The algorithms that the key can sign with in this store, its default first. */
  readonly algorithms: readonly SignatureAlgorithm[]
  /** The certificate of this key first, then its issuers in order; empty for a bare key. */
  readonly certificates: readonly X509Certificate[]
  /** The key must not be used before this time; null for no limit. Usually the certificate's `notBefore`. */
  readonly notBefore: Date | null
  /** The key must not be used after this time; null for no limit. Usually the certificate's `notAfter`. */
  readonly notAfter: Date | null
  /**
   * Whether the store itself refuses to sign before {@link notBefore} and after {@link notAfter}, by its own clock, as Key Vault does.
   * A key ring then gives the clock of the store time to reach `notBefore`. false for a key in the memory of this process.
   */
  readonly enforcesValidity: boolean
  /** When the key came into the store; null if the store does not record it. */
  readonly createdAt: Date | null
  /** false while an administrator has disabled the key: the store then refuses to sign. */
  readonly enabled: boolean
  /**
   * A signer for one algorithm. All signers of the key have its `keyId`.
   *
   * @param algorithm a JOSE `alg` of {@link algorithms}; default: the first of them
   * @throws SealwrightError `UNSUPPORTED_ALGORITHM`; the message lists the algorithms that the key supports in this store
   */
  signer(algorithm?: string): Signer
}

/**
 * A place for private keys. `null` and an empty list mean proven absence. A key that cannot be read, decrypted or reached
 * is an error instead, so that a program does not create a second key because it cannot see the first.
 *
 * Everything else that a store can do is a capability with its own interface and type guard: {@link Pkcs12Importer},
 * {@link Pkcs12Exporter}, {@link KeyDeleter}, {@link KeyRotator}, {@link KeyDisabler}.
 */
export interface KeyStore {
  /** The location of the store, such as a folder's path or a vault's URL. For logs and pages; contains no secret. */
  readonly location: string
  /**
   * The key of that name: the newest enabled version, or the newest one if all are disabled.
   *
   * @returns null if it is proven absent
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
   * Creates a key and its self-signed certificate. If several callers create the same name at once, in one process or
   * several, exactly one succeeds.
   *
   * @throws SealwrightError `ALREADY_EXISTS` if the name is taken, and nothing is changed; `INVALID_ARGUMENT`,
   *   `UNSUPPORTED_KEY`; or as {@link get}
   */
  create(name: string, options?: CreateKeyOptions): Promise<SigningKey>
}

/** Which version of a key to get. */
export interface GetKeyOptions {
  /** Only this version. Default: the newest enabled one. */
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

/** Capability: imports a key from a PKCS#12 file (RFC 7292). */
export interface Pkcs12Importer {
  /**
   * Imports the private key of the file, which must be the only one, with its certificates. The name must be free, or
   * already have the same key.
   *
   * @param pkcs12 the file, DER or BER
   * @param password of the file, or a function that returns it; never kept or logged
   * @throws SealwrightError `ALREADY_EXISTS` when another key has that name; `WRONG_PASSWORD`, `INVALID_ENCODING`,
   *   `LIMIT_EXCEEDED`, `UNSUPPORTED_KEY`; or as {@link KeyStore.get}
   */
  importPkcs12(name: string, pkcs12: Uint8Array, password: Password): Promise<SigningKey>
}

/** Capability: exports a key as a PKCS#12 file. */
export interface Pkcs12Exporter {
  /**
   * Exports the key with its certificates as a PKCS#12 file.
   *
   * @param password of the new file, or a function that returns it
   * @returns DER
   * @throws SealwrightError `NOT_FOUND`; or as {@link KeyStore.get}
   */
  exportPkcs12(name: string, password: Password, options?: GetKeyOptions): Promise<Uint8Array>
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
   * Creates a new version of the key. It is a new key; if the newest version has a certificate, the new one has the same subject
   * and length of validity. The older versions stay and can still sign. The `createdAt` of the new version is later than theirs.
   *
   * @throws SealwrightError `NOT_FOUND`; `ALREADY_EXISTS` when another caller creates a version at the same time, or
   *   `options.after` is not the newest; or as {@link KeyStore.get}
   */
  rotate(name: string, options?: RotateKeyOptions): Promise<SigningKey>
}

/** Capability: disables versions of a key. */
export interface KeyDisabler {
  /**
   * Disables one version of a key. The store lists it with `enabled: false`, {@link KeyStore.get} skips it while another version is
   * enabled, and a key ring treats it as revoked. Its signers throw `ACCESS_DENIED`. If the key is in this process's memory, signers
   * that were created before may still sign. Disabling it again changes nothing.
   *
   * @param version as in {@link SigningKey.version}
   * @throws SealwrightError `NOT_FOUND`; or as {@link KeyStore.get}
   */
  disable(name: string, version: string): Promise<void>
}

/** Options of a rotation. */
export interface RotateKeyOptions {
  /**
   * The version that the new one follows. If it is no longer the newest, no version is created. So if several callers have seen
   * the same versions, only one of them creates the next. Default: the newest.
   */
  readonly after?: string | undefined
  /** Stops the operation; the promise rejects with its reason. */
  readonly signal?: AbortSignal | undefined
}

/**
 * Whether the store can import PKCS#12 files.
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
 * Whether the store can export private keys as PKCS#12 files.
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

/**
 * Whether the store can disable versions of a key.
 *
 * @example
 * ```ts
 * import { canDisable, type KeyStore } from '@sealwright/core'
 *
 * async function disable(store: KeyStore, version: string) {
 *   if (!canDisable(store)) throw new Error('the store cannot do that')
 *   await store.disable('my-app-auth', version)
 * }
 * ```
 */
export function canDisable(store: KeyStore): store is KeyStore & KeyDisabler {
  return hasMethod(store, 'disable')
}
