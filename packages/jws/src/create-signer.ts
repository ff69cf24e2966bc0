import type { KeyObject } from 'node:crypto'
import {
  createLocalSigner,
  type SignatureAlgorithm,
  type SignOptions,
  type SyncSigner,
} from '@sealwright/core'
import {
  invalidArgument,
  isTokenSignerSource,
  oneOf,
  optionsOf,
  signOptions,
  tokenSigner,
  untilAborted,
  type TokenSigner,
  type TokenSignerSource,
} from '@sealwright/core/internal'
import { poolOptionChecks, type SigningPoolOptions } from './pool/options.ts'
import { clearInterval, performance, setImmediate, setInterval } from './pool/real-timers.ts'
import { unavailable } from './pool/pooled-key.ts'
import { createSigningPool, type SigningPool } from './pool/signing-pool.ts'

/**
 * Where a signature is made.
 *
 * | mode | where | good for |
 * | --- | --- | --- |
 * | `inline` | in the calling thread, before `sign` returns | the lowest latency of one signature; it blocks the event loop |
 * | `libuv` | in Node's own threads, four by default, which also serve files and DNS | a few at a time |
 * | `pool` | in threads that only sign, in batches (see {@link createSigningPool}) | many at once, on all cores |
 * | `auto` | in one of these places, chosen for each signature | a server with changing load |
 */
export type SigningMode = 'auto' | 'inline' | 'libuv' | 'pool'

const modes: readonly SigningMode[] = ['auto', 'inline', 'libuv', 'pool']

/** Options of {@link createSigner}. */
export interface CreateSignerOptions extends SigningPoolOptions {
  /** Where signatures are made. Default `auto`. */
  readonly mode?: SigningMode | undefined
}

/** A signer that can be closed. */
export interface ManagedSigner extends SyncSigner {
  /** Where signatures are made. */
  readonly mode: SigningMode
  /**
   * Refuses further calls of `sign`, finishes those in progress and removes the key from the threads of the pool, if they have it.
   * Threads without any key end.
   */
  close(): Promise<void>
}

/**
 * Creates a signer for a private key in this process's memory that is fast for one signature and for thousands at once.
 *
 * Mode `auto` signs inline with P-256 and Ed25519 keys while signatures are requested one after another, because handing such a
 * signature to a thread takes longer than making it. It yields to the event loop in between. With all other keys it uses libuv for up to
 * two signatures at a time. Further signatures go to a pool: its threads get the key when it is needed there, and drop it within a minute
 * after its last use. If Node may not start threads, they go to libuv.
 *
 * @param privateKey as for {@link createLocalSigner}
 * @param options.threads of the pool, as for {@link createSigningPool}: by default all keys of this process share threads
 * @param options.capacity of the pool, as for {@link createSigningPool}; `sign` throws `UNAVAILABLE` when it is full
 * @throws SealwrightError `INVALID_ARGUMENT` for malformed options, and for `threads` or `capacity` in a mode without a pool;
 *   `UNAVAILABLE` for mode `pool` if no thread can be started; or as {@link createLocalSigner}
 *
 * @example
 * ```ts
 * import { createJwtIssuer, createSigner } from '@sealwright/jws'
 * import { generateKeyPairSync } from 'node:crypto'
 *
 * const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
 * const signer = createSigner(privateKey)
 * const issuer = createJwtIssuer(signer, { issuer: 'https://auth.example.com' })
 * const token = await issuer.issue({ sub: 'alice', aud: 'https://api.example.com' })
 * await signer.close()
 * ```
 */
export function createSigner(privateKey: KeyObject, options: CreateSignerOptions = {}): ManagedSigner {
  createSignerOptions('options', options)
  const { mode = 'auto', ...poolOptions } = options
  if (mode === 'inline' || mode === 'libuv') refusePoolOptions(mode, options)
  const local = createLocalSigner(privateKey, { algorithm: options.algorithm })
  return new ChoosingSigner(local, mode, () => createSigningPool(privateKey, poolOptions))
}

const createSignerOptions = optionsOf({ mode: oneOf(modes), ...poolOptionChecks })

function refusePoolOptions(mode: SigningMode, { threads, capacity }: CreateSignerOptions): void {
  for (const [name, value] of Object.entries({ threads, capacity })) {
    if (value === undefined) continue
    throw invalidArgument(`options.${name} needs mode pool or auto; mode ${mode} has no pool`)
  }
}

/** How long inline signatures may block one turn of the event loop, in milliseconds. */
const inlineBudget = 1
/** How many of libuv's threads sign at most: half of the default number. */
const maximumLibuv = 2
/** How long an unused pool is kept, in milliseconds. A key that was replaced signs no longer, and nothing closes its signer. */
const idlePeriod = 30_000
/** How long after a burst new signatures count as part of it, in milliseconds. */
const busyPeriod = 5

class ChoosingSigner implements ManagedSigner, TokenSignerSource {
  readonly algorithm: SignatureAlgorithm
  readonly keyId: string
  readonly publicKey: KeyObject
  readonly mode: SigningMode
  readonly #local: SyncSigner
  readonly #isQuick: boolean
  readonly #startPool: () => SigningPool
  /** null until it is needed; undefined if no thread can be started. */
  #pool: SigningPool | null | undefined = null
  #isPoolReady = false
  /** Whether the pool was used since that was last looked at. */
  #isPoolUsed = false
  #idleTimer: NodeJS.Timeout | undefined
  /** The end of the last pool that was not used. */
  #ending: Promise<void> | null = null
  #isClosed = false
  #inLibuv = 0
  /** How many inline signatures are made and wait for the next turn of the event loop. */
  #held = 0
  #busyUntil = 0
  /** How long inline signatures took in this turn of the event loop, in milliseconds. */
  #inlineTime = 0
  /** Called when no signature is in progress outside the pool. */
  #onIdle: (() => void)[] = []

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

  // Not an async function: it would wrap the promise of the pool in a second one.
  sign(data: Uint8Array, options?: SignOptions): Promise<Uint8Array> {
    if (this.#isClosed) {
      return Promise.reject(unavailable(`the signer with the key ${this.keyId} is closed`))
    }
    const place = this.mode === 'auto' ? this.#choose() : this.mode
    if (place === 'inline') return this.#signInline(data, options)
    return place === 'pool' && this.#pool ? this.#pool.sign(data, options) : this.#signInLibuv(data, options)
  }

  [tokenSigner](): TokenSigner | null {
    if (this.#isClosed) return null
    const place = this.mode === 'auto' ? this.#choose() : this.mode
    const pool = this.#pool
    return place === 'pool' && pool && isTokenSignerSource(pool) ? pool[tokenSigner]() : null
  }

  async close(): Promise<void> {
    this.#isClosed = true
    clearInterval(this.#idleTimer)
    await Promise.all([this.#ending, this.#pool?.close()])
    if (this.#inLibuv + this.#held > 0) await new Promise<void>((resolve) => this.#onIdle.push(resolve))
  }

  #finished(): void {
    if (this.#inLibuv + this.#held > 0) return
    // Not before the next turn of the event loop: by then the callers have their signatures.
    for (const resolve of this.#onIdle.splice(0)) setImmediate(resolve)
  }

  #choose(): Exclude<SigningMode, 'auto'> {
    const pending = this.#inLibuv + this.#held + (this.#pool?.pending ?? 0)
    if (!this.#isQuick) return pending < maximumLibuv ? 'libuv' : this.#poolIfReady()
    const now = performance.now()
    if (pending > 0) this.#busyUntil = now + busyPeriod
    if (now < this.#busyUntil) return this.#poolIfReady()
    return 'inline'
  }

  /** libuv until the pool runs, and for ever if Node's permission model forbids threads. */
  #poolIfReady(): 'libuv' | 'pool' {
    if (this.#pool === null) {
      try {
        const pool = this.#startPool()
        this.#pool = pool
        // An earlier pool that is late must not change what is said of this one.
        void pool.ready.then(() => (this.#isPoolReady ||= this.#pool === pool))
        this.#idleTimer = setInterval(() => this.#endIdle(pool), idlePeriod).unref()
      } catch {
        this.#pool = undefined
      }
    }
    this.#isPoolUsed = true
    return this.#isPoolReady ? 'pool' : 'libuv'
  }

  #endIdle(pool: SigningPool): void {
    const isIdle = !this.#isPoolUsed && pool.pending === 0
    this.#isPoolUsed = false
    if (!isIdle) return
    clearInterval(this.#idleTimer)
    this.#pool = null
    this.#isPoolReady = false
    this.#ending = pool.close()
  }

  async #signInline(data: Uint8Array, options: SignOptions | undefined): Promise<Uint8Array> {
    if (options !== undefined) signOptions('options', options)
    options?.signal?.throwIfAborted()
    if (this.mode === 'inline') return this.#local.signSync(data)
    if (this.#inlineTime === 0) setImmediate(this.#onTurn)
    const start = performance.now()
    const signature = this.#local.signSync(data)
    this.#inlineTime += performance.now() - start
    // Otherwise a caller that signs in a loop would block the event loop.
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
    this.#finished()
  }

  readonly #onTurn = (): void => {
    this.#inlineTime = 0
  }

  async #signInLibuv(data: Uint8Array, options: SignOptions | undefined): Promise<Uint8Array> {
    if (options !== undefined) signOptions('options', options)
    const signal = options?.signal
    signal?.throwIfAborted()
    this.#inLibuv++
    // Without the signal: an aborted signature still occupies a thread of libuv, so it still counts.
    const signing = this.#local.sign(data).finally(() => {
      this.#inLibuv--
      this.#finished()
    })
    return signal === undefined ? signing : untilAborted(signing, signal)
  }
}
