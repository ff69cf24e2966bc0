import type { KeyObject, X509Certificate } from 'node:crypto'
import type { SubjectAlternativeNames } from '@azure/keyvault-certificates'
import type { KeyTypeName, SigningKey, Signer } from '@sealwright/core'
import type { ListedVersion, NewestVersion } from './listed-version.ts'

/** Signs a certificate instead of its own key. */
export interface CertificateIssuer {
  /** A key of any store, of a vault too. */
  readonly signer: Signer
  /** The certificate of the signer's key first, then its own issuers. The root is not needed. */
  readonly certificates: readonly X509Certificate[]
}

/** A key to make. All members have been checked. */
export interface NewKey {
  readonly keyType: KeyTypeName
  /** Whether the vault keeps it in a hardware module. */
  readonly hardware: boolean
  /** A distinguished name (RFC 4514). */
  readonly subject: string
  readonly validityDays: number
  /** Its alternative names; null for none. */
  readonly names: SubjectAlternativeNames | null
  /** null for a certificate that its own key signs. */
  readonly issuer: CertificateIssuer | null
}

/** A private key that was generated elsewhere. */
export interface ImportedKey {
  readonly privateKey: KeyObject
  /** Its own certificate first. */
  readonly certificates: readonly X509Certificate[]
  /** Whether the vault keeps it in a hardware module. */
  readonly hardware: boolean
}

/** How a caller ends an operation. */
export interface Abortable {
  readonly signal: AbortSignal | undefined
}

/** Which version to read. */
export interface FindOptions extends Abortable {
  /** null for the newest. */
  readonly version: string | null
  /** Whether it was made a moment ago, so that some parts of the service may not have it yet. Default false. */
  readonly isNew?: boolean | undefined
}

/**
 * One of a vault's two collections of signing keys. The store decides which version counts and which of several creators wins.
 * A collection knows how its kind of object is read and made.
 */
export interface Collection {
  readonly kind: 'certificates' | 'keys'
  /**
   * Reads one version.
   *
   * @returns null when the vault reports that it does not exist, `pending` while the vault is still making it
   */
  find(name: string, options: FindOptions): Promise<SigningKey | 'pending' | null>
  /** The newest version in any state; null when the vault reports that it does not exist. */
  newest(name: string, options: Abortable): Promise<NewestVersion | null>
  /** The names of everything in the collection. */
  names(options: Abortable): Promise<readonly string[]>
  /** The versions of a name, in any order; empty if it has none. */
  versions(name: string, options: Abortable): Promise<readonly ListedVersion[]>
  /** Creates a version, even if others exist, and resolves with its id when it is ready. */
  create(name: string, key: NewKey, options: Abortable): Promise<string>
  /** Creates a version like the newest, with a new key, and resolves with its id when it is ready. */
  rotate(name: string, options: Abortable & { readonly issuer: CertificateIssuer | null }): Promise<string>
  /** Adds a key so that it cannot be read from the vault, and resolves with the id of its version. */
  import(name: string, key: ImportedKey): Promise<string>
  /** Disables one version. */
  disable(name: string, version: string): Promise<void>
  /** Deletes all versions. */
  delete(name: string): Promise<void>
  /** Starts to recover a deleted object with all its versions. */
  recover(name: string, options: Abortable): Promise<void>
}
