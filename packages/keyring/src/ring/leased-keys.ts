import type { SignatureAlgorithm, SigningKey } from '@sealwright/core'
import type { RingKey } from '../keys/ring-keys.ts'
import { Lease, leasedKey, type Span } from './ring-signer.ts'

/** The keys that a ring hands out. Their signers ask the ring before they sign. */
export class LeasedKeys {
  readonly #now: () => number
  readonly #permit: (keyId: string, algorithm: string | null) => Span
  readonly #keys = new Map<string, SigningKey>()
  /**
   * One for each algorithm and `kid`, never removed: a caller may keep a signer when its certificate has been renewed or its
   * key is gone from the store for a while.
   */
  readonly #leases = new Map<string, Lease>()

  /** @param permit throws when the key may not sign now */
  constructor(now: () => number, permit: (keyId: string, algorithm: string | null) => Span) {
    this.#now = now
    this.#permit = permit
  }

  /** The same object for a key as long as its facts are the same, so that what was made for it can be kept. */
  get({ key }: RingKey, algorithm: string | null): SigningKey {
    const { keyId } = key
    const id = `${algorithm ?? ''} ${keyId}`
    const known = this.#keys.get(id)
    if (known !== undefined && isSame(known, key)) return known
    const lease = this.#leases.get(id) ?? new Lease(this.#now, () => this.#permit(keyId, algorithm))
    this.#leases.set(id, lease)
    const leased = leasedKey(key, publishedAlgorithm(key, algorithm), lease)
    this.#keys.set(id, leased)
    return leased
  }

  /** Something may have changed: every signer asks again. */
  recall(keys: readonly RingKey[]): void {
    for (const lease of this.#leases.values()) lease.recall()
    const present = new Set(keys.map(({ key }) => key.keyId))
    for (const [id, { keyId }] of this.#keys) if (!present.has(keyId)) this.#keys.delete(id)
  }
}

/** Whether two readings say the same of a key. A store can renew its certificate or change its times. */
function isSame(a: SigningKey, b: SigningKey): boolean {
  return (
    a.version === b.version &&
    a.location === b.location &&
    a.notBefore?.getTime() === b.notBefore?.getTime() &&
    a.notAfter?.getTime() === b.notAfter?.getTime() &&
    a.createdAt?.getTime() === b.createdAt?.getTime() &&
    a.certificates.length === b.certificates.length &&
    a.certificates.every(({ raw }, at) => b.certificates[at]?.raw.equals(raw))
  )
}

/** What the JWK Set says the key signs; null stands for the default of the key. */
function publishedAlgorithm({ algorithms }: SigningKey, name: string | null): readonly SignatureAlgorithm[] {
  return name === null ? algorithms.slice(0, 1) : algorithms.filter((each) => each.name === name)
}
