import { SealwrightError } from '@sealwright/core'
import { onAbort, untilAborted } from '@sealwright/core/internal'
import { provesAbsence, readFailure, reasonOf, silence, type Failure } from '../errors/failure.ts'
import { toSealwrightError, type Purpose } from '../errors/service-errors.ts'
import { sleep } from '../sleep.ts'
import { AttemptTimer } from './attempt.ts'
import { backoff } from './backoff.ts'
import { CircuitBreaker, type Admission } from './circuit-breaker.ts'
import { QuotaBudget } from './quota-budget.ts'
import { creationQuota } from './quota-costs.ts'
import { RequestCounts } from './request-counts.ts'
import type { RequestLimits } from './request-limits.ts'
import { RequestQueue, type Patience, type Turn } from './request-queue.ts'
import { RoundTrip } from './round-trip.ts'
import type { KeyVaultStatus, QuotaStatus } from './vault-status.ts'

/** One thing to ask of a vault, however many requests it takes. */
export interface VaultRequest extends Purpose {
  /** Whether it creates a key or certificate, which has a separate quota. Default: false. */
  readonly isCreation?: boolean | undefined
  /** The cost of each attempt, in units of its quota. */
  readonly cost: number
  /** Milliseconds for all of it: the wait for a turn, every attempt, the waits between them. */
  readonly deadline: number
  /**
   * Milliseconds for the first attempt. Each further attempt gets twice as long, and the last one gets the remaining
   * time. A vault that has been slow lately gets more time. Default: the time until the deadline.
   */
  readonly attemptTimeout?: number | undefined
  /** How long it may wait in the queue. Default: until the deadline. */
  readonly patience?: Patience | undefined
  /** Whether the request is idempotent. If it is not, it is repeated only when it was not carried out. */
  readonly isIdempotent: boolean
  /** Whether the object was made a moment ago: then some parts of the service may not have it yet. Default false. */
  readonly isNew?: boolean | undefined
  readonly signal?: AbortSignal | undefined
}

/** Sends a request once. The signal ends it, down to its socket; `attempt` counts from 0. */
export type Send<T> = (signal: AbortSignal, attempt: number) => Promise<T>

/** The state that requests under one quota share. */
interface Lane {
  readonly budget: QuotaBudget
  readonly roundTrip: RoundTrip
  readonly queue: RequestQueue
}

interface FailedAttempt {
  readonly failure: Failure
  /** Milliseconds until the next attempt, if there is one. */
  readonly wait: number
}

type Outcome<T> = { readonly result: T } | FailedAttempt

/** The facts about the whole request that an attempt needs. */
interface Run {
  readonly request: VaultRequest
  readonly lane: Lane
  /** By `performance.now()`. */
  readonly deadlineAt: number
  /** Aborts at the deadline, and when the caller's does. */
  readonly signal: AbortSignal
  attempt: number
  /** The failure of the attempt before; null for the first. */
  lastFailure: Failure | null
}

/**
 * Sends all requests to one vault: in order, within its quotas and the limit of concurrent requests. It retries where
 * that makes sense, gives up at the deadline and sends nothing while the vault is known to be down.
 */
export class VaultRequests {
  readonly #waitingForToken: () => string | null
  readonly #transactions: Lane
  readonly #creations: Lane
  readonly #breaker: CircuitBreaker
  readonly #counts = new RequestCounts()
  /** Why the breaker is open, for callers that are turned away. */
  #lastOutage = ''

  /** @param waitingForToken the authority that has not answered a token request yet; null if none is pending */
  constructor(limits: RequestLimits, waitingForToken: () => string | null = () => null) {
    this.#waitingForToken = waitingForToken
    this.#transactions = newLane(limits.quota, limits)
    this.#creations = newLane(creationQuota(limits.quota), limits)
    this.#breaker = new CircuitBreaker({
      failures: limits.failuresToOpen,
      failingFor: limits.failingFor,
      coolDown: limits.coolDown,
    })
  }

  /**
   * @returns the result of `send`
   * @throws SealwrightError `TIMEOUT` at the deadline, `UNAVAILABLE`, or the error for the service's answer; the reason
   *   of the caller's signal when that aborts
   */
  async run<T>(request: VaultRequest, send: Send<T>): Promise<T> {
    try {
      const result = await this.#run(request, send)
      this.#counts.succeeded(request.permission)
      return result
    } catch (error) {
      this.#counts.failed(request.permission, error)
      throw error
    }
  }

  status(): Omit<KeyVaultStatus, 'vaultUrl'> {
    const now = performance.now()
    const breaker = this.#breaker.stateAt(now)
    return {
      transactions: quotaStatus(this.#transactions, now),
      creations: quotaStatus(this.#creations, now),
      breaker,
      breakerOpenings: this.#breaker.openings,
      outage: breaker === 'closed' ? null : this.#lastOutage,
      ...this.#counts.status(),
    }
  }

  async #run<T>(request: VaultRequest, send: Send<T>): Promise<T> {
    const ending = new AbortController()
    const run: Run = {
      request,
      lane: request.isCreation === true ? this.#creations : this.#transactions,
      deadlineAt: performance.now() + request.deadline,
      signal: ending.signal,
      attempt: 0,
      lastFailure: null,
    }
    request.signal?.throwIfAborted()
    const timer = setTimeout(() => ending.abort(this.#deadlinePassed(run)), request.deadline)
    const stopListening =
      request.signal && onAbort(request.signal, () => ending.abort(request.signal?.reason))
    try {
      for (; ; run.attempt++) {
        // eslint-disable-next-line no-await-in-loop -- one attempt after the other is the point
        const outcome: Outcome<T> = await this.#attempt(run, send)
        if (!('failure' in outcome)) return outcome.result
        const { failure, wait }: FailedAttempt = outcome
        if (!mayRepeat(request, failure) || performance.now() + wait > run.deadlineAt) {
          // Only failures that may pass get a `retryAfter`.
          throw toSealwrightError({ ...failure, retryAfter: failure.isTransient ? wait : null }, request)
        }
        run.lastFailure = failure
        this.#counts.retried(reasonOf(failure))
        // eslint-disable-next-line no-await-in-loop
        await sleep(wait, ending.signal)
      }
    } finally {
      clearTimeout(timer)
      stopListening?.()
    }
  }

  async #attempt<T>(run: Run, send: Send<T>): Promise<Outcome<T>> {
    const { request, lane, deadlineAt, signal, attempt } = run
    const paused = lane.budget.pausedFor(performance.now())
    if (paused > 0 && performance.now() + paused > deadlineAt) {
      throw notTried(
        request,
        'the vault throttles requests, and its Retry-After is longer than the deadline allows',
        paused,
      )
    }
    const openFor = this.#breaker.openFor(performance.now())
    if (openFor > 0) throw this.#outOfOrder(run, openFor)
    // A request that was let in once is not refused because others came meanwhile.
    const patience = attempt === 0 ? (request.patience ?? null) : null
    const turn = await lane.queue.enter({ units: request.cost, deadlineAt, patience, signal })
    try {
      signal.throwIfAborted()
      // Asked again: the breaker may have opened while this request waited for its turn.
      const admission = this.#breaker.acquire(performance.now())
      if (typeof admission === 'number') throw this.#outOfOrder(run, admission)
      return await this.#send(run, send, turn, admission)
    } finally {
      // Does nothing after an answer.
      turn.spending.unanswered(performance.now())
      turn.leave()
    }
  }

  async #send<T>(run: Run, send: Send<T>, turn: Turn, admission: Admission): Promise<Outcome<T>> {
    const { request, lane, signal, attempt } = run
    const sentAt = performance.now()
    const timer = new AttemptTimer(signal, () => timeAllowed(run, sentAt))
    try {
      const result = await untilAborted(send(timer.signal, attempt), timer.signal)
      const now = performance.now()
      admission.succeeded()
      lane.roundTrip.answered(now - sentAt)
      turn.spending.accepted(now)
      return { result }
    } catch (error) {
      const now = performance.now()
      // Ended by the caller: that says nothing about the vault. Neither does an authority that is slow.
      const authority = this.#waitingForToken()
      if (request.signal?.aborted === true || (signal.aborted && authority !== null)) {
        admission.abandoned()
        throw signal.reason
      }
      if (signal.aborted) {
        lane.roundTrip.outlasted(now - sentAt)
        // An attempt that began shortly before the deadline has not waited long enough to say that the vault is silent.
        // Timers may fire a little early.
        if (now - sentAt >= 0.9 * Math.min(request.attemptTimeout ?? Infinity, request.deadline)) {
          this.#failed(admission, 'it did not answer in time', now)
        } else {
          admission.abandoned()
        }
        throw signal.reason
      }
      const failure = timer.isOver ? silence(now - sentAt, authority) : readFailure(error)
      if (timer.isOver && authority === null) lane.roundTrip.outlasted(now - sentAt)
      if (failure.status !== null) lane.roundTrip.answered(now - sentAt)
      if (failure.isOutage === true) this.#failed(admission, failure.message, now)
      else if (failure.isOutage === false) admission.succeeded()
      else admission.abandoned()
      // Before the next request in the queue gets its turn: the 429 applies to it as well.
      if (failure.status === 429) {
        this.#counts.throttled()
        turn.spending.refused(now, failure.retryAfter)
      } else if (failure.status !== null) turn.spending.accepted(now)
      return { failure, wait: failure.retryAfter ?? backoff(attempt) }
    } finally {
      timer.clear()
    }
  }

  #failed(admission: Admission, reason: string, now: number): void {
    this.#lastOutage = reason
    admission.failed(now)
  }

  #outOfOrder({ request, lastFailure }: Run, wait: number): SealwrightError {
    if (lastFailure !== null) return toSealwrightError({ ...lastFailure, retryAfter: wait }, request)
    return notTried(
      request,
      `the vault is failing, and the circuit breaker is open: ${this.#lastOutage}`,
      wait,
    )
  }

  #deadlinePassed({ request, lane, lastFailure }: Run): SealwrightError {
    const retryAfter = Math.max(1, Math.ceil(lane.budget.pausedFor(performance.now()) / 1_000))
    const authority = this.#waitingForToken()
    const reason =
      authority !== null
        ? `: ${authority} has not answered the request for a token; check that it can be reached from here`
        : lastFailure === null
          ? ''
          : `; the last attempt failed: ${lastFailure.message}`
    return new SealwrightError(
      'TIMEOUT',
      `${request.permission} of ${request.object} in ${request.vaultUrl} took longer than ${request.deadline} ms${reason}`,
      { retryAfter },
    )
  }
}

/**
 * Milliseconds that an attempt may take before the next one is made; null for all remaining time. It is at least as
 * long as nearly all answers took lately: a slow vault is not silent.
 */
function timeAllowed({ request, lane, deadlineAt, attempt }: Run, sentAt: number): number | null {
  const { attemptTimeout } = request
  if (attemptTimeout === undefined) return null
  const allowed = Math.max(attemptTimeout * 2 ** attempt, lane.roundTrip.nearlyAll)
  return deadlineAt - sentAt - allowed < attemptTimeout ? null : allowed
}

function mayRepeat({ isIdempotent, isNew }: VaultRequest, failure: Failure): boolean {
  if (isNew === true && provesAbsence(failure)) return true
  return failure.isTransient && (isIdempotent || failure.wasNotCarriedOut)
}

function quotaStatus({ queue, budget }: Lane, now: number): QuotaStatus {
  return { ...queue.status(), ...budget.status(now) }
}

function newLane(quota: number, limits: RequestLimits): Lane {
  const budget = new QuotaBudget(quota)
  const roundTrip = new RoundTrip(limits.deadline)
  return { budget, roundTrip, queue: new RequestQueue(budget, roundTrip, limits) }
}

function notTried(request: VaultRequest, why: string, wait: number): SealwrightError {
  return new SealwrightError(
    'UNAVAILABLE',
    `${request.permission} of ${request.object} in ${request.vaultUrl} was not tried: ${why}`,
    { retryAfter: Math.max(1, Math.ceil(wait / 1_000)) },
  )
}
