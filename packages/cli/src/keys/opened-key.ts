import type { KeyObject, X509Certificate } from 'node:crypto'
import type { SignatureAlgorithm, Signer } from '@sealwright/core'

/** A key that a command was given, whether it is in a file, a store or a vault. */
export interface OpenedKey {
  /** For messages: the path or the URI. */
  readonly location: string
  /** Its name in its store, or the friendly name in its file; null where it has none. */
  readonly name: string | null
  /** The `kid`. */
  readonly keyId: string
  readonly publicKey: KeyObject
  readonly algorithms: readonly SignatureAlgorithm[]
  /** Its own first, then its issuers; empty for a bare key. */
  readonly certificates: readonly X509Certificate[]
  signer(algorithm?: string): Signer
  /**
   * The private key itself.
   *
   * @throws SealwrightError `UNSUPPORTED_OPERATION` for a key in a vault
   */
  privateKey(): Promise<KeyObject>
}
