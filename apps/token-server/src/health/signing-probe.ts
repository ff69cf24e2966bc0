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

/** One use of the key. */
interface Use {
  /** Milliseconds since 1970. */
  readonly startedAt: number
  readonly result: Promise<SigningState>
  isRunning: boolean
}

/** Tests whether the key can sign by signing, at most every five seconds. */
export class SigningProbe {
  readonly #signer: () => Signer
  readonly #clock: () => Date
  #use: Use | null = null
  #last: SigningState | null = null

  /** @param signer throws if no key may sign now */
  constructor(signer: () => Signer, clock: () => Date) {
    this.#signer = signer
    this.#clock = clock
  }

  /** The last result, without waiting; null before the first. Begins the next use when it is due. */
  last(): SigningState | null {
    this.#refresh()
    return this.#last
  }

  /** A result of the last five seconds. Concurrent calls share it. It takes three seconds at most. */
  async current(): Promise<SigningState> {
    return this.#refresh().result
  }

  /** The last use while it runs or is fresh, otherwise a new one. */
  #refresh(): Use {
    const now = this.#clock().getTime()
    if (this.#use === null || (!this.#use.isRunning && !isFresh(now - this.#use.startedAt))) {
      this.#use = this.#begin(now)
    }
    return this.#use
  }

  #begin(startedAt: number): Use {
    const result = this.#sign().finally(() => (use.isRunning = false))
    const use: Use = { startedAt, result, isRunning: true }
    return use
  }

  async #sign(): Promise<SigningState> {
    this.#last = await signWith(this.#signer)
    return this.#last
  }
}

/** @param age negative after the clock was set back */
function isFresh(age: number): boolean {
  return age >= 0 && age < freshFor
}

async function signWith(signer: () => Signer): Promise<SigningState> {
  try {
    await signer().sign(probe, { signal: AbortSignal.timeout(deadline) })
    return { state: 'available', error: null }
  } catch (error) {
    return { state: 'unavailable', error }
  }
}
