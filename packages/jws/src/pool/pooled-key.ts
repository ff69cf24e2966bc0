import type { KeyObject } from 'node:crypto'
import { SealwrightError, type Signer } from '@sealwright/core'
import { maximumBatch, workerKey, type BatchMemory, type BatchResult, type WorkerKey } from './batch.ts'
import type { PendingSignature } from './pending-signature.ts'
import { SignatureQueue } from './signature-queue.ts'

/** How long a batch should keep a thread busy, in milliseconds: far longer than it takes to send, and too short to notice. */
const batchDuration = 1
/** The least part of a full batch that is worth a message: one there and back takes about as long as an ES256 signature. */
const leastPart = 1 / 4
/** How many threads may die under a signature before it is given up. */
const maximumDeaths = 3

let keys = 0

/** A key that a group of threads signs with, and the signatures that wait for it or are with a thread. */
export class PooledKey {
  /** What threads know the key by. */
  readonly number: number = ++keys
  readonly workerKey: WorkerKey
  /** When its group last sent a batch of it, counted in batches; 0 for never. */
  lastTurn = 0
  readonly #keyId: string
  readonly #waiting = new SignatureQueue()
  #pending = 0
  /** A moving average of the time for one signature, in milliseconds; null until the first is made. */
  #signatureDuration: number | null = null
  #onIdle: (() => void) | null = null

  constructor(privateKey: KeyObject, { keyId, publicKey, algorithm }: Signer) {
    this.workerKey = workerKey(privateKey, publicKey, algorithm)
    this.#keyId = keyId
  }

  /** How many signatures are waiting or with a thread. */
  get pending(): number {
    return this.#pending
  }

  /** How many are waiting. Aborted ones may be among them. */
  get waiting(): number {
    return this.#waiting.length
  }

  push(signature: PendingSignature): void {
    this.#waiting.push(signature)
    this.#pending++
  }

  /** Forgets an aborted signature. If a thread has it, it keeps its place until the thread answers. */
  readonly drop = (signature: PendingSignature): void => {
    if (signature.isSent) return
    this.#finished(1)
    this.#waiting.prune(this.#pending)
  }

  /** Resolves when nothing is pending. */
  async untilIdle(): Promise<void> {
    if (this.#pending > 0) await new Promise<void>((resolve) => (this.#onIdle = resolve))
  }

  /** How many signatures take {@link batchDuration}. 1 until the time for one is known. */
  get fullBatch(): number {
    if (this.#signatureDuration === null) return 1
    return Math.min(maximumBatch, Math.max(1, Math.floor(batchDuration / this.#signatureDuration)))
  }

  /** How many signatures a batch should have when that many threads have nothing to do. */
  batchSize(idleThreads: number): number {
    const equal = Math.ceil(this.#waiting.length / idleThreads)
    return Math.min(this.fullBatch, Math.max(equal, Math.ceil(this.fullBatch * leastPart)))
  }

  /** As {@link SignatureQueue.take}. */
  take(count: number): readonly PendingSignature[] {
    return this.#waiting.take(count)
  }

  /** Settles a batch with what a thread has answered. */
  receive(signatures: readonly PendingSignature[], result: BatchResult, memory: BatchMemory): void {
    this.#finished(signatures.length)
    if (typeof result !== 'number') {
      const message = `OpenSSL cannot sign with the key ${this.#keyId}`
      const reason = new SealwrightError('UNSUPPORTED_KEY', message, { cause: result.error })
      for (const signature of signatures) signature.reject(reason)
      return
    }
    const latest = result / signatures.length
    this.#signatureDuration = ((this.#signatureDuration ?? latest) * 7 + latest) / 8
    memory.resolve(signatures, this.workerKey)
  }

  /** Rejects signatures that could not be sent. */
  refuse(signatures: readonly PendingSignature[], cause: unknown): void {
    this.#finished(signatures.length)
    const reason = unavailable(`there is no memory to sign with the key ${this.#keyId}`, cause)
    for (const signature of signatures) signature.reject(reason)
  }

  /**
   * Puts the signatures of a thread that died back to the front.
   *
   * @param deaths 1 if the thread was signing them
   */
  takeBack(signatures: readonly PendingSignature[], deaths: 0 | 1): void {
    const orphans = signatures.filter((signature) => signature.isWanted)
    this.#finished(signatures.length - orphans.length)
    for (const signature of orphans) {
      signature.isSent = false
      signature.deaths += deaths
    }
    this.#waiting.unshift(orphans)
  }

  /** Counts the death of a thread that never ran for all that waits. */
  countDeath(): void {
    this.#waiting.countDeath()
  }

  /** Rejects the signatures that too many threads failed with. */
  giveUpHopeless(cause: unknown): void {
    const message = `${maximumDeaths} threads ended while signing with the key ${this.#keyId}`
    this.giveUp(unavailable(message, cause), ({ deaths }) => deaths >= maximumDeaths)
  }

  /** Rejects what waits. */
  giveUp(reason: SealwrightError, isHopeless: (signature: PendingSignature) => boolean = () => true): void {
    const hopeless = this.#waiting.takeWhere(isHopeless)
    this.#finished(hopeless.length)
    for (const signature of hopeless) signature.reject(reason)
  }

  /** The error when no thread can be started. */
  noThread(cause: unknown): SealwrightError {
    return unavailable(`no thread can be started to sign with the key ${this.#keyId}`, cause)
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
