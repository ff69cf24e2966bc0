import type { KeyObject, X509Certificate } from 'node:crypto'
import type { KeyTypeName, SigningKey, Signer } from '@sealwright/core'
import type { VersionRecord } from './records.ts'

type Signal = AbortSignal | undefined

/** Who signs a certificate instead of its own key. */
export interface CertificateIssuer {
  /** A key of any store, of a vault too. */
  readonly signer: Signer
  /** The issuer's certificate first, which is that of the signer's key, then its own issuers, the root not needed. */
  readonly certificates: readonly X509Certificate[]
}

/** A key to be made; everything in it has been checked. */
export interface NewKey {
  readonly keyType: KeyTypeName
  /** Whether the vault keeps it in a hardware module. */
  readonly hardware: boolean
  /** RFC 4514 */
  readonly subject: string
  readonly validityDays: number
  /** null for a certificate that is signed by its own key. */
  readonly issuer: CertificateIssuer | null
}

/**
 * One of a vault's two collections that a signing key can be in. The store has the rules (which version counts, who won
 * a race), and a collection knows how its kind of object is read and made.
 */
export interface Collection {
  readonly kind: 'certificates' | 'keys'
  /**
   * @param version null for the newest
   * @returns null when the vault says there is none, `pending` while the vault is still making it
   */
  find(name: string, version: string | null, signal: Signal): Promise<SigningKey | 'pending' | null>
  names(signal: Signal): Promise<readonly string[]>
  /** In no order; empty when there is none of that name. */
  versions(name: string, signal: Signal): Promise<readonly VersionRecord[]>
  /** Makes a version, be there others or not, and resolves with its id when it is ready. */
  create(name: string, key: NewKey, signal: Signal): Promise<string>
  /** Makes a version like the newest, with a key of its own, and resolves with its id when it is ready. */
  rotate(name: string, issuer: CertificateIssuer | null, signal: Signal): Promise<string>
  /** Adds a private key that was made elsewhere, so that it cannot be read from the vault, and resolves with its id. */
  import(
    name: string,
    privateKey: KeyObject,
    certificates: readonly X509Certificate[],
    hardware: boolean,
    signal: Signal,
  ): Promise<string>
  disable(name: string, version: string, signal: Signal): Promise<void>
  delete(name: string, signal: Signal): Promise<void>
}
