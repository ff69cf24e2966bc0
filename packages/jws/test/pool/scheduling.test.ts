// Which thread gets what and when. The threads are stand-ins, so that each test decides what they do; signing-pool.test.ts has real ones.
import type { SignOptions } from '@sealwright/core'
import { privateKey } from '@sealwright/test-kit/keys'
import { beforeEach, describe, expect, test, vi } from 'vitest'
import { createSigningPool, type SigningPool, type SigningPoolOptions } from '../../src/index.ts'
import { dataStart } from '../../src/pool/batch.ts'
import { limit, threads, type FakeWorker } from '../support/fake-worker.ts'

vi.mock('node:worker_threads', async () => {
  const { FakeWorker: Worker } = await import('../support/fake-worker.ts')
  return { Worker }
})

beforeEach(() => {
  threads.length = 0
  limit.threads = Infinity
})

function startPool(count: number, options: SigningPoolOptions = {}): SigningPool {
  return createSigningPool(privateKey('Ed25519'), { threads: count, ...options })
}

/** A pool of one thread that runs. */
function onePool(options: SigningPoolOptions = {}): { pool: SigningPool; thread: FakeWorker } {
  const pool = startPool(1, options)
  const thread = threadAt(0)
  thread.run()
  return { pool, thread }
}

function threadAt(index: number): FakeWorker {
  const thread = threads[index]
  if (thread === undefined) throw new Error(`there is no thread ${index}`)
  return thread
}

/** Asks for signatures of inputs that begin with these bytes; each comes out as that byte, or as its error. */
function signAll(pool: SigningPool, inputs: readonly number[], signal?: AbortSignal): Promise<unknown>[] {
  return inputs.map((first) =>
    pool.sign(Uint8Array.of(first, 0), { signal }).then(
      (signature) => signature[0],
      (error: unknown) => error,
    ),
  )
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

const upTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index)
const sizes = (thread: FakeWorker): number[] => thread.inputs.map(({ length }) => length)

/** Answers until nothing is left. */
async function finish(pool: SigningPool): Promise<void> {
  while (pool.pending > 0) {
    for (const thread of threads) thread.answer()
    // oxlint-disable-next-line no-await-in-loop
    await turn()
  }
}

describe('threads', () => {
  test('are all started at once, and nothing is sent before one runs', async () => {
    const pool = startPool(3)
    expect(threads).toHaveLength(3)
    let isReady = false
    void pool.ready.then(() => (isReady = true))
    const signed = signAll(pool, [1])
    await turn()
    expect([isReady, threads.map(sizes)]).toEqual([false, [[], [], []]])
    threadAt(1).run()
    expect(threads.map(sizes)).toEqual([[], [1], []])
    await turn()
    expect(isReady).toBe(true)
    threadAt(1).answer()
    expect(await Promise.all(signed)).toEqual([1])
  })

  test('run the program of the package alone, and get the key with their first batch', async () => {
    const { pool, thread } = onePool()
    expect(thread.source).toContain('parentPort.on')
    expect(thread.options).toEqual({ eval: true, name: 'sealwright-signing', execArgv: [], env: {} })
    expect([...thread.keys]).toEqual([])
    const signed = signAll(pool, [1])
    await turn()
    expect([...thread.keys.values()]).toEqual([
      { key: privateKey('Ed25519'), digest: null, coordinateLength: null, signatureLength: 64 },
    ])
    thread.answer()
    await Promise.all(signed)
  })

  test('keep the process running only while they have something to do', async () => {
    const { pool, thread } = onePool()
    expect(thread.isReferenced).toBe(false)
    const [single] = signAll(pool, [9])
    await turn()
    expect(thread.isReferenced).toBe(true)
    thread.answer()
    expect(thread.isReferenced).toBe(false)
    expect(await single).toBe(9)
    const signed = signAll(pool, [1, 2])
    await turn()
    expect(thread.isReferenced).toBe(true)
    thread.answer()
    expect(thread.isReferenced).toBe(true)
    thread.answer()
    expect(thread.isReferenced).toBe(false)
    expect(await Promise.all(signed)).toEqual([1, 2])
  })

  test('share two memories with the pool, and use them by turns', async () => {
    const { pool, thread } = onePool()
    const share = vi.spyOn(thread.memories, 'set')
    const signed = signAll(pool, upTo(6))
    await turn()
    await finish(pool)
    expect(await Promise.all(signed)).toEqual(upTo(6))
    const [first, second] = [...thread.memories.values()]
    expect(thread.batches.map(({ memory }) => memory)).toEqual([first, second, first, second, first, second])
    expect(thread.batches.map(({ memory }) => memory === first)).toEqual([
      true,
      false,
      true,
      false,
      true,
      false,
    ])
    expect(share).toHaveBeenCalledTimes(2)
    expect([first?.byteLength, second?.byteLength]).toEqual([65_536, 65_536])
  })

  test('get more memory for a large batch, and give up what is unusually large', async () => {
    const { pool, thread } = onePool()
    const memory: number[] = []
    for (const length of [100_000, 1, 1, 1, 3_000_000, 1, 1, 600_000, 1, 1]) {
      const signature = pool.sign(new Uint8Array(length).fill(7))
      // oxlint-disable-next-line no-await-in-loop
      await turn()
      memory.push(thread.batches.at(-1)?.memory.byteLength ?? 0)
      thread.answer()
      // oxlint-disable-next-line no-await-in-loop
      expect(await signature).toEqual(Buffer.alloc(64, 7))
    }
    // By turns: up to 1 MiB is kept, and what 3,000,000 bytes and a signature need is not.
    const large = dataStart + 3_000_000 + 64
    expect(memory.slice(0, 7)).toEqual([131_072, 65_536, 131_072, 65_536, large, 65_536, 65_536])
    expect(memory.slice(7)).toEqual([1_048_576, 65_536, 1_048_576])
  })

  test('with nothing to do get equal parts, but no less than a quarter of a full batch', async () => {
    const pool = startPool(3)
    for (const thread of threads) thread.run()
    const first = signAll(pool, [9])
    await turn()
    // A full batch has 8.
    threadAt(0).answer(0.125)
    const many = signAll(pool, upTo(9))
    await turn()
    expect(threads.map(({ inputs }) => inputs)).toEqual([[[9], [0, 1, 2]], [[3, 4, 5]], [[6, 7, 8]]])
    await finish(pool)
    const few = signAll(pool, upTo(3))
    await turn()
    expect(threads.map((thread) => sizes(thread).slice(-1))).toEqual([[2], [1], [3]])
    await finish(pool)
    expect(await Promise.all([...first, ...many, ...few])).toEqual([9, ...upTo(9), ...upTo(3)])
  })

  test('that are busy get a second batch once a full one waits, the least busy first', async () => {
    const pool = startPool(2)
    for (const thread of threads) thread.run()
    const signed = signAll(pool, [9])
    await turn()
    threadAt(0).answer(0.125)
    signed.push(...signAll(pool, upTo(4)))
    await turn()
    expect(threads.map(sizes)).toEqual([[1, 2], [2]])
    signed.push(...signAll(pool, upTo(7)))
    await turn()
    expect(threads.map(sizes)).toEqual([[1, 2], [2]])
    signed.push(...signAll(pool, [7, 8]))
    await turn()
    expect(threads.map(sizes)).toEqual([[1, 2, 8], [2]])
    threadAt(1).answer()
    await turn()
    expect(threads.map(sizes)).toEqual([
      [1, 2, 8],
      [2, 1],
    ])
    await finish(pool)
    expect(await Promise.all(signed)).toEqual([9, ...upTo(4), ...upTo(9)])
  })
})

describe('a batch', () => {
  test('has one signature until the time for one is known, and a thread gets two batches', async () => {
    const { pool, thread } = onePool()
    const signed = signAll(pool, upTo(5))
    expect(thread.batches).toEqual([])
    await turn()
    expect(thread.inputs).toEqual([[0], [1]])
    thread.answer()
    expect(thread.inputs).toHaveLength(2)
    await turn()
    expect(thread.inputs).toEqual([[0], [1], [2]])
    await finish(pool)
    expect(await Promise.all(signed)).toEqual(upTo(5))
  })

  test.each([
    [0.125, 8],
    [1, 1],
    [4, 1],
    [1 / 1024, 64],
  ])('that takes %d ms for one signature grows to %i', async (duration, size) => {
    const { pool, thread } = onePool()
    const first = signAll(pool, [1])
    await turn()
    thread.answer(duration)
    const signed = signAll(pool, upTo(200))
    await turn()
    expect(sizes(thread)).toEqual([1, size, size])
    await finish(pool)
    expect(await Promise.all([...first, ...signed])).toEqual([1, ...upTo(200)])
  })

  test('has a size by the moving average of the time for one signature', async () => {
    const { pool, thread } = onePool()
    const signed = signAll(pool, [1])
    await turn()
    thread.answer(0.125)
    signed.push(...signAll(pool, [2]))
    await turn()
    thread.answer(1.125)
    signed.push(...signAll(pool, upTo(20)))
    await turn()
    // (7 × 0.125 + 1.125) ÷ 8 = 0.25
    expect(sizes(thread)).toEqual([1, 1, 4, 4])
    await finish(pool)
    await Promise.all(signed)
  })

  test('counts its time for each of its signatures', async () => {
    const { pool, thread } = onePool()
    const signed = signAll(pool, [1])
    await turn()
    thread.answer(0.125)
    signed.push(...signAll(pool, upTo(16)))
    await turn()
    expect(sizes(thread)).toEqual([1, 8, 8])
    thread.answer(1)
    thread.answer(1)
    signed.push(...signAll(pool, upTo(16)))
    await turn()
    expect(sizes(thread)).toEqual([1, 8, 8, 8, 8])
    await finish(pool)
    await Promise.all(signed)
  })

  test('that cannot be signed rejects all of it, and what follows is signed', async () => {
    const { pool, thread } = onePool()
    const signed = signAll(pool, [1])
    await turn()
    const cause = new Error('too small')
    thread.fail(cause)
    expect(await signed[0]).toMatchObject({
      code: 'UNSUPPORTED_KEY',
      message: `OpenSSL cannot sign with the key ${pool.keyId}`,
      cause,
    })
    expect(pool.pending).toBe(0)
    const [next] = signAll(pool, [2])
    await turn()
    thread.answer()
    expect(await next).toBe(2)
  })
})

describe('when a thread ends', () => {
  test('what it had goes to another before all that waits', async () => {
    const { pool, thread } = onePool()
    const signed = signAll(pool, upTo(4))
    await turn()
    expect(thread.inputs).toEqual([[0], [1]])
    thread.end()
    expect(threads).toHaveLength(2)
    threadAt(1).run()
    expect(threadAt(1).inputs).toEqual([[0], [1]])
    await finish(pool)
    expect(await Promise.all(signed)).toEqual(upTo(4))
  })

  test('without anything to do, no other is started before the next signature', async () => {
    const { pool, thread } = onePool()
    thread.end()
    await turn()
    expect(threads).toHaveLength(1)
    const signed = signAll(pool, [1])
    await turn()
    threadAt(1).run()
    threadAt(1).answer()
    expect(await Promise.all(signed)).toEqual([1])
  })

  test('for the third time while it signs something, that is given up with the error, and nothing else', async () => {
    const { pool } = onePool()
    const signed = signAll(pool, [1, 2, 3])
    await turn()
    const cause = new Error('out of memory')
    for (const index of [0, 1, 2]) {
      if (index > 0) threadAt(index).run()
      expect(pool.pending).toBe(3)
      threadAt(index).end(cause)
    }
    expect(await signed[0]).toMatchObject({
      code: 'UNAVAILABLE',
      message: `3 threads ended while signing with the key ${pool.keyId}`,
      cause,
    })
    expect(pool.pending).toBe(2)
    // The thread had the second one too, and had not begun with it.
    threadAt(3).run()
    expect(threadAt(3).inputs).toEqual([[2], [3]])
    await finish(pool)
    expect(await Promise.all(signed.slice(1))).toEqual([2, 3])
  })

  test('before it runs, the end counts for all that waits, unless another runs', async () => {
    const pool = startPool(1)
    const signed = signAll(pool, [1])
    await turn()
    for (const index of [0, 1, 2]) threadAt(index).end()
    expect(await signed[0]).toMatchObject({ code: 'UNAVAILABLE' })
    // Without an error there is no cause.
    expect(await signed[0]).not.toHaveProperty('cause')
    expect(pool.pending).toBe(0)

    const running = startPool(2)
    const first = threads.length - 2
    threadAt(first).run()
    const kept = signAll(running, [1, 2, 3])
    await turn()
    for (const end of [1, 2, 3, 4]) threadAt(first + end).end()
    expect(running.pending).toBe(3)
    for (const _ of kept) {
      threadAt(first).answer()
      // oxlint-disable-next-line no-await-in-loop
      await turn()
    }
    expect(await Promise.all(kept)).toEqual([1, 2, 3])
  })

  test('what was aborted while it had it is not signed again', async () => {
    const { pool, thread } = onePool()
    const controller = new AbortController()
    const [given] = signAll(pool, [1], controller.signal)
    const [kept] = signAll(pool, [2])
    await turn()
    controller.abort('enough')
    expect(await given).toBe('enough')
    // The thread has it still.
    expect(pool.pending).toBe(2)
    thread.end()
    expect(pool.pending).toBe(1)
    threadAt(1).run()
    expect(threadAt(1).inputs).toEqual([[2]])
    threadAt(1).answer()
    expect(await kept).toBe(2)
  })

  test('and none can be started, what waits is refused; where some run, they sign', async () => {
    const pool = startPool(2)
    threadAt(0).run()
    threadAt(1).run()
    limit.threads = 0
    threadAt(1).end()
    const signed = signAll(pool, [1])
    await turn()
    threadAt(0).answer()
    expect(await signed[0]).toBe(1)
    threadAt(0).end()
    const [refused] = signAll(pool, [2])
    expect(await refused).toMatchObject({
      code: 'UNAVAILABLE',
      message: `no thread can be started to sign with the key ${pool.keyId}`,
      cause: { message: 'EAGAIN' },
    })
    expect(pool.pending).toBe(0)
  })
})

describe('an abort', () => {
  test('of what waits makes room at once, and it is not sent', async () => {
    const { pool, thread } = onePool({ capacity: 3 })
    const controller = new AbortController()
    const kept = signAll(pool, [1])
    const given = signAll(pool, [2, 3], controller.signal)
    expect(pool.pending).toBe(3)
    const [refused] = signAll(pool, [4])
    expect(await refused).toMatchObject({
      code: 'UNAVAILABLE',
      message: `3 signatures with the key ${pool.keyId} are already waiting; try again later`,
    })
    controller.abort('enough')
    expect(await Promise.all(given)).toEqual(['enough', 'enough'])
    expect(pool.pending).toBe(1)
    kept.push(...signAll(pool, [5, 6]))
    await turn()
    expect(thread.inputs).toEqual([[1], [5]])
    await finish(pool)
    expect(await Promise.all(kept)).toEqual([1, 5, 6])
  })

  test('of all that waits sends nothing', async () => {
    const { pool, thread } = onePool()
    const controller = new AbortController()
    const given = signAll(pool, [1, 2], controller.signal)
    controller.abort('enough')
    await turn()
    expect([thread.batches, pool.pending]).toEqual([[], 0])
    expect(await Promise.all(given)).toEqual(['enough', 'enough'])
    const [next] = signAll(pool, [3])
    await turn()
    thread.answer()
    expect(await next).toBe(3)
  })

  test('of what comes back from a thread that has ended makes room at once', async () => {
    const { pool, thread } = onePool()
    const controller = new AbortController()
    const [given] = signAll(pool, [1], controller.signal)
    await turn()
    thread.end()
    expect(pool.pending).toBe(1)
    controller.abort('enough')
    expect(await given).toBe('enough')
    expect(pool.pending).toBe(0)
    threadAt(1).run()
    expect(threadAt(1).batches).toEqual([])
  })

  test('of what a thread has keeps its place until the thread answers', async () => {
    const { pool, thread } = onePool({ capacity: 1 })
    const controller = new AbortController()
    const [given] = signAll(pool, [1], controller.signal)
    await turn()
    controller.abort('enough')
    expect(await given).toBe('enough')
    expect(await signAll(pool, [2])[0]).toMatchObject({ code: 'UNAVAILABLE' })
    thread.answer()
    expect(pool.pending).toBe(0)
  })
})

test.each<[unknown, unknown, string]>([
  ['x', undefined, 'data must be a Uint8Array'],
  [new Uint8Array(1), 'x', 'options must be an object; the only option is signal'],
])('wrong arguments are refused and take no place (%#)', async (data, options, message) => {
  const { pool } = onePool()
  await expect(pool.sign(data as Uint8Array, options as SignOptions)).rejects.toMatchObject({
    code: 'INVALID_ARGUMENT',
    message,
  })
  expect(pool.pending).toBe(0)
})

test('wrong options of a pool are refused', () => {
  expect(() => startPool(1, { size: 3 } as SigningPoolOptions)).toThrow(
    'options.size is not an option; the options are algorithm, threads, capacity',
  )
  expect(startPool(1, { algorithm: 'EdDSA' }).algorithm.name).toBe('EdDSA')
})

describe('closing', () => {
  test('ends the threads when all is signed, once, and refuses more', async () => {
    const { pool, thread } = onePool()
    const signed = signAll(pool, [1, 2, 3])
    let isClosed = false
    const closed = pool.close()
    void closed.then(() => (isClosed = true))
    expect(pool.close()).toBe(closed)
    expect(await signAll(pool, [4])[0]).toMatchObject({
      code: 'UNAVAILABLE',
      message: `the signing pool of the key ${pool.keyId} is closed`,
    })
    await turn()
    const end = vi.spyOn(thread, 'terminate')
    thread.answer()
    thread.answer()
    await turn()
    expect([isClosed, end.mock.calls]).toEqual([false, []])
    thread.answer()
    expect(await Promise.all(signed)).toEqual([1, 2, 3])
    await closed
    expect(end).toHaveBeenCalledOnce()
  })

  test('a pool that has nothing to do ends every thread at once', async () => {
    const pool = startPool(2)
    const ends = threads.map((thread) => vi.spyOn(thread, 'terminate'))
    await pool.close()
    for (const end of ends) expect(end).toHaveBeenCalledOnce()
    expect(threads).toHaveLength(2)
  })
})
