import type { KeyObject } from 'node:crypto'
import type { SignatureAlgorithm } from '../algorithms/table.ts'
import { hasMethod } from '../internal/arguments.ts'

/**
 * Signs with one private key and one algorithm. The key itself cannot be read through this interface: it may be in memory, or
 * in a vault that it never leaves.
 */
export interface Signer {
  /** The resolved row of the algorithm table; it comes from the key. */
  readonly algorithm: SignatureAlgorithm
  /** The RFC 7638 thumbprint of the key (see `jwkThumbprint`): the same key has the same `kid` in every backend. */
  readonly keyId: string
  /** The public key; it can be exported as JWK and SPKI. */
  readonly publicKey: KeyObject
  /**
   * Signs `data`. Pass it unhashed: hashing is part of the algorithm.
   *
   * @param data the JWS Signing Input (RFC 7515 §5.1), or the DER of what a certificate signs
   * @param options.signal Aborts the operation; the promise rejects with `signal.reason`
   * @returns the signature in the format of JWS: R‖S for ECDSA (RFC 7518 §3.4)
   * @throws SealwrightError `UNAVAILABLE`, `TIMEOUT` or `ACCESS_DENIED` for a remote key; `INVALID_SIGNATURE` if the signature of
   *   a remote key does not verify; `UNSUPPORTED_KEY` if OpenSSL cannot sign with a local key
   */
  sign(data: Uint8Array, options?: SignOptions): Promise<Uint8Array>
}

/** Options of a signature. */
export interface SignOptions {
  /** Stops the operation; the promise rejects with its reason. */
  readonly signal?: AbortSignal | undefined
}

/** A signer whose key is in this process's memory. It can also sign synchronously. */
export interface SyncSigner extends Signer {
  /** As {@link Signer.sign}, synchronously: the event loop is blocked meanwhile. The caller may change `data` once it returns. */
  signSync(data: Uint8Array): Uint8Array
}

/**
 * Whether the signer can sign synchronously.
 *
 * @example
 * ```ts
 * import { isSyncSigner, type Signer } from '@sealwright/core'
 *
 * async function sign(signer: Signer, data: Uint8Array) {
 *   return isSyncSigner(signer) ? signer.signSync(data) : signer.sign(data)
 * }
 * ```
 */
export function isSyncSigner(signer: Signer): signer is SyncSigner {
  return hasMethod(signer, 'signSync')
}
