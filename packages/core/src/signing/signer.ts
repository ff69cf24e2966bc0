import type { KeyObject } from 'node:crypto'
import type { SignatureAlgorithm } from '../algorithms/table.ts'
import { hasMethod } from '../internal/arguments.ts'

/**
 * One private key with one algorithm. The key signs through this interface and cannot be read through it: it may be a
 * key in memory or one that never leaves a vault.
 */
export interface Signer {
  /** The resolved row of the algorithm table; it comes from the key. */
  readonly algorithm: SignatureAlgorithm
  /** The RFC 7638 thumbprint of the key (see `jwkThumbprint`): the same key has the same `kid` in every backend. */
  readonly keyId: string
  /** The public half; exportable as JWK and as SPKI. */
  readonly publicKey: KeyObject
  /**
   * Signs `data` as it is: hashing is part of the algorithm and done here.
   *
   * @param data the JWS Signing Input (RFC 7515 §5.1), or the DER of what a certificate signs
   * @param options.signal aborts the wait and, where there is one, the request; the promise rejects with its reason
   * @returns the signature as JWS has it: R‖S for ECDSA (RFC 7518 §3.4)
   * @throws SealwrightError `UNAVAILABLE`, `TIMEOUT` or `ACCESS_DENIED` where the key is remote, `INVALID_SIGNATURE`
   *   where what a remote signer returned does not verify, `UNSUPPORTED_KEY` where OpenSSL cannot sign with a local key
   */
  sign(data: Uint8Array, options?: SignOptions): Promise<Uint8Array>
}

/** Options of a signature. */
export interface SignOptions {
  /** Stops the operation; the promise rejects with its reason. */
  readonly signal?: AbortSignal | undefined
}

/** The capability of a key in this process's memory: signing without a promise. It blocks for the signature's time. */
export interface SyncSigner extends Signer {
  /** As {@link Signer.sign}, synchronously. The bytes of `data` are the caller's again once it returns. */
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
