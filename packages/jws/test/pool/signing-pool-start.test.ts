// Where the operating system refuses threads, as at its limit of them, Node's constructor throws. That cannot be brought
// about for a while only, so Node's own class is made to throw here; all else is real.
import type { Worker, WorkerOptions } from 'node:worker_threads'
import { privateKey } from '@sealwright/test-kit/keys'
import { afterEach, expect, test, vi } from 'vitest'
import { createSigningPool, type SigningPool } from '../../src/index.ts'

const limit = vi.hoisted(() => ({ threads: Infinity }))
const workers: Worker[] = []
const pools: SigningPool[] = []

vi.mock(import('node:worker_threads'), async (importOriginal) => {
  const original = await importOriginal()
  class LimitedWorker extends original.Worker {
    constructor(source: string | URL, options?: WorkerOptions) {
      if (limit.threads === 0) throw new Error('EAGAIN')
      limit.threads--
      super(source, options)
      workers.push(this)
    }
  }
  return { ...original, Worker: LimitedWorker }
})

afterEach(async () => {
  limit.threads = Infinity
  workers.length = 0
  await Promise.all(pools.splice(0).map((pool) => pool.close()))
})

function startPool(threads: number): SigningPool {
  const pool = createSigningPool(privateKey('ES256'), { threads })
  pools.push(pool)
  return pool
}

const refused = expect.objectContaining({
  code: 'UNAVAILABLE',
  message: expect.stringContaining('no thread can be started') as string,
  cause: expect.objectContaining({ message: 'EAGAIN' }) as Error,
}) as Error

test('no thread at all: there is no pool', () => {
  limit.threads = 0
  expect(() => startPool(3)).toThrow(refused)
})

test('fewer threads than asked for: they do it all, and others are started when that is possible again', async () => {
  limit.threads = 1
  const pool = startPool(3)
  await expect(Promise.all([1, 2, 3].map((n) => pool.sign(Buffer.of(n))))).resolves.toHaveLength(3)
  expect(workers).toHaveLength(1)
  limit.threads = Infinity
  await pool.sign(Buffer.of(4))
  expect(workers).toHaveLength(3)
})

test('threads end and no other can be started: what waits is refused, and signed again later', async () => {
  // Two, as a signature with which three have ended is given up for that.
  const pool = startPool(2)
  await pool.sign(Buffer.of(1))
  limit.threads = 0
  const underWay = [2, 3].map((n) => pool.sign(Buffer.of(n)))
  const outcomes = Promise.allSettled(underWay)
  await Promise.all(workers.map((worker) => worker.terminate()))
  expect(await outcomes).toEqual(underWay.map(() => ({ status: 'rejected', reason: refused })))
  await expect(pool.sign(Buffer.of(4))).rejects.toEqual(refused)
  expect(pool.pending).toBe(0)
  limit.threads = Infinity
  await expect(pool.sign(Buffer.of(5))).resolves.toHaveLength(64)
})
