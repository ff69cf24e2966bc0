import { SealwrightError } from '@sealwright/core'
import { backoff } from './backoff.ts'
import { CircuitBreaker, type Admission } from './circuit-breaker.ts'
import { readFailure, toSealwrightError, type Failure, type Purpose } from './errors.ts'
import { QuotaBudget } from './quota-budget.ts'
import { RequestQueue } from './request-queue.ts'
import { reasonOf, sleep, untilAborted } from './timing.ts'

/** How requests to one vault are paced and given up. Times are milliseconds. */
export interface RequestLimits {
  readonly maxInFlight: number
  readonly maxQueued: number
  readonly quota: number
  readonly failuresToOpen: number
  readonly failingFor: number
  readonly coolDown: number
}

/** One thing to ask of a vault, however many requests it takes. */
export interface VaultRequest extends Purpose {
  /** What each attempt costs of the vault's quota. */
  readonly cost: number
  /** Milliseconds for all of it: the wait for a turn, every attempt, the waits between them. */
  readonly deadline: number
  /** Whether asking twice does no more than asking once; otherwise it is repeated only when nothing was done. */
  readonly isIdempotent: boolean
  readonly signal?: AbortSignal | undefined
}

/**
 * All traffic to one vault passes here: in order, within its quota, so many at a time, repeated while that makes sense,
 * given up at the deadline, and not even begun while the vault is known to be out of order.
 */
export class VaultRequests {
  readonly #budget: QuotaBudget
  readonly #queue: RequestQueue
  readonly #breaker: CircuitBreaker
  /** Why the breaker is open, for those who are turned away. */
  #lastOutage = ''

  constructor(limits: RequestLimits) {
    this.#budget = new QuotaBudget(limits.quota)
    this.#queue = new RequestQueue(this.#budget, limits)
    this.#breaker = new CircuitBreaker({
      failures: limits.failuresToOpen,
      failingFor: limits.failingFor,
      coolDown: limits.coolDown,
    })
  }

  /**
   * @param send sends the request once; the signal ends it, down to its socket
   * @returns what `send` resolves with
   * @throws SealwrightError `TIMEOUT` at the deadline, `UNAVAILABLE`, or what the service's answer means; the reason of
   *   the caller's signal when that aborts
   */
  async run<T>(request: VaultRequest, send: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const deadlineAt = performance.now() + request.deadline
    const ending = new AbortController()
    const timer = setTimeout(() => ending.abort(this.#deadlinePassed(request)), request.deadline)
    const abort = (): void => ending.abort(request.signal?.reason)
    request.signal?.addEventListener('abort', abort, { once: true })
    try {
      request.signal?.throwIfAborted()
      let lastFailure: Failure | null = null
      for (let attempt = 0; ; attempt++) {
        const admission = this.#admit(request, deadlineAt, lastFailure)
        // eslint-disable-next-line no-await-in-loop -- one attempt after the other is the point
        const outcome = await this.#attempt(request, send, ending.signal, admission, attempt)
        if (!('failure' in outcome)) return outcome.result
        const { failure, wait } = outcome
        const mayRepeat = failure.isTransient && (request.isIdempotent || failure.wasNotCarriedOut)
        if (!mayRepeat || performance.now() + wait > deadlineAt) {
          // Only what may go away by itself is worth asking for again.
          throw toSealwrightError({ ...failure, retryAfter: failure.isTransient ? wait : null }, request)
        }
        lastFailure = failure
        // eslint-disable-next-line no-await-in-loop
        await sleep(wait, ending.signal)
      }
    } finally {
      clearTimeout(timer)
      request.signal?.removeEventListener('abort', abort)
    }
  }

  /** @param lastFailure that of the attempt before; null for the first */
  #admit(request: VaultRequest, deadlineAt: number, lastFailure: Failure | null): Admission {
    const now = performance.now()
    const paused = this.#budget.pausedFor(now)
    if (now + paused > deadlineAt) {
      throw notTried(request, 'the vault throttles and asked to be left alone for longer', paused)
    }
    const admission = this.#breaker.acquire(now)
    if (typeof admission !== 'number') return admission
    if (lastFailure !== null) throw toSealwrightError({ ...lastFailure, retryAfter: admission }, request)
    throw notTried(request, `the vault is out of order: ${this.#lastOutage}`, admission)
  }

  async #attempt<T>(
    request: VaultRequest,
    send: (signal: AbortSignal) => Promise<T>,
    signal: AbortSignal,
    admission: Admission,
    attempt: number,
  ): Promise<{ readonly result: T } | { readonly failure: Failure; readonly wait: number }> {
    let leave: (() => void) | undefined
    try {
      leave = await this.#queue.enter(request.cost, signal)
      if (signal.aborted) throw reasonOf(signal)
      const result = await untilAborted(send(signal), signal)
      admission.succeeded()
      return { result }
    } catch (error) {
      // Never sent, or ended by the caller: that says nothing about the vault.
      if (leave === undefined || request.signal?.aborted === true) {
        admission.abandoned()
        throw error
      }
      if (signal.aborted) {
        this.#lastOutage = 'it did not answer in time'
        admission.failed(performance.now())
        throw error
      }
      const failure = readFailure(error)
      if (failure.isOutage) {
        this.#lastOutage = failure.message
        admission.failed(performance.now())
      } else {
        admission.succeeded()
      }
      const wait = failure.retryAfter ?? backoff(attempt)
      // Before the place in the queue is given to the next, who is meant as well.
      if (failure.status === 429) this.#budget.pauseUntil(performance.now() + wait)
      return { failure, wait }
    } finally {
      leave?.()
    }
  }

  #deadlinePassed(request: VaultRequest): SealwrightError {
    const retryAfter = Math.max(1, Math.ceil(this.#budget.pausedFor(performance.now()) / 1_000))
    return new SealwrightError(
      'TIMEOUT',
      `${request.permission} of ${request.object} in ${request.vaultUrl} took longer than ${request.deadline} ms`,
      { retryAfter },
    )
  }
}

function notTried(request: VaultRequest, why: string, wait: number): SealwrightError {
  return new SealwrightError(
    'UNAVAILABLE',
    `${request.permission} of ${request.object} in ${request.vaultUrl} was not tried: ${why}`,
    { retryAfter: Math.max(1, Math.ceil(wait / 1_000)) },
  )
}
