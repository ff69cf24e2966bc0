import type { KeyObject } from 'node:crypto'
import { availableParallelism } from 'node:os'
import {
  createLocalSigner,
  SealwrightError,
  type SignatureAlgorithm,
  type Signer,
  type SignOptions,
} from '@sealwright/core'
import { bytes, optionsOf, signOptions } from '@sealwright/core/internal'
import { signatureAt, workerKey, type BatchResult, type WorkerKey } from './batch.ts'
import { poolOptionChecks, type SigningPoolOptions } from './options.ts'
import { PendingSignature } from './pending-signature.ts'
import { setImmediate } from './real-timers.ts'
import { SigningThread } from './signing-thread.ts'
import { WaitingLine } from './waiting-line.ts'

/**
 * A signer with its own threads: it signs on all cores and leaves the event loop free. Signatures that are requested while the
 * threads are busy are sent to them in batches.
 */
export interface SigningPool extends Signer {
  /**
   * As {@link Signer.sign}. When a thread dies, another one makes its signatures. An abort removes a waiting signature; one
   * in progress is not stopped, and its result is dropped.
   *
   * @throws SealwrightError `UNAVAILABLE` when `capacity` signatures are waiting or in progress, when the pool is closed, or
   *   when threads keep dying or cannot be started; `UNSUPPORTED_KEY` when OpenSSL cannot sign with the key
   */
  sign(data: Uint8Array, options?: SignOptions): Promise<Uint8Array>
  /** How many signatures are waiting or in progress. */
  readonly pending: number
  /**
   * Resolves when the first thread runs, about ten milliseconds after the start; until then all signatures wait. It never
   * rejects: if no thread runs, `sign` rejects.
   */
  readonly ready: Promise<void>
  /**
   * Refuses further signatures, finishes those in progress and ends the threads. A pool that is not closed does not keep the
   * process running.
   */
  close(): Promise<void>
}

/**
 * Starts threads that sign with one key. They get the `KeyObject` itself; the key is never exported.
 *
 * @param privateKey as {@link createLocalSigner} takes it
 * @throws SealwrightError `INVALID_ARGUMENT` for malformed options; `UNAVAILABLE` if no thread can be started, as under
 *   Node's permission model; or as {@link createLocalSigner}
 * @example
 * ```ts
 * import { generateKeyPairSync } from 'node:crypto'
 * import { createSigningPool, signCompact } from '@sealwright/jws'
 *
 * const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
 * const pool = createSigningPool(privateKey, { threads: 4 })
 * const token = await signCompact(pool, JSON.stringify({ sub: 'alice' }))
 * await pool.close()
 * ```
 */
export function createSigningPool(privateKey: KeyObject, options: SigningPoolOptions = {}): SigningPool {
  poolOptions('options', options)
  const { threads = availableParallelism(), capacity = 16_384 } = options
  const signer = createLocalSigner(privateKey, { algorithm: options.algorithm })
  return new ThreadPool(signer, workerKey(privateKey, signer.publicKey, signer.algorithm), threads, capacity)
}

const poolOptions = optionsOf(poolOptionChecks)

/** How long a batch should keep a thread busy, in milliseconds: far longer than it takes to send, and too short to notice. */
const batchDuration = 1
const maximumBatch = 64
/** How many threads may die under a signature before it is given up. */
const maximumDeaths = 3

class ThreadPool implements SigningPool {
  readonly algorithm: SignatureAlgorithm
  readonly keyId: string
  readonly publicKey: KeyObject
  readonly ready: Promise<void>
  #setReady: () => void = () => undefined
  readonly #key: WorkerKey
  readonly #threadCount: number
  readonly #capacity: number
  readonly #threads = new Set<SigningThread>()
  readonly #waiting = new WaitingLine()
  /** How many signatures are waiting or with a thread. */
  #pending = 0
  #isDispatchDue = false
  /** A moving average of the time for one signature, in milliseconds; null until the first is made. */
  #signatureDuration: number | null = null
  #closing: Promise<void> | null = null
  #onIdle: (() => void) | null = null

  constructor(
    { algorithm, keyId, publicKey }: Pick<Signer, 'algorithm' | 'keyId' | 'publicKey'>,
    key: WorkerKey,
    threadCount: number,
    capacity: number,
  ) {
    this.algorithm = algorithm
    this.keyId = keyId
    this.publicKey = publicKey
    this.#key = key
    this.#threadCount = threadCount
    this.#capacity = capacity
    this.ready = new Promise((resolve) => (this.#setReady = resolve))
    const problem = this.#startThreads()
    if (problem !== null) throw problem
  }

  get pending(): number {
    return this.#pending
  }

  sign(data: Uint8Array, options?: SignOptions): Promise<Uint8Array> {
    return new Promise((resolve, reject) => {
      if (!(data instanceof Uint8Array)) bytes('data', data)
      if (options !== undefined) signOptions('options', options)
      const signal = options?.signal
      signal?.throwIfAborted()
      if (this.#closing !== null) throw unavailable(`the signing pool of the key ${this.keyId} is closed`)
      if (this.#pending >= this.#capacity) {
        throw unavailable(
          `${this.#pending} signatures with the key ${this.keyId} are already waiting; try again later`,
        )
      }
      const signature = new PendingSignature(data, resolve, reject)
      if (signal !== undefined) signature.abortOn(signal, this.#drop)
      this.#waiting.push(signature)
      this.#pending++
      this.#dispatchSoon()
    })
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    if (this.#pending > 0) await new Promise<void>((resolve) => (this.#onIdle = resolve))
    await Promise.all([...this.#threads].map((thread) => thread.end()))
  }

  /** Forgets an aborted signature. If a thread has it, it keeps its place until the thread answers. */
  readonly #drop = (signature: PendingSignature): void => {
    if (signature.isSent) return
    this.#finished(1)
    this.#waiting.prune(this.#pending)
  }

  /**
   * Dispatches at the end of this turn of the event loop. So all signatures that a server requests in one turn are sent together,
   * and threads that get work while their answers are read cannot keep the loop reading.
   */
  #dispatchSoon(): void {
    if (this.#isDispatchDue) return
    this.#isDispatchDue = true
    setImmediate(this.#dispatchNow)
  }

  readonly #dispatchNow = (): void => {
    this.#isDispatchDue = false
    this.#dispatch()
  }

  /** Sends the waiting signatures to the least busy threads, in equal parts for all batches that can be taken now. */
  #dispatch(): void {
    if (this.#waiting.length === 0) return
    const problem = this.#startThreads()
    if (problem !== null) {
      this.#giveUp(problem, () => true)
      return
    }
    let free = 0
    for (const thread of this.#threads) free += thread.free
    if (free === 0) return
    const count = Math.min(Math.ceil(this.#waiting.length / free), this.#batchSize())
    while (this.#waiting.length > 0) {
      const thread = this.#leastBusy()
      if (thread === null) return
      const batch = this.#waiting.take(count)
      if (batch.length > 0) thread.send(batch)
    }
  }

  #leastBusy(): SigningThread | null {
    let found: SigningThread | null = null
    for (const thread of this.#threads) {
      if (thread.free > 0 && (found === null || thread.load < found.load)) found = thread
    }
    return found
  }

  #batchSize(): number {
    if (this.#signatureDuration === null) return 1
    return Math.min(maximumBatch, Math.max(1, Math.floor(batchDuration / this.#signatureDuration)))
  }

  #receive(batch: readonly PendingSignature[], result: BatchResult): void {
    this.#finished(batch.length)
    if ('error' in result) {
      const message = `OpenSSL cannot sign with the key ${this.keyId}`
      const reason = new SealwrightError('UNSUPPORTED_KEY', message, { cause: result.error })
      for (const signature of batch) signature.reject(reason)
    } else {
      const latest = result.duration / batch.length
      this.#signatureDuration = ((this.#signatureDuration ?? latest) * 7 + latest) / 8
      batch.forEach((signature, index) => {
        signature.resolve(signatureAt(result, index, this.#key.maximumLength, this.algorithm))
      })
    }
    this.#dispatchSoon()
  }

  /** Starts the missing threads. If Node refuses some, the running ones are enough. */
  #startThreads(): SealwrightError | null {
    try {
      while (this.#threads.size < this.#threadCount) this.#startThread()
      return null
    } catch (cause) {
      if (this.#threads.size > 0) return null
      return unavailable(`no thread can be started to sign with the key ${this.keyId}`, cause)
    }
  }

  #startThread(): void {
    const thread = new SigningThread(this.#key, {
      online: () => {
        this.#setReady()
        this.#dispatch()
      },
      answered: (batch, result) => this.#receive(batch, result),
      ended: (ended, cause) => this.#bury(ended, cause),
    })
    this.#threads.add(thread)
  }

  /** Gives the batches of a dead thread to the others. A new thread starts when there is work. */
  #bury(thread: SigningThread, cause: unknown): void {
    this.#threads.delete(thread)
    const sent = thread.unanswered
    const orphans = sent.filter((signature) => signature.isWanted)
    this.#finished(sent.length - orphans.length)
    for (const signature of orphans) {
      signature.isSent = false
      signature.deaths++
    }
    this.#waiting.unshift(orphans)
    // A thread that never ran may have died because of anything that waits, unless other threads run.
    if (!thread.isOnline && ![...this.#threads].some((other) => other.isOnline)) this.#waiting.countDeath()
    this.#giveUp(
      unavailable(`${maximumDeaths} threads ended while signing with the key ${this.keyId}`, cause),
      ({ deaths }) => deaths >= maximumDeaths,
    )
    this.#dispatch()
  }

  /** Rejects the waiting signatures that `isHopeless` holds for. */
  #giveUp(reason: SealwrightError, isHopeless: (signature: PendingSignature) => boolean): void {
    const hopeless = this.#waiting.takeWhere(isHopeless)
    this.#finished(hopeless.length)
    for (const signature of hopeless) signature.reject(reason)
  }

  #finished(count: number): void {
    this.#pending -= count
    if (this.#pending === 0) this.#onIdle?.()
  }
}

/** The error of a signer that cannot sign now. */
export function unavailable(message: string, cause?: unknown): SealwrightError {
  return new SealwrightError('UNAVAILABLE', message, { cause })
}
