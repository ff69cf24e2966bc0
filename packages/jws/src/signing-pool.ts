import type { KeyObject } from 'node:crypto'
import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'
import {
  createLocalSigner,
  ecdsaSignatureFromDer,
  SealwrightError,
  type SignatureAlgorithm,
  type Signer,
  type SignOptions,
} from '@sealwright/core'
import { poolWorker, type Batch, type BatchResult, type WorkerKey } from './pool-worker.ts'

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
   *   when the threads die again and again
   */
  sign(data: Uint8Array, options?: SignOptions): Promise<Uint8Array>
  /** How many signatures are waiting or under way. */
  readonly pending: number
  /** Resolved when the first thread runs, some ten milliseconds after the start; until then everything waits. */
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
 * @throws SealwrightError `INVALID_ARGUMENT` for malformed options; or as {@link createLocalSigner}
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
/** A thread has one batch to work on and one to go on with while the answer to the first is read. */
const batchesPerThread = 2
/** How many threads may die under a request before it is given up. */
const maximumDeaths = 3

/** A signature that was asked for. */
interface Request {
  readonly data: Uint8Array
  readonly resolve: (signature: Uint8Array) => void
  readonly reject: (reason: unknown) => void
  /** The caller has given up. */
  aborted: boolean
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
  /** In the order they came. */
  #waiting: Request[] = []
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
    this.#startThreads()
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
      const request = { data: Buffer.from(data), resolve, reject, aborted: false, deaths: 0 }
      this.#waiting.push(signal === undefined ? request : abortable(request, signal))
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
    this.#startThreads()
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

  /** The first `count` of what is waiting, without those that were aborted in the meantime. */
  #take(count: number): Request[] {
    const taken = this.#waiting.splice(0, count)
    const batch = taken.filter((request) => !request.aborted)
    this.#finished(taken.length - batch.length)
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
      for (const { reject } of requests) reject(result.error)
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

  #startThreads(): void {
    while (this.#threads.size < this.#threadCount) this.#startThread()
  }

  #startThread(): void {
    // Neither this process's flags nor its environment are for a thread that signs.
    const worker = new Worker(`(${poolWorker.toString()})()`, {
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
    const orphans = thread.batches.flat()
    this.#waiting.unshift(...orphans)
    // A thread that did not even start had nothing yet, and may be why everybody waits.
    for (const request of thread.isOnline ? orphans : this.#waiting) request.deaths++
    const given = this.#waiting.filter((request) => request.deaths >= maximumDeaths)
    if (given.length > 0) {
      this.#waiting = this.#waiting.filter((request) => request.deaths < maximumDeaths)
      this.#finished(given.length)
      const reason = unavailable(
        `${maximumDeaths} threads ended while signing with the key ${this.keyId}`,
        cause,
      )
      for (const { reject } of given) reject(reason)
    }
    this.#dispatch()
  }

  #finished(count: number): void {
    this.#pending -= count
    if (this.#pending === 0) this.#onIdle?.()
  }
}

/** The same request, rejected on abort. */
function abortable(request: Request, signal: AbortSignal): Request {
  const abort = (): void => {
    entry.aborted = true
    request.reject(signal.reason)
  }
  const entry: Request = {
    ...request,
    resolve(signature) {
      signal.removeEventListener('abort', abort)
      request.resolve(signature)
    },
    reject(reason) {
      signal.removeEventListener('abort', abort)
      request.reject(reason)
    },
  }
  signal.addEventListener('abort', abort, { once: true })
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
