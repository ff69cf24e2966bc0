import type { Signer } from '@sealwright/core'

/** The minimum milliseconds between two uses of the key. */
const freshFor = 5000

/** Milliseconds that the key may take. */
const deadline = 3000

/** Bytes that cannot be a token, a certificate or a certificate request. */
const probe = new TextEncoder().encode('readiness probe')

/** The result of the last use of the key. */
export interface SigningState {
  readonly state: 'available' | 'unavailable'
  /** Why the key could not sign; null if it could. */
  readonly error: unknown
}

/** Tests whether the key can sign by signing, at most every five seconds. */
export class SigningProbe {
  readonly #signer: () => Signer
  readonly #clock: () => Date
  #last: SigningState | null = null
  #running: Promise<SigningState> | null = null
  #startedAt = Number.NEGATIVE_INFINITY

  /** @param signer throws if no key may sign now */
  constructor(signer: () => Signer, clock: () => Date) {
    this.#signer = signer
    this.#clock = clock
  }

  /** The last result, without waiting; null before the first. Begins the next use when it is due. */
  last(): SigningState | null {
    void this.#refresh()
    return this.#last
  }

  /** A result of the last five seconds. Concurrent calls share it. It takes three seconds at most. */
  async current(): Promise<SigningState> {
    return this.#refresh() ?? this.#last ?? this.#use()
  }

  /** null if the last result is fresh. */
  #refresh(): Promise<SigningState> | null {
    const now = this.#clock().getTime()
    const isFresh = now - this.#startedAt < freshFor && now >= this.#startedAt
    if (this.#running === null && !isFresh) {
      this.#startedAt = now
      this.#running = this.#use().finally(() => {
        this.#running = null
      })
    }
    return this.#running
  }

  async #use(): Promise<SigningState> {
    this.#last = await signWith(this.#signer)
    return this.#last
  }
}

async function signWith(signer: () => Signer): Promise<SigningState> {
  try {
    await signer().sign(probe, { signal: AbortSignal.timeout(deadline) })
    return { state: 'available', error: null }
  } catch (error) {
    return { state: 'unavailable', error }
  }
}
