import { SealwrightError, type SignatureAlgorithm, type Signer, type SigningKey } from '@sealwright/core'
import {
  isTokenSignerSource,
  tokenSigner,
  type TokenSignerSource,
  wrapKey,
  wrapSigner,
} from '@sealwright/core/internal'

/** A span of the clock's time, in milliseconds since 1970: from `from` on and before `until`. */
export interface Span {
  readonly from: number
  readonly until: number
}

/**
 * The permission to sign with one key. A check costs one read of the clock and two comparisons; the ring decides
 * again when something may have changed.
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
  return wrapKey(
    key,
    (asked) => {
      const chosen = algorithms.find(({ name }) => asked === undefined || name === asked)
      // Verifiers refuse a token whose `alg` is not that of its JWK (RFC 7517 §4.4).
      if (chosen === undefined) throw notPublished(key, algorithms)
      const signer = signers.get(chosen.name) ?? leasedSigner(key.signer(chosen.name), lease)
      signers.set(chosen.name, signer)
      return signer
    },
    algorithms,
  )
}

function notPublished({ keyId }: SigningKey, algorithms: readonly SignatureAlgorithm[]): SealwrightError {
  const names = algorithms.map(({ name }) => name).join(', ')
  return new SealwrightError(
    'UNSUPPORTED_ALGORITHM',
    `the JWK Set publishes the key ${keyId} for ${names} only; add the other algorithm to \`algorithms\` of the key ring ` +
      'and get its signer for that algorithm',
  )
}

/** Not an async function: another promise for each signature would cost more than the check of the lease. */
function leasedSigner(signer: Signer, lease: Lease): Signer & TokenSignerSource {
  return {
    ...wrapSigner(signer, {
      sign(data, options) {
        try {
          lease.check()
        } catch (error) {
          return Promise.reject(error)
        }
        return signer.sign(data, options)
      },
      signSync: (sync) => (data) => {
        lease.check()
        return sync.signSync(data)
      },
    }),
    [tokenSigner]() {
      lease.check()
      return isTokenSignerSource(signer) ? signer[tokenSigner]() : null
    },
  }
}
