import { SealwrightError, untilAborted } from '@sealwright/core'
import { sleep } from '../sleep.ts'
import { backoff } from './backoff.ts'
import { CircuitBreaker, type Admission } from './circuit-breaker.ts'
import { readFailure, toSealwrightError, type Failure, type Purpose } from '../errors/failure.ts'
import { creationQuota, QuotaBudget } from './quota-budget.ts'
import { RequestQueue } from './request-queue.ts'
import { RoundTrip } from './round-trip.ts'

/** How requests to one vault are paced and given up. Times are milliseconds. */
export interface RequestLimits {
  /** For one attempt: a vault that has not answered by then is taken to be silent. */
  readonly attemptTimeout: number
  readonly maxInFlight: number
  readonly maxQueued: number
  readonly quota: number
  readonly failuresToOpen: number
  readonly failingFor: number
  readonly coolDown: number
}

/** One thing to ask of a vault, however many requests it takes. */
export interface VaultRequest extends Purpose {
  /** Whether it makes a key or certificate, for which there is a quota apart. Default no. */
  readonly isCreation?: boolean | undefined
  /** What each attempt costs of the quota it is under. */
  readonly cost: number
  /** Milliseconds for all of it: the wait for a turn, every attempt, the waits between them. */
  readonly deadline: number
  /** Whether asking twice does no more than asking once; otherwise it is repeated only when nothing was done. */
  readonly isIdempotent: boolean
  readonly signal?: AbortSignal | undefined
}

/** What the requests under one quota share. */
interface Lane {
  readonly budget: QuotaBudget
  readonly roundTrip: RoundTrip
  readonly queue: RequestQueue
}

interface FailedAttempt {
  readonly failure: Failure
  /** Milliseconds until the next, if there is to be one. */
  readonly wait: number
}

type Outcome<T> = { readonly result: T } | FailedAttempt

/** What an attempt needs to know of the whole. */
interface Run {
  readonly request: VaultRequest
  readonly lane: Lane
  /** By `performance.now()`. */
  readonly deadlineAt: number
  /** Aborts at the deadline, and when the caller's does. */
  readonly signal: AbortSignal
}

/**
 * All traffic to one vault passes here: in order, within its quotas, so many at a time, repeated while that makes sense,
 * given up at the deadline, and not even begun while the vault is known to be out of order.
 */
export class VaultRequests {
  readonly #attemptTimeout: number
  readonly #transactions: Lane
  readonly #creations: Lane
  readonly #breaker: CircuitBreaker
  /** Why the breaker is open, for those who are turned away. */
  #lastOutage = ''

  constructor(limits: RequestLimits) {
    this.#attemptTimeout = limits.attemptTimeout
    this.#transactions = newLane(limits.quota, limits)
    this.#creations = newLane(creationQuota(limits.quota), limits)
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
    const ending = new AbortController()
    const run: Run = {
      request,
      lane: request.isCreation === true ? this.#creations : this.#transactions,
      deadlineAt: performance.now() + request.deadline,
      signal: ending.signal,
    }
    const timer = setTimeout(() => ending.abort(deadlinePassed(run)), request.deadline)
    const abort = (): void => ending.abort(request.signal?.reason)
    request.signal?.addEventListener('abort', abort, { once: true })
    try {
      request.signal?.throwIfAborted()
      let lastFailure: Failure | null = null
      for (let attempt = 0; ; attempt++) {
        // eslint-disable-next-line no-await-in-loop -- one attempt after the other is the point
        const outcome: Outcome<T> = await this.#attempt(run, send, attempt, lastFailure)
        if (!('failure' in outcome)) return outcome.result
        const { failure, wait }: FailedAttempt = outcome
        const mayRepeat = failure.isTransient && (request.isIdempotent || failure.wasNotCarriedOut)
        if (!mayRepeat || performance.now() + wait > run.deadlineAt) {
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
  async #attempt<T>(
    run: Run,
    send: (signal: AbortSignal) => Promise<T>,
    attempt: number,
    lastFailure: Failure | null,
  ): Promise<Outcome<T>> {
    const { request, lane, deadlineAt, signal } = run
    const paused = lane.budget.pausedFor(performance.now())
    if (paused > 0 && performance.now() + paused > deadlineAt) {
      throw notTried(request, 'the vault throttles and asked to be left alone for longer', paused)
    }
    const openFor = this.#breaker.openFor(performance.now())
    if (openFor > 0) throw this.#outOfOrder(request, openFor, lastFailure)
    const leave = await lane.queue.enter(request.cost, deadlineAt, signal)
    try {
      signal.throwIfAborted()
      // Asked again: it may have opened while this one waited for its turn.
      const admission = this.#breaker.acquire(performance.now())
      if (typeof admission === 'number') throw this.#outOfOrder(request, admission, lastFailure)
      return await this.#send(run, send, attempt, admission)
    } finally {
      leave()
    }
  }

  async #send<T>(
    { request, lane, signal }: Run,
    send: (signal: AbortSignal) => Promise<T>,
    attempt: number,
    admission: Admission,
  ): Promise<Outcome<T>> {
    const sentAt = performance.now()
    try {
      const result = await untilAborted(send(signal), signal)
      admission.succeeded()
      lane.roundTrip.answered(performance.now() - sentAt)
      return { result }
    } catch (error) {
      const now = performance.now()
      // Ended by the caller: that says nothing about the vault.
      if (request.signal?.aborted === true) {
        admission.abandoned()
        throw error
      }
      if (signal.aborted) {
        lane.roundTrip.outlasted(now - sentAt)
        // Who was sent shortly before its deadline has not waited long enough to say that the vault is silent. Timers may
        // fire a little early.
        if (now - sentAt >= 0.9 * Math.min(this.#attemptTimeout, request.deadline)) {
          this.#lastOutage = 'it did not answer in time'
          admission.failed(now)
        } else {
          admission.abandoned()
        }
        throw error
      }
      const failure = readFailure(error)
      if (failure.status !== null) lane.roundTrip.answered(now - sentAt)
      if (failure.isOutage) {
        this.#lastOutage = failure.message
        admission.failed(now)
      } else {
        admission.succeeded()
      }
      const wait = failure.retryAfter ?? backoff(attempt)
      // Before the place in the queue is given to the next, who is meant as well.
      if (failure.status === 429) lane.budget.pauseUntil(now + wait)
      return { failure, wait }
    }
  }

  #outOfOrder(request: VaultRequest, wait: number, lastFailure: Failure | null): SealwrightError {
    if (lastFailure !== null) return toSealwrightError({ ...lastFailure, retryAfter: wait }, request)
    return notTried(request, `the vault is out of order: ${this.#lastOutage}`, wait)
  }
}

function newLane(quota: number, limits: RequestLimits): Lane {
  const budget = new QuotaBudget(quota)
  const roundTrip = new RoundTrip(limits.attemptTimeout)
  return { budget, roundTrip, queue: new RequestQueue(budget, roundTrip, limits) }
}

function deadlinePassed({ request, lane: { budget } }: Run): SealwrightError {
  const retryAfter = Math.max(1, Math.ceil(budget.pausedFor(performance.now()) / 1_000))
  return new SealwrightError(
    'TIMEOUT',
    `${request.permission} of ${request.object} in ${request.vaultUrl} took longer than ${request.deadline} ms`,
    { retryAfter },
  )
}

function notTried(request: VaultRequest, why: string, wait: number): SealwrightError {
  return new SealwrightError(
    'UNAVAILABLE',
    `${request.permission} of ${request.object} in ${request.vaultUrl} was not tried: ${why}`,
    { retryAfter: Math.max(1, Math.ceil(wait / 1_000)) },
  )
}
