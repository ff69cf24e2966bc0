// What pools with different keys do on the same threads. The threads are stand-ins, so that each test decides what they do.
import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import type * as Os from 'node:os'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { privateKey } from '@sealwright/test-kit/keys'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { createSigner, createSigningPool, type SigningPool } from '../../src/index.ts'
import { limit, threads, type FakeWorker } from '../support/fake-worker.ts'

vi.mock('node:worker_threads', async () => {
  const { FakeWorker: Worker } = await import('../support/fake-worker.ts')
  return { Worker }
})

vi.mock('node:os', async (importOriginal) => ({
  ...(await importOriginal<typeof Os>()),
  availableParallelism: () => 2,
}))

const pools: SigningPool[] = []

beforeEach(() => {
  threads.length = 0
  limit.threads = Infinity
})

afterEach(async () => {
  limit.threads = Infinity
  await Promise.all(pools.splice(0).map((pool) => pool.close()))
})

function newKey(): KeyObject {
  return generateKeyPairSync('ed25519').privateKey
}

function startPool(key: KeyObject = newKey()): SigningPool {
  const pool = createSigningPool(key)
  pools.push(pool)
  return pool
}

function threadAt(index: number): FakeWorker {
  const thread = threads[index]
  if (thread === undefined) throw new Error(`there is no thread ${index}`)
  return thread
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

/** Asks for signatures of inputs with these first bytes; each comes out as that byte, or as its error. */
function signAll(pool: SigningPool, inputs: readonly number[]): Promise<unknown>[] {
  return inputs.map((first) =>
    pool.sign(Uint8Array.of(first, 0)).then(
      (signature) => signature[0],
      (error: unknown) => error,
    ),
  )
}

/** Answers all that the threads have, each signature taking that many milliseconds. */
async function finishAll(duration = 1): Promise<void> {
  for (const thread of threads) {
    thread.answer(duration)
    thread.answer(duration)
  }
  await turn()
}

/** A pool whose next batches have `size` signatures. */
async function startMeasuredPool(size: number): Promise<SigningPool> {
  const pool = startPool()
  for (const thread of threads) thread.run()
  const signed = signAll(pool, [0])
  await turn()
  await finishAll(1 / size)
  await Promise.all(signed)
  return pool
}

test('a batch that there is no memory for is refused, and the memory of another one is not used for the next', async () => {
  const pool = await startMeasuredPool(1)
  threadAt(1).end()
  limit.threads = 0
  const first = signAll(pool, [1])
  await turn()
  const Shared = SharedArrayBuffer
  vi.stubGlobal(
    'SharedArrayBuffer',
    class extends Shared {
      constructor(size: number) {
        if (size > 2 ** 20) throw new RangeError('Array buffer allocation failed')
        super(size)
      }
    },
  )
  const large = pool.sign(new Uint8Array(2 ** 21))
  await expect(large).rejects.toMatchObject({
    code: 'UNAVAILABLE',
    message: `there is no memory to sign with the key ${pool.keyId}`,
    cause: { name: 'RangeError' },
  })
  vi.unstubAllGlobals()
  const second = signAll(pool, [2])
  await turn()
  await finishAll()
  expect(await Promise.all([...first, ...second])).toEqual([1, 2])
  expect(pool.pending).toBe(0)
})

test('data that OpenSSL does not take at once is refused', async () => {
  const data = Object.defineProperty(new Uint8Array(1), 'length', { value: 2 ** 31 })
  await expect(startPool().sign(data)).rejects.toMatchObject({
    code: 'LIMIT_EXCEEDED',
    message: expect.stringMatching(/^data has 2147483648 bytes\b.*\b2147483647\b/) as string,
  })
})

describe('pools with different keys', () => {
  test('share threads, as many as there are cores', async () => {
    const [first, second] = [startPool(), startPool()]
    expect(threads).toHaveLength(2)
    threadAt(0).run()
    await Promise.all([first.ready, second.ready])
    const third = startPool()
    await third.ready
    expect(threads).toHaveLength(2)
  })

  test('and a signer of mode pool share threads; one that names a number of threads has its own', async () => {
    startPool()
    const signer = createSigner(newKey(), { mode: 'pool' })
    expect(threads).toHaveLength(2)
    const own = createSigningPool(newKey(), { threads: 3 })
    const ownSigner = createSigner(newKey(), { mode: 'pool', threads: 1 })
    expect(threads).toHaveLength(6)
    await Promise.all([signer.close(), own.close(), ownSigner.close()])
  })

  test('each sign with their own key, which a thread gets once', async () => {
    const [firstKey, secondKey] = [newKey(), privateKey('Ed25519')]
    const [first, second] = [startPool(firstKey), startPool(secondKey)]
    threadAt(0).run()
    const post = vi.spyOn(threadAt(0), 'postMessage')
    for (let round = 0; round < 3; round++) {
      const signed = [...signAll(first, [1]), ...signAll(second, [2])]
      // oxlint-disable no-await-in-loop
      await turn()
      await finishAll()
      expect(await Promise.all(signed)).toEqual([1, 2])
      // oxlint-enable no-await-in-loop
    }
    const added = post.mock.calls.flatMap(([message]) =>
      typeof message === 'object' && 'add' in message ? [message.key.key] : [],
    )
    expect(added).toEqual([firstKey, secondKey])
    const [numberOfFirst, numberOfSecond] = threadAt(0).keys.keys()
    expect(threadAt(0).signedWith).toEqual(
      Array.from({ length: 3 }, () => [numberOfFirst, numberOfSecond]).flat(),
    )
  })

  test('have their own capacity and count', async () => {
    const small = createSigningPool(newKey(), { capacity: 1 })
    pools.push(small)
    const other = startPool()
    const signed = signAll(other, [1, 2, 3])
    expect([small.pending, other.pending]).toEqual([0, 3])
    signed.push(...signAll(small, [4]))
    expect(await signAll(small, [5])[0]).toMatchObject({ code: 'UNAVAILABLE' })
    threadAt(0).run()
    await turn()
    await finishAll()
    await finishAll()
    expect(await Promise.all(signed)).toEqual([1, 2, 3, 4])
  })
})

describe('keys take turns', () => {
  test.each([
    ['of a new key', () => startPool()],
    ['of a key whose full batch is larger', () => startMeasuredPool(8)],
  ])(
    'a single signature %s goes next, before the many that wait with another key',
    async (_, startSingle) => {
      const many = await startMeasuredPool(8)
      const single = await startSingle()
      const signed = signAll(
        many,
        Array.from({ length: 100 }, () => 7),
      )
      await turn()
      expect(threads.map(({ inputs }) => inputs.slice(-2).map(({ length }) => length))).toEqual([
        [8, 8],
        [8, 8],
      ])
      signed.push(...signAll(single, [9]))
      await turn()
      threadAt(0).answer()
      await turn()
      expect(threadAt(0).inputs.at(-1)).toEqual([9])
      for (let round = 0; round < 10; round++) {
        // oxlint-disable-next-line no-await-in-loop
        await finishAll(1)
      }
      expect(await Promise.all(signed)).toEqual([...Array.from({ length: 100 }, () => 7), 9])
    },
  )

  test('those with much to do get equal numbers of batches', async () => {
    const busy = [await startMeasuredPool(4), await startMeasuredPool(4)]
    const before = threads.map(({ signedWith }) => signedWith.length)
    const signed = busy.flatMap((pool) =>
      signAll(
        pool,
        Array.from({ length: 40 }, () => 1),
      ),
    )
    await turn()
    await finishAll(1)
    await finishAll(1)
    const sent = threads.flatMap(({ signedWith }, index) => signedWith.slice(before[index]))
    const numbers = [...new Set(sent)]
    expect(numbers).toHaveLength(2)
    expect(numbers.map((each) => sent.filter((number) => number === each).length)).toEqual([6, 6])
    while (busy.some(({ pending }) => pending > 0)) {
      // oxlint-disable-next-line no-await-in-loop
      await finishAll(1)
    }
    await Promise.all(signed)
  })
})

describe('when a thread ends', () => {
  test('what it had of each key goes to another, which gets the keys anew', async () => {
    const [first, second] = [startPool(), startPool()]
    threadAt(0).run()
    const signed = [...signAll(first, [1]), ...signAll(second, [2])]
    await turn()
    expect(threadAt(0).inputs).toEqual([[1], [2]])
    threadAt(0).end()
    threadAt(1).run()
    expect(threadAt(1).inputs).toEqual([[1], [2]])
    expect([...threadAt(1).keys]).toEqual([...threadAt(0).keys])
    await finishAll()
    expect(await Promise.all(signed)).toEqual([1, 2])
  })

  test('three times under one key, the others sign', async () => {
    const [deadly, other] = [startPool(), startPool()]
    const doomed = signAll(deadly, [1])
    const signed = signAll(other, [2])
    for (const index of [0, 1, 2]) {
      threadAt(index).run()
      // oxlint-disable-next-line no-await-in-loop
      await turn()
      expect(threadAt(index).inputs).toEqual([[1], [2]])
      threadAt(index).end()
    }
    expect(await doomed[0]).toMatchObject({
      code: 'UNAVAILABLE',
      message: `3 threads ended while signing with the key ${deadly.keyId}`,
    })
    threadAt(3).run()
    await finishAll()
    expect(await Promise.all(signed)).toEqual([2])
  })

  test('and none can be started, each caller learns it with its own key', async () => {
    const both = [startPool(), startPool()]
    for (const thread of threads) thread.run()
    limit.threads = 0
    for (const thread of threads) thread.end()
    const refused = await Promise.all(both.flatMap((pool) => signAll(pool, [1])))
    expect(refused).toEqual(
      both.map(({ keyId }) =>
        expect.objectContaining({
          code: 'UNAVAILABLE',
          message: `no thread can be started to sign with the key ${keyId}`,
        }),
      ),
    )
    expect(both.map(({ pending }) => pending)).toEqual([0, 0])
  })
})

describe('closing a pool', () => {
  test('takes its key away from the threads, and the other key stays', async () => {
    const [first, second] = [startPool(), startPool()]
    threadAt(0).run()
    const signed = [...signAll(first, [1]), ...signAll(second, [2])]
    await turn()
    await finishAll()
    await Promise.all(signed)
    const [, kept] = threadAt(0).keys
    await first.close()
    expect([...threadAt(0).keys]).toEqual([kept])
    const end = vi.spyOn(threadAt(0), 'terminate')
    const more = signAll(second, [3])
    await turn()
    await finishAll()
    expect(await Promise.all(more)).toEqual([3])
    expect(end).not.toHaveBeenCalled()
  })

  test('waits for its own signatures alone', async () => {
    const [first, second] = [startPool(), startPool()]
    threadAt(0).run()
    const signed = signAll(first, [1])
    await turn()
    signed.push(...signAll(second, [2]))
    await turn()
    const closed = first.close()
    threadAt(0).answer()
    await closed
    expect([first.pending, second.pending]).toEqual([0, 1])
    threadAt(0).answer()
    expect(await Promise.all(signed)).toEqual([1, 2])
  })

  test('as the last one ends the threads; a later pool starts others, and is ready when one runs', async () => {
    const first = startPool()
    threadAt(0).run()
    await first.ready
    await first.close()
    const second = startPool()
    expect(threads).toHaveLength(4)
    let isReady = false
    void second.ready.then(() => (isReady = true))
    // Late news of a thread that was ended.
    threadAt(1).run()
    await turn()
    expect(isReady).toBe(false)
    const signed = signAll(second, [1])
    threadAt(2).run()
    await turn()
    expect([isReady, threadAt(2).inputs, threadAt(0).inputs]).toEqual([true, [[1]], []])
    threadAt(2).answer()
    expect(await Promise.all(signed)).toEqual([1])
  })
})

test('the key of a pool that was not closed is taken away when the pool is garbage, once all is signed', async () => {
  startPool()
  threadAt(0).run()
  const signed = signAll(createSigningPool(newKey()), [1])
  await turn()
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  collect()
  await turn()
  expect(threadAt(0).keys.size).toBe(1)
  threadAt(0).answer()
  expect(await Promise.all(signed)).toEqual([1])
  for (let round = 0; round < 100 && threadAt(0).keys.size > 0; round++) {
    collect()
    // oxlint-disable-next-line no-await-in-loop
    await turn()
  }
  expect(threadAt(0).keys.size).toBe(0)
})
