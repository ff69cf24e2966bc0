// Where a signer that may choose makes each signature. Time and the threads of the pool are stand-ins, so that each test decides what
// is slow; create-signer.test.ts has real ones.
import type * as Crypto from 'node:crypto'
import { generateKeyPairSync } from 'node:crypto'
import { isTokenSignerSource, tokenSigner } from '@sealwright/core/internal'
import { rejection } from '@sealwright/test-kit/errors'
import { privateKey } from '@sealwright/test-kit/keys'
import { beforeEach, describe, expect, test, vi } from 'vitest'
import { createSigner, type ManagedSigner } from '../src/index.ts'
import { limit, threads } from './support/fake-worker.ts'

/** The time in milliseconds, how long an inline signature takes, and the signatures in libuv. */
const state = vi.hoisted(() => ({
  now: 0,
  duration: 0,
  places: [] as string[],
  libuv: [] as (() => void)[],
}))

vi.mock('node:worker_threads', async () => {
  const { FakeWorker: Worker } = await import('./support/fake-worker.ts')
  return { Worker }
})

vi.mock('../src/pool/real-timers.ts', async (importOriginal) => ({
  ...(await importOriginal<object>()),
  performance: { now: () => state.now },
}))

vi.mock('node:crypto', async (importOriginal) => {
  const crypto = await importOriginal<typeof Crypto>()
  type Callback = (error: Error | null, signature: Buffer) => void
  const sign = (digest: string | null, data: Buffer, key: Crypto.KeyObject, callback?: Callback): unknown => {
    state.places.push(callback === undefined ? 'inline' : 'libuv')
    const signature = crypto.sign(digest, data, key)
    if (callback === undefined) state.now += state.duration
    else state.libuv.push(() => callback(null, signature))
    return signature
  }
  return { ...crypto, sign }
})

beforeEach(() => {
  Object.assign(state, { now: 1000, duration: 0, places: [], libuv: [] })
  threads.length = 0
  limit.threads = Infinity
})

const data = Uint8Array.of(1)

function start(algorithm: string): ManagedSigner {
  return createSigner(privateKey(algorithm), { algorithm, threads: 1 })
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

/** Whether the signature is there before the event loop turns. */
async function isAtOnce(signing: Promise<Uint8Array>): Promise<boolean> {
  let isDone = false
  void signing.then(() => (isDone = true))
  for (let ticks = 0; ticks < 20; ticks++) await Promise.resolve()
  return isDone
}

/** The places of the signatures that were asked for since the last call; what no call of OpenSSL was made for is the pool's. */
function places(): readonly string[] {
  return state.places.splice(0)
}

/** Ends what is in libuv. */
async function finishLibuv(): Promise<void> {
  for (const finish of state.libuv.splice(0)) finish()
  await turn()
}

/** Lets the pool run. */
async function runPool(): Promise<void> {
  threads[0]?.run()
  await turn()
}

describe.each(['ES256', 'Ed25519'])('%s', (algorithm) => {
  test('is signed inline for less than a millisecond in one turn, and the next one waits for the turn', async () => {
    const signer = start(algorithm)
    state.duration = 0.5
    expect(await isAtOnce(signer.sign(data))).toBe(true)
    await turn()
    expect(await isAtOnce(signer.sign(data))).toBe(true)
    const held = signer.sign(data, {})
    expect(await isAtOnce(held)).toBe(false)
    expect(await held).toHaveLength(64)
    expect(await isAtOnce(signer.sign(data))).toBe(true)
    expect([places(), threads]).toEqual([['inline', 'inline', 'inline', 'inline'], []])
  })

  test('stays in libuv where no thread can be started, and none is tried again', async () => {
    limit.threads = 0
    const signer = start(algorithm)
    state.duration = 1
    const held = signer.sign(data)
    const others = [1, 2, 3].map(() => signer.sign(data))
    expect(places()).toEqual(['inline', 'libuv', 'libuv', 'libuv'])
    limit.threads = Infinity
    others.push(signer.sign(data))
    expect(threads).toEqual([])
    await finishLibuv()
    await Promise.all([held, ...others])
    await signer.close()
  })

  test('is not returned when it is aborted before the next turn', async () => {
    const signer = start(algorithm)
    state.duration = 1
    const controller = new AbortController()
    const reason = new Error('enough')
    const held = signer.sign(data, { signal: controller.signal })
    controller.abort(reason)
    expect(await rejection(held)).toBe(reason)
    await signer.close()
  })
})

test('Ed25519 is signed in libuv while one waits and the pool is not ready, then in the pool for 5 ms', async () => {
  const signer = start('Ed25519')
  state.duration = 1
  const held = signer.sign(data)
  state.duration = 0
  const others = [signer.sign(data)]
  expect([places(), threads.length]).toEqual([['inline', 'libuv'], 1])
  await finishLibuv()
  await Promise.all([held, ...others])
  await runPool()
  state.now += 4.999
  const pooled = signer.sign(data)
  await turn()
  expect([places(), threads[0]?.inputs]).toEqual([[], [[1]]])
  // While the pool has one, the next ones count as part of the burst.
  state.now += 100
  const next = signer.sign(data)
  await turn()
  expect(places()).toEqual([])
  for (const _ of [pooled, next]) threads[0]?.answer()
  await Promise.all([pooled, next])
  state.now += 5
  await signer.sign(data)
  expect(places()).toEqual(['inline'])
  expect(threads).toHaveLength(1)
})

describe.each(['ES384', 'ES256K', 'RS256'])('%s', (algorithm) => {
  test('is signed in libuv, two at a time, and what is beyond goes to a pool', async () => {
    const signer = start(algorithm)
    const first = [signer.sign(data), signer.sign(data)]
    expect([places(), threads]).toEqual([['libuv', 'libuv'], []])
    // The pool starts, and libuv signs until it runs.
    first.push(signer.sign(data))
    expect([places(), threads.length]).toEqual([['libuv'], 1])
    await runPool()
    const pooled = signer.sign(data)
    await turn()
    expect([places(), threads[0]?.batches.length]).toEqual([[], 1])
    await finishLibuv()
    await Promise.all(first)
    // One is in the pool and one in libuv.
    const last = signer.sign(data)
    expect(places()).toEqual(['libuv'])
    const beyond = signer.sign(data)
    await turn()
    expect([places(), threads[0]?.batches.length]).toEqual([[], 2])
    await finishLibuv()
    await last
    void Promise.allSettled([pooled, beyond])
  })
})

test('EdDSA and Ed25519 are the same key, and both quick', async () => {
  const signer = start('EdDSA')
  await signer.sign(data)
  expect(places()).toEqual(['inline'])
})

function isMadeThere(signer: ManagedSigner): boolean {
  return isTokenSignerSource(signer) && signer[tokenSigner]() !== null
}

describe('a token is made by a thread of the pool, with its text,', () => {
  test('while signatures go there', async () => {
    const signer = start('RS256')
    expect(isMadeThere(signer)).toBe(false)
    const first = [1, 2, 3].map(() => signer.sign(data))
    expect(isMadeThere(signer)).toBe(false)
    await runPool()
    expect(isMadeThere(signer)).toBe(true)
    await finishLibuv()
    await Promise.all(first)
    expect(isMadeThere(signer)).toBe(false)
  })

  test('in mode pool, until the signer is closed, and in the other modes never', async () => {
    const key = generateKeyPairSync('ed25519').privateKey
    for (const mode of ['inline', 'libuv'] as const)
      expect(isMadeThere(createSigner(key, { mode }))).toBe(false)
    const pool = createSigner(key, { mode: 'pool', threads: 1 })
    expect(isMadeThere(pool)).toBe(true)
    await pool.close()
    expect(isMadeThere(pool)).toBe(false)
  })
})

describe('closing', () => {
  test('waits for what is held until the next turn, and its callers have it first', async () => {
    const signer = start('ES256')
    state.duration = 1
    const order: string[] = []
    const held = signer.sign(data).then(() => order.push('signed'))
    const closed = signer.close().then(() => order.push('closed'))
    await Promise.all([held, closed])
    expect(order).toEqual(['signed', 'closed'])
  })

  test('waits for libuv and for the pool', async () => {
    const signer = start('RS256')
    const first = [1, 2, 3].map(() => signer.sign(data))
    let isClosed = false
    const closed = signer.close().then(() => (isClosed = true))
    state.libuv.shift()?.()
    await turn()
    await turn()
    expect(isClosed).toBe(false)
    await finishLibuv()
    await closed
    expect((await Promise.all(first)).map(({ length }) => length)).toEqual([256, 256, 256])
  })

  test('refuses more, and says with which key', async () => {
    const signer = start('RS256')
    await signer.close()
    expect(await rejection(signer.sign(data))).toMatchObject({
      code: 'UNAVAILABLE',
      message: `the signer with the key ${signer.keyId} is closed`,
    })
  })
})

test('in mode pool the threads start at once; in the other modes never', async () => {
  const key = generateKeyPairSync('ed25519').privateKey
  const [inline, libuv] = [createSigner(key, { mode: 'inline' }), createSigner(key, { mode: 'libuv' })]
  state.duration = 5
  expect(await isAtOnce(inline.sign(data))).toBe(true)
  const waiting = [1, 2, 3].map(() => libuv.sign(data))
  expect(places()).toEqual(['inline', 'libuv', 'libuv', 'libuv'])
  await finishLibuv()
  await Promise.all(waiting)
  expect(threads).toEqual([])
  const pool = createSigner(key, { mode: 'pool', threads: 3 })
  expect(threads).toHaveLength(3)
  threads[0]?.run()
  const pooled = pool.sign(data)
  await turn()
  expect(places()).toEqual([])
  threads[0]?.answer()
  expect(await pooled).toHaveLength(64)
})
