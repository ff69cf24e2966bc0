import type { KeyObject } from 'node:crypto'
import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'
import {
  createLocalSigner,
  ecdsaSignatureFromDer,
  onAbort,
  SealwrightError,
  type SignatureAlgorithm,
  type Signer,
  type SignOptions,
} from '@sealwright/core'
import { poolWorkerSource, type Batch, type BatchResult, type WorkerKey } from './pool-worker.ts'
import { setImmediate } from './real-timers.ts'

export interface SigningPoolOptions {
  /** A JOSE `alg` that the key can do. Default: the key's own. */
  readonly algorithm?: string | undefined
  /** How many threads sign: 1 to 1024. Default: as many as this process has cores (`availableParallelism()`). */
  readonly threads?: number | undefined
  /** How many signatures may be waiting or under way; more are refused at once. At least 1. Default 16384. */
  readonly capacity?: number | undefined
}

/**
 * A signer whose signatures are made in threads of its own: on all cores, while the event loop stays free. What is asked
 * for while the threads are busy goes to them in batches.
 */
export interface SigningPool extends Signer {
  /**
   * As {@link Signer.sign}. A signature whose thread dies is made by another one. An abort takes a waiting request out;
   * one under way is not stopped, and its result is dropped.
   *
   * @throws SealwrightError `UNAVAILABLE` when as many as `capacity` are waiting or under way, when the pool is closed, or
   *   when threads die again and again or cannot be started; `UNSUPPORTED_KEY` when OpenSSL cannot sign with the key
   */
  sign(data: Uint8Array, options?: SignOptions): Promise<Uint8Array>
  /** How many signatures are waiting or under way. */
  readonly pending: number
  /**
   * Resolved when the first thread runs, some ten milliseconds after the start; until then everything waits. Never
   * rejected: where no thread gets to run, `sign` says so.
   */
  readonly ready: Promise<void>
  /**
   * Ends the threads when what was asked for is done; from now on nothing more is taken. A pool that is not closed does
   * not keep the process running.
   */
  close(): Promise<void>
}

/**
 * Starts threads that sign with the key. They get the `KeyObject` itself, never its text.
 *
 * @param privateKey as {@link createLocalSigner} has it
 * @throws SealwrightError `INVALID_ARGUMENT` for malformed options; `UNAVAILABLE` where no thread can be started, as under
 *   Node's permission model; or as {@link createLocalSigner}
 */
export function createSigningPool(privateKey: KeyObject, options: SigningPoolOptions = {}): SigningPool {
  assertPoolOptions(options)
  const { threads = availableParallelism(), capacity = 16_384 } = options
  const { algorithm, keyId, publicKey } = createLocalSigner(privateKey, options.algorithm)
  return new Pool(privateKey, { algorithm, keyId, publicKey }, threads, capacity)
}

/** @throws SealwrightError `INVALID_ARGUMENT` for numbers that cannot be */
export function assertPoolOptions({ threads = 1, capacity = 1 }: SigningPoolOptions): void {
  assertCount('threads', threads, 1024)
  assertCount('capacity', capacity, Number.MAX_SAFE_INTEGER)
}

/** How long a batch should keep a thread busy, in milliseconds: far longer than it takes to send one, and no wait. */
const batchDuration = 1
const maximumBatch = 64
/** A batch gets no more requests once it has that many bytes to sign: it is copied in one piece. */
const usualBatchBytes = 1024 * 1024
/** A thread has one batch to work on and one to go on with while the answer to the first is read. */
const batchesPerThread = 2
/** How many threads may die under a request before it is given up. */
const maximumDeaths = 3

/** A signature that was asked for. */
interface Request {
  readonly data: Uint8Array
  readonly resolve: (signature: Uint8Array) => void
  readonly reject: (reason: unknown) => void
  /** Whether a thread has it. */
  isSent: boolean
  /** The caller has given up. */
  isAborted: boolean
  /** How many threads have died with it, or instead of starting for it. */
  deaths: number
}

interface Thread {
  readonly worker: Worker
  isOnline: boolean
  /** What it has been sent and has not answered, in order. */
  readonly batches: (readonly Request[])[]
}

class Pool implements SigningPool {
  readonly algorithm: SignatureAlgorithm
  readonly keyId: string
  readonly publicKey: KeyObject
  readonly ready: Promise<void>
  #setReady: () => void = () => undefined
  readonly #workerKey: WorkerKey
  readonly #threadCount: number
  readonly #capacity: number
  readonly #threads = new Set<Thread>()
  /** In the order they came; those that were aborted meanwhile are still in it, but no longer counted. */
  #waiting: Request[] = []
  /** How many are waiting or with a thread. */
  #pending = 0
  #isDispatchDue = false
  /** What a signature takes, in milliseconds: a moving average; unknown until the first is made. */
  #signatureDuration: number | null = null
  #closing: Promise<void> | null = null
  #onIdle: (() => void) | null = null

  constructor(
    privateKey: KeyObject,
    { algorithm, keyId, publicKey }: Pick<Signer, 'algorithm' | 'keyId' | 'publicKey'>,
    threadCount: number,
    capacity: number,
  ) {
    this.algorithm = algorithm
    this.keyId = keyId
    this.publicKey = publicKey
    this.#workerKey = {
      key: algorithm.pss === null ? privateKey : { key: privateKey, ...algorithm.pss },
      digest: algorithm.digest,
      maximumLength: maximumSignatureLength(algorithm, publicKey),
    }
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
      const signal = options?.signal
      signal?.throwIfAborted()
      if (this.#closing !== null)
        throw unavailable(`the pool that signs with the key ${this.keyId} is closed`)
      if (this.#pending >= this.#capacity) {
        throw unavailable(
          `${this.#pending} signatures with the key ${this.keyId} are waiting already; try again later`,
        )
      }
      // A copy, so that the caller can overwrite the data at once.
      const request = {
        data: Buffer.from(data),
        resolve,
        reject,
        isSent: false,
        isAborted: false,
        deaths: 0,
      }
      this.#waiting.push(signal === undefined ? request : abortable(request, signal, this.#drop))
      this.#pending++
      this.#dispatchSoon()
    })
  }

  /** What becomes of a request whose caller has given up. */
  readonly #drop = (request: Request): void => {
    request.isAborted = true
    // What a thread has takes up a place until it answers.
    if (request.isSent) return
    this.#finished(1)
    // Those that nobody waits for are taken out now and then, or any number of them could pile up before a thread is free.
    if (this.#waiting.length > 2 * this.#pending + maximumBatch)
      this.#waiting = this.#waiting.filter(isWanted)
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    if (this.#pending > 0) await new Promise<void>((resolve) => (this.#onIdle = resolve))
    await Promise.all([...this.#threads].map(({ worker }) => worker.terminate()))
  }

  /**
   * When this turn of the event loop is over: what is asked for in it, by all the requests that a server reads in one
   * go, is sent in one go, and threads that get work while their answers are read cannot keep it reading.
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

  /** Sends what is waiting to the threads that have the least to do, in equal parts for all that can take one now. */
  #dispatch(): void {
    if (this.#waiting.length === 0) return
    const problem = this.#startThreads()
    if (problem !== null) {
      this.#giveUp(problem, isWanted)
      return
    }
    const places = this.#freePlaces()
    if (places === 0) return
    const count = Math.min(Math.ceil(this.#waiting.length / places), this.#batchSize())
    while (this.#waiting.length > 0) {
      const thread = this.#leastBusy()
      if (thread === null) return
      this.#send(thread, this.#take(count))
    }
  }

  /** How many batches can be sent before the threads answer. */
  #freePlaces(): number {
    let places = 0
    for (const { isOnline, batches } of this.#threads)
      if (isOnline) places += batchesPerThread - batches.length
    return places
  }

  #leastBusy(): Thread | null {
    let found: Thread | null = null
    for (const thread of this.#threads) {
      const isFree = thread.isOnline && thread.batches.length < batchesPerThread
      if (isFree && (found === null || thread.batches.length < found.batches.length)) found = thread
    }
    return found
  }

  #batchSize(): number {
    if (this.#signatureDuration === null) return 1
    return Math.min(maximumBatch, Math.max(1, Math.floor(batchDuration / this.#signatureDuration)))
  }

  /** The first `count` of what is waiting, fewer if they are large, without those that were aborted. */
  #take(count: number): Request[] {
    const batch: Request[] = []
    let bytes = 0
    let taken = 0
    for (const request of this.#waiting) {
      if (batch.length === count || bytes >= usualBatchBytes) break
      taken++
      if (request.isAborted) continue
      batch.push(request)
      bytes += request.data.length
    }
    this.#waiting.splice(0, taken)
    return batch
  }

  #send(thread: Thread, requests: readonly Request[]): void {
    if (requests.length === 0) return
    const lengths = new Uint32Array(requests.length)
    let total = 0
    requests.forEach(({ data }, index) => {
      lengths[index] = data.length
      total += data.length
    })
    const data = new Uint8Array(total)
    let offset = 0
    for (const request of requests) {
      request.isSent = true
      data.set(request.data, offset)
      offset += request.data.length
    }
    const batch: Batch = { data, lengths }
    // Only a thread with something to do keeps the process running.
    if (thread.batches.length === 0) thread.worker.ref()
    thread.batches.push(requests)
    thread.worker.postMessage(batch, [data.buffer, lengths.buffer])
  }

  #receive(thread: Thread, result: BatchResult): void {
    const requests = thread.batches.shift() ?? []
    if (thread.batches.length === 0) thread.worker.unref()
    this.#finished(requests.length)
    if ('error' in result) {
      const reason = new SealwrightError(
        'UNSUPPORTED_KEY',
        `OpenSSL cannot sign with the key ${this.keyId}`,
        { cause: result.error },
      )
      for (const { reject } of requests) reject(reason)
    } else {
      const { signatures, lengths, duration } = result
      const latest = duration / requests.length
      this.#signatureDuration = ((this.#signatureDuration ?? latest) * 7 + latest) / 8
      requests.forEach(({ resolve }, index) => {
        const start = index * this.#workerKey.maximumLength
        resolve(this.#encode(signatures.subarray(start, start + (lengths[index] ?? 0))))
      })
    }
    this.#dispatchSoon()
  }

  /** A signature of its own, as JWS has it: the bytes it comes in hold a whole batch. */
  #encode(signature: Uint8Array): Uint8Array {
    const { coordinateLength } = this.algorithm
    return coordinateLength === null
      ? Buffer.from(signature)
      : ecdsaSignatureFromDer(signature, coordinateLength)
  }

  /** Starts what is missing, as far as Node does so: the threads there are do for those it refuses. */
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
    // Neither this process's flags nor its environment are for a thread that signs.
    const worker = new Worker(poolWorkerSource, {
      eval: true,
      name: 'sealwright-signing',
      execArgv: [],
      env: {},
      workerData: this.#workerKey,
    })
    const thread: Thread = { worker, isOnline: false, batches: [] }
    this.#threads.add(thread)
    worker.on('online', () => {
      thread.isOnline = true
      worker.unref()
      this.#setReady()
      this.#dispatch()
    })
    worker.on('message', (result: BatchResult) => this.#receive(thread, result))
    // An exit follows.
    let cause: unknown
    worker.on('error', (error) => (cause = error))
    worker.on('exit', () => this.#bury(thread, cause))
  }

  /** Gives what a dead thread had to the others; a new thread is started when there is something to do. */
  #bury(thread: Thread, cause: unknown): void {
    this.#threads.delete(thread)
    const sent = thread.batches.flat()
    const orphans = sent.filter(isWanted)
    this.#finished(sent.length - orphans.length)
    for (const request of orphans) request.isSent = false
    this.#waiting.unshift(...orphans)
    for (const request of thread.isOnline ? orphans : this.#waitingInVain()) request.deaths++
    this.#giveUp(
      unavailable(`${maximumDeaths} threads ended while signing with the key ${this.keyId}`, cause),
      (request) => request.deaths >= maximumDeaths,
    )
    this.#dispatch()
  }

  /** What a thread may be to blame for that did not even start: that everybody waits, unless others run. */
  #waitingInVain(): readonly Request[] {
    for (const { isOnline } of this.#threads) if (isOnline) return []
    return this.#waiting
  }

  /** Rejects those of the waiting. */
  #giveUp(reason: SealwrightError, isGivenUp: (request: Request) => boolean): void {
    const given = this.#waiting.filter((request) => isWanted(request) && isGivenUp(request))
    if (given.length === 0) return
    this.#waiting = this.#waiting.filter((request) => isWanted(request) && !isGivenUp(request))
    this.#finished(given.length)
    for (const { reject } of given) reject(reason)
  }

  #finished(count: number): void {
    this.#pending -= count
    if (this.#pending === 0) this.#onIdle?.()
  }
}

function isWanted(request: Request): boolean {
  return !request.isAborted
}

/** The same request, rejected on abort. */
function abortable(request: Request, signal: AbortSignal, drop: (request: Request) => void): Request {
  const stopListening = onAbort(signal, () => {
    request.reject(signal.reason)
    drop(entry)
  })
  const entry: Request = {
    ...request,
    resolve(signature) {
      stopListening()
      request.resolve(signature)
    },
    reject(reason) {
      stopListening()
      request.reject(reason)
    },
  }
  return entry
}

/** An `Ecdsa-Sig-Value` in DER is at most 9 bytes longer than R‖S; others have one length. */
function maximumSignatureLength(algorithm: SignatureAlgorithm, publicKey: KeyObject): number {
  const { coordinateLength, signatureLength } = algorithm
  if (coordinateLength !== null) return 2 * coordinateLength + 9
  return signatureLength ?? Math.ceil((publicKey.asymmetricKeyDetails?.modulusLength ?? 0) / 8)
}

function assertCount(name: string, value: number, maximum: number): void {
  if (!Number.isSafeInteger(value) || value < 1 || value > maximum) {
    throw new SealwrightError(
      'INVALID_ARGUMENT',
      `options.${name} must be a whole number from 1 to ${maximum}`,
    )
  }
}

export function unavailable(message: string, cause?: unknown): SealwrightError {
  return new SealwrightError('UNAVAILABLE', message, cause === undefined ? undefined : { cause })
}
