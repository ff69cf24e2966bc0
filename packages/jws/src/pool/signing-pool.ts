import type { KeyObject } from 'node:crypto'
import { createLocalSigner, type SignatureAlgorithm, type Signer, type SignOptions } from '@sealwright/core'
import {
  bytes,
  limitExceeded,
  optionsOf,
  signOptions,
  tokenSigner,
  type TokenSigner,
  type TokenSignerSource,
} from '@sealwright/core/internal'
import { maximumInput } from './batch.ts'
import { PooledKey, unavailable } from './pooled-key.ts'
import { poolOptionChecks, type SigningPoolOptions } from './options.ts'
import { PendingSignature } from './pending-signature.ts'
import { sharedThreads, ThreadGroup } from './thread-group.ts'

/**
 * A signer on threads that only sign: it uses all cores and leaves the event loop free. Signatures that are requested while the
 * threads are busy are sent to them in batches.
 */
export interface SigningPool extends Signer {
  /**
   * As {@link Signer.sign}. If a thread fails, another thread takes over its signatures. An abort removes a waiting signature; one
   * in progress is not stopped, and its result is dropped.
   *
   * @throws SealwrightError `UNAVAILABLE` when `capacity` signatures are waiting or in progress, when the pool is closed,
   *   when threads keep dying or cannot be started, or when there is no memory for `data`; `LIMIT_EXCEEDED` for 2 GiB of `data` or more;
   *   `UNSUPPORTED_KEY` when OpenSSL cannot sign with the key
   */
  sign(data: Uint8Array, options?: SignOptions): Promise<Uint8Array>
  /** How many signatures are waiting or in progress. */
  readonly pending: number
  /**
   * Resolves when a thread runs: at once if the threads are shared and run already, else about ten milliseconds after the start. Until
   * then all signatures wait. It never rejects: if no thread runs, `sign` rejects.
   */
  readonly ready: Promise<void>
  /**
   * Refuses further signatures, finishes those in progress and takes the key away from the threads. Threads without any key end. The
   * same happens when a pool that was not closed is garbage collected. Such a pool does not keep the process running.
   */
  close(): Promise<void>
}

/**
 * Signs with one key on the threads that all pools of this process share, or on threads of its own. Threads get the `KeyObject`
 * itself; the key is never exported.
 *
 * @param privateKey as for {@link createLocalSigner}
 * @throws SealwrightError `INVALID_ARGUMENT` for malformed options; `UNAVAILABLE` if no thread can be started, as under
 *   Node's permission model; or as {@link createLocalSigner}
 * @example
 * ```ts
 * import { generateKeyPairSync } from 'node:crypto'
 * import { createSigningPool, signCompact } from '@sealwright/jws'
 *
 * const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
 * const pool = createSigningPool(privateKey)
 * const token = await signCompact(pool, JSON.stringify({ sub: 'alice' }))
 * await pool.close()
 * ```
 */
export function createSigningPool(privateKey: KeyObject, options: SigningPoolOptions = {}): SigningPool {
  poolOptions('options', options)
  const { algorithm, threads, capacity = 16_384 } = options
  const signer = createLocalSigner(privateKey, { algorithm })
  const group = threads === undefined ? sharedThreads() : new ThreadGroup(threads)
  return new KeyPool(signer, new PooledKey(privateKey, signer), group, capacity)
}

const poolOptions = optionsOf(poolOptionChecks)

/** Removes the key of a pool that was not closed from the threads. Nothing that is kept here refers to the pool. */
const collected = new FinalizationRegistry<readonly [PooledKey, ThreadGroup]>(
  ([key, group]) => void release(key, group),
)

class KeyPool implements SigningPool, TokenSigner, TokenSignerSource {
  readonly algorithm: SignatureAlgorithm
  readonly keyId: string
  readonly publicKey: KeyObject
  readonly ready: Promise<void>
  readonly #key: PooledKey
  readonly #group: ThreadGroup
  readonly #capacity: number
  #closing: Promise<void> | null = null

  constructor(
    { algorithm, keyId, publicKey }: Pick<Signer, 'algorithm' | 'keyId' | 'publicKey'>,
    key: PooledKey,
    group: ThreadGroup,
    capacity: number,
  ) {
    this.algorithm = algorithm
    this.keyId = keyId
    this.publicKey = publicKey
    this.#key = key
    this.#group = group
    this.#capacity = capacity
    group.add(key)
    this.ready = group.ready
    collected.register(this, [key, group], this)
  }

  get pending(): number {
    return this.#key.pending
  }

  sign(data: Uint8Array, options?: SignOptions): Promise<Uint8Array> {
    return new Promise((resolve, reject) => {
      if (!(data instanceof Uint8Array)) bytes('data', data)
      if (data.length > maximumInput) throw limitExceeded('data', data.length, 'bytes', maximumInput)
      // A copy: the memory is used again.
      const copy = (all: Buffer, start: number, end: number): void =>
        resolve(Buffer.from(all.subarray(start, end)))
      this.#request(data, '', options, copy, reject)
    })
  }

  [tokenSigner](): TokenSigner {
    return this
  }

  signToken(prefix: string, payload: string, options?: SignOptions): Promise<string> {
    return new Promise((resolve, reject) => {
      const decode = (all: Buffer, start: number, end: number): void =>
        resolve(all.toString('latin1', start, end))
      this.#request(payload, prefix, options, decode, reject)
    })
  }

  /** @throws SealwrightError as {@link SigningPool.sign} rejects; or the signal's reason */
  #request(
    data: Uint8Array | string,
    prefix: string,
    options: SignOptions | undefined,
    resolve: (bytes: Buffer, start: number, end: number) => void,
    reject: (reason: unknown) => void,
  ): void {
    if (options !== undefined) signOptions('options', options)
    const signal = options?.signal
    signal?.throwIfAborted()
    if (this.#closing !== null) throw unavailable(`the signing pool of the key ${this.keyId} is closed`)
    const key = this.#key
    if (key.pending >= this.#capacity) {
      throw unavailable(
        `${key.pending} signatures with the key ${this.keyId} are already waiting; try again later`,
      )
    }
    const signature = new PendingSignature(data, prefix, resolve, reject)
    if (signal !== undefined) signature.abortOn(signal, key.drop)
    key.push(signature)
    this.#group.dispatchSoon()
  }

  close(): Promise<void> {
    collected.unregister(this)
    this.#closing ??= release(this.#key, this.#group)
    return this.#closing
  }
}

async function release(key: PooledKey, group: ThreadGroup): Promise<void> {
  await key.untilIdle()
  await group.remove(key)
}
