import type { KeyObject } from 'node:crypto'
import {
  createLocalSigner,
  SealwrightError,
  type SignatureAlgorithm,
  type SignOptions,
  type SyncSigner,
  untilAborted,
} from '@sealwright/core'
import { assertPoolOptions, type SigningPoolOptions } from './pool/options.ts'
import { performance, setImmediate } from './pool/real-timers.ts'
import { createSigningPool, unavailable, type SigningPool } from './pool/signing-pool.ts'

/**
 * Where a signature is made.
 *
 * | mode | where | good for |
 * | --- | --- | --- |
 * | `inline` | here and now, before `sign` returns | the shortest wait for one; it blocks the event loop meanwhile |
 * | `libuv` | in Node's own threads, four unless told otherwise, which files and DNS need too | a few at a time |
 * | `pool` | in threads that do nothing else, in batches (see {@link createSigningPool}) | many at once, on all cores |
 * | `auto` | in one of these, chosen for each signature | a server whose load changes |
 */
export type SigningMode = 'auto' | 'inline' | 'libuv' | 'pool'

const modes: readonly SigningMode[] = ['auto', 'inline', 'libuv', 'pool']

export interface CreateSignerOptions extends SigningPoolOptions {
  /** Default `auto`. */
  readonly mode?: SigningMode | undefined
}

/** A signer that may have threads. */
export interface ManagedSigner extends SyncSigner {
  readonly mode: SigningMode
  /** Ends the threads, if there are any, when what they were asked for is done. From now on `sign` is refused. */
  close(): Promise<void>
}

/**
 * A signer over a private key in this process's memory that is quick for one signature and for thousands at once.
 *
 * Left to choose (`auto`), it signs with P-256 and Ed25519 inline as long as one is asked for after the other, as handing
 * such a signature to a thread takes longer than making it, and lets the event loop turn in between; with all other keys
 * in libuv's threads as long as two of them are enough. What is beyond goes to a pool, which is started the first time it
 * is needed; where Node may not start threads, it stays with libuv.
 *
 * @param privateKey as {@link createLocalSigner} has it
 * @param options.threads of the pool, as {@link createSigningPool} has it
 * @param options.capacity of the pool, likewise; `sign` throws `UNAVAILABLE` when it is full
 * @throws SealwrightError `INVALID_ARGUMENT` for malformed options; `UNAVAILABLE` for mode `pool` where no thread can be
 *   started; or as {@link createLocalSigner}
 */
export function createSigner(privateKey: KeyObject, options: CreateSignerOptions = {}): ManagedSigner {
  const { mode = 'auto', ...poolOptions } = options
  if (!modes.includes(mode)) {
    throw new SealwrightError('INVALID_ARGUMENT', `options.mode must be one of ${modes.join(', ')}`)
  }
  assertPoolOptions(options)
  const local = createLocalSigner(privateKey, options.algorithm)
  return new ChoosingSigner(local, mode, () => createSigningPool(privateKey, poolOptions))
}

/** How long signatures may hold up one turn of the event loop, in milliseconds. */
const inlineBudget = 1
/** Of libuv's threads, how many are taken: half of what there are by default. */
const maximumLibuv = 2
/** How long after several signatures at once the next ones are taken for some of many, in milliseconds. */
const busyPeriod = 5

class ChoosingSigner implements ManagedSigner {
  readonly algorithm: SignatureAlgorithm
  readonly keyId: string
  readonly publicKey: KeyObject
  readonly mode: SigningMode
  readonly #local: SyncSigner
  readonly #isQuick: boolean
  readonly #startPool: () => SigningPool
  /** Null before it is needed; undefined where it cannot be had. */
  #pool: SigningPool | null | undefined = null
  #isPoolReady = false
  #isClosed = false
  #inLibuv = 0
  /** How many inline signatures are made, and given out in the next turn of the event loop. */
  #held = 0
  #busyUntil = 0
  /** What inline signatures took in this turn of the event loop, in milliseconds. */
  #inlineTime = 0

  constructor(local: SyncSigner, mode: SigningMode, startPool: () => SigningPool) {
    this.algorithm = local.algorithm
    this.keyId = local.keyId
    this.publicKey = local.publicKey
    this.mode = mode
    this.#local = local
    this.#isQuick = local.algorithm.curve === 'P-256' || local.algorithm.curve === 'Ed25519'
    this.#startPool = startPool
    if (mode === 'pool') this.#pool = startPool()
  }

  signSync(data: Uint8Array): Uint8Array {
    return this.#local.signSync(data)
  }

  // Not an async function: what the pool returns needs no second promise around it.
  sign(data: Uint8Array, options?: SignOptions): Promise<Uint8Array> {
    if (this.#isClosed) {
      return Promise.reject(unavailable(`the signer with the key ${this.keyId} is closed`))
    }
    const place = this.mode === 'auto' ? this.#choose() : this.mode
    if (place === 'inline') return this.#signInline(data, options)
    return place === 'pool' && this.#pool ? this.#pool.sign(data, options) : this.#signInLibuv(data, options)
  }

  async close(): Promise<void> {
    this.#isClosed = true
    await this.#pool?.close()
  }

  #choose(): Exclude<SigningMode, 'auto'> {
    const pending = this.#inLibuv + this.#held + (this.#pool?.pending ?? 0)
    if (!this.#isQuick) return pending < maximumLibuv ? 'libuv' : this.#poolIfReady()
    const now = performance.now()
    if (pending > 0) this.#busyUntil = now + busyPeriod
    if (now < this.#busyUntil) return this.#poolIfReady()
    return 'inline'
  }

  /** A pool takes a while to start, and Node's permission model may forbid it. */
  #poolIfReady(): 'libuv' | 'pool' {
    if (this.#pool === null) {
      try {
        this.#pool = this.#startPool()
        void this.#pool.ready.then(() => (this.#isPoolReady = true))
      } catch {
        this.#pool = undefined
      }
    }
    return this.#isPoolReady ? 'pool' : 'libuv'
  }

  async #signInline(data: Uint8Array, options: SignOptions | undefined): Promise<Uint8Array> {
    options?.signal?.throwIfAborted()
    if (this.mode === 'inline') return this.#local.signSync(data)
    if (this.#inlineTime === 0) setImmediate(this.#onTurn)
    const start = performance.now()
    const signature = this.#local.signSync(data)
    this.#inlineTime += performance.now() - start
    // One caller who asks again and again without pause would keep the event loop from turning.
    if (this.#inlineTime >= inlineBudget) {
      await this.#nextTurn()
      options?.signal?.throwIfAborted()
    }
    return signature
  }

  async #nextTurn(): Promise<void> {
    this.#held++
    await new Promise((resolve) => setImmediate(resolve))
    this.#held--
  }

  readonly #onTurn = (): void => {
    this.#inlineTime = 0
  }

  async #signInLibuv(data: Uint8Array, options: SignOptions | undefined): Promise<Uint8Array> {
    const signal = options?.signal
    signal?.throwIfAborted()
    this.#inLibuv++
    // Without the signal: a signature whose caller has given up is in libuv all the same, and counts.
    const signing = this.#local.sign(data).finally(() => this.#inLibuv--)
    return signal === undefined ? signing : untilAborted(signing, signal)
  }
}
