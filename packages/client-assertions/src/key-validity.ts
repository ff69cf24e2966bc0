import type { Signer, SigningKey } from '@sealwright/core'
import { invalidArgument } from '@sealwright/core/internal'

/** When a key may be used: within the dates of the key and within those of its certificate. */
export class KeyValidity {
  readonly #keyId: string
  readonly #subject: string
  readonly #notBefore: number
  readonly #notAfter: number

  constructor(key: SigningKey | Signer) {
    const [certificate] = 'certificates' in key ? key.certificates : []
    const dates = 'certificates' in key ? key : { notBefore: null, notAfter: null }
    this.#keyId = key.keyId
    this.#subject = certificate === undefined ? 'the key' : 'the certificate of the key'
    this.#notBefore = Math.max(
      dates.notBefore?.getTime() ?? -Infinity,
      certificate === undefined ? -Infinity : Date.parse(certificate.validFrom),
    )
    this.#notAfter = Math.min(
      dates.notAfter?.getTime() ?? Infinity,
      certificate === undefined ? Infinity : Date.parse(certificate.validTo),
    )
  }

  /** @throws SealwrightError `INVALID_ARGUMENT` when the key has expired or is not valid yet */
  assertAt(now: Date): void {
    const time = now.getTime()
    if (time < this.#notBefore) {
      throw invalidArgument(
        `${this.#subject} ${this.#keyId} is not valid before ${iso(this.#notBefore)}; use another key until then`,
      )
    }
    // The last second of its validity counts (RFC 5280 §4.1.2.5).
    if (time >= this.#notAfter + 1000) {
      throw invalidArgument(
        `${this.#subject} ${this.#keyId} expired at ${iso(this.#notAfter)}; renew it and register the new one`,
      )
    }
  }
}

function iso(time: number): string {
  return new Date(time).toISOString()
}
