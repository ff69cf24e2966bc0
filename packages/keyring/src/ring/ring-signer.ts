import type { KeyObject } from 'node:crypto'
import {
  isSyncSigner,
  SealwrightError,
  type SignatureAlgorithm,
  type Signer,
  type SigningKey,
  type SignOptions,
  type SyncSigner,
} from '@sealwright/core'
import {
  isTokenSignerSource,
  tokenSigner,
  type TokenSigner,
  type TokenSignerSource,
} from '@sealwright/core/internal'

/** A span of the clock's time, in milliseconds since 1970: from `from` on and before `until`. */
export interface Span {
  readonly from: number
  readonly until: number
}

/**
 * The permission to sign with one key. Asking costs one look at the clock and two comparisons; the ring decides anew when
 * something may have changed.
 */
export class Lease {
  readonly #now: () => number
  readonly #renew: () => Span
  #from = Infinity
  #until = -Infinity

  /** @param renew throws when the key may not sign now */
  constructor(now: () => number, renew: () => Span) {
    this.#now = now
    this.#renew = renew
  }

  /** @throws SealwrightError `UNAVAILABLE` when the key may not sign now */
  check(): void {
    const now = this.#now()
    if (now >= this.#from && now < this.#until) return
    const { from, until } = this.#renew()
    this.#from = from
    this.#until = until
  }

  recall(): void {
    this.#until = -Infinity
  }
}

/**
 * The key with signers that ask the lease first.
 *
 * @param algorithms those of the key that the JWK Set has it for, the default first
 */
export function leasedKey(
  key: SigningKey,
  algorithms: readonly SignatureAlgorithm[],
  lease: Lease,
): SigningKey {
  const signers = new Map<string, Signer>()
  const { name, version, location, keyId, publicKey, certificates } = key
  const { notBefore, notAfter, createdAt, enabled } = key
  return {
    name,
    version,
    location,
    keyId,
    publicKey,
    algorithms,
    certificates,
    notBefore,
    notAfter,
    createdAt,
    enabled,
    signer(asked?: string): Signer {
      const chosen = asked ?? algorithms[0]?.name ?? ''
      // Verifiers refuse a token whose `alg` is not that of its JWK (RFC 7517 §4.4).
      if (!algorithms.some((each) => each.name === chosen)) throw notPublished(key, algorithms)
      let signer = signers.get(chosen)
      if (signer === undefined) {
        const plain = key.signer(chosen)
        signer = isSyncSigner(plain) ? new LeasedSyncSigner(plain, lease) : new LeasedSigner(plain, lease)
        signers.set(chosen, signer)
      }
      return signer
    },
  }
}

function notPublished({ keyId }: SigningKey, algorithms: readonly SignatureAlgorithm[]): SealwrightError {
  const names = algorithms.map(({ name }) => name).join(', ')
  return new SealwrightError(
    'UNSUPPORTED_ALGORITHM',
    `the JWK Set publishes the key ${keyId} for ${names} only; open the key ring with the other algorithm in \`algorithms\` ` +
      'and ask it for that key',
  )
}

class LeasedSigner implements Signer, TokenSignerSource {
  readonly algorithm: SignatureAlgorithm
  readonly keyId: string
  readonly publicKey: KeyObject
  readonly #signer: Signer
  readonly #lease: Lease

  constructor(signer: Signer, lease: Lease) {
    this.algorithm = signer.algorithm
    this.keyId = signer.keyId
    this.publicKey = signer.publicKey
    this.#signer = signer
    this.#lease = lease
  }

  /** Not async: a further promise for each signature would cost more than the look at the lease. */
  sign(data: Uint8Array, options?: SignOptions): Promise<Uint8Array> {
    try {
      this.#lease.check()
    } catch (error) {
      return Promise.reject(error)
    }
    return this.#signer.sign(data, options)
  }

  [tokenSigner](): TokenSigner | null {
    this.#lease.check()
    return isTokenSignerSource(this.#signer) ? this.#signer[tokenSigner]() : null
  }
}

class LeasedSyncSigner extends LeasedSigner implements SyncSigner {
  readonly #syncSigner: SyncSigner
  readonly #syncLease: Lease

  constructor(signer: SyncSigner, lease: Lease) {
    super(signer, lease)
    this.#syncSigner = signer
    this.#syncLease = lease
  }

  signSync(data: Uint8Array): Uint8Array {
    this.#syncLease.check()
    return this.#syncSigner.signSync(data)
  }
}
