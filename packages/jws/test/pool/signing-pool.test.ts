import { execFile } from 'node:child_process'
import { verify } from 'node:crypto'
import { once } from 'node:events'
import { join } from 'node:path'
import { inspect, promisify } from 'node:util'
import type { Worker } from 'node:worker_threads'
import { isSealwrightError } from '@sealwright/core'
import { scratchFolderForFile } from '@sealwright/test-kit/folders'
import { brokenKey, privateKey, privateKeys } from '@sealwright/test-kit/keys'
import * as fc from 'fast-check'
import { build } from 'vite'
import { afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import {
  createJwtIssuer,
  createSigningPool,
  type SigningPool,
  type SigningPoolOptions,
} from '../../src/index.ts'
import { verifyWithNode } from '../support/keys.ts'

const pools: SigningPool[] = []
/** The threads that were started, as Node announces them. */
let workers: Worker[] = []
const onWorker = (worker: Worker): void => void workers.push(worker)

beforeEach(() => {
  process.on('worker', onWorker)
})

afterEach(async () => {
  process.off('worker', onWorker)
  await Promise.all(pools.splice(0).map((pool) => pool.close()))
  workers = []
})

function startPool(algorithm: string, options: SigningPoolOptions = {}): SigningPool {
  const pool = createSigningPool(privateKey(algorithm), { algorithm, threads: 2, ...options })
  pools.push(pool)
  return pool
}

/** Something to sign that no other test or index has. */
function input(index: number): Buffer {
  return Buffer.from(`${Buffer.from('{}').toString('base64url')}.${'x'.repeat(index % 50)}${index}`)
}

function verifies(pool: SigningPool, data: Buffer, signature: Uint8Array): boolean {
  const encoded = Buffer.from(signature).toString('base64url')
  return verifyWithNode(`${data.toString()}.${encoded}`, pool.algorithm.name, pool.publicKey)
}

/** Node announces a thread a moment after it was started. */
function announcements(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await announcements()
}

function kill(worker: Worker): void {
  void worker.terminate()
}

/** All but the first that was started. */
function killOthers(worker: Worker): void {
  if (workers.length > 1) kill(worker)
}

function settled(promises: readonly Promise<unknown>[]): Promise<string[]> {
  return Promise.allSettled(promises).then((all) => all.map(({ status }) => status))
}

describe.for([...privateKeys.keys()])('%s', (algorithm) => {
  test('each of many at once gets the signature of its own data', async () => {
    const pool = startPool(algorithm)
    const length = ['ES256', 'Ed25519', 'RS256'].includes(algorithm) ? 200 : 30
    const inputs = Array.from({ length }, (_, index) => input(index))
    const signatures = await Promise.all(inputs.map((data) => pool.sign(data)))
    expect(signatures.every((signature, index) => verifies(pool, inputs[index] as Buffer, signature))).toBe(
      true,
    )
    expect(pool.pending).toBe(0)
  })
})

describe('data', () => {
  test('one after the other, empty, large and of a view only', async () => {
    const pool = startPool('ES256')
    const all = Buffer.from('..0123456789')
    for (const data of [Buffer.from('.'), Buffer.from(`.${'x'.repeat(1_000_000)}`), all.subarray(1, 8)]) {
      expect(verifies(pool, data, await pool.sign(data))).toBe(true)
    }
    await expect(pool.sign(new Uint8Array())).resolves.toHaveLength(64)
  })

  test('can be overwritten by the caller at once', async () => {
    const pool = startPool('Ed25519')
    const data = input(1)
    const pending = pool.sign(data)
    data.fill(0)
    expect(verifies(pool, input(1), await pending)).toBe(true)
  })

  test('a signature can be overwritten by its receiver and no other changes', async () => {
    const pool = startPool('RS256')
    const [first, second] = await Promise.all([pool.sign(input(1)), pool.sign(input(2))])
    first?.fill(0)
    expect(verifies(pool, input(2), second)).toBe(true)
  })
})

test('an issuer over a pool issues through the promise', async () => {
  const pool = startPool('ES256')
  const issuer = createJwtIssuer(pool, { issuer: 'https://auth.example.com' })
  expect(issuer.canIssueSync).toBe(false)
  const tokens = await Promise.all(Array.from({ length: 50 }, () => issuer.issue({ sub: 'alice' })))
  expect(new Set(tokens).size).toBe(50)
  for (const token of tokens) {
    expect(verifyWithNode(token, 'ES256', pool.publicKey)).toBe(true)
  }
})

test('what is beyond the capacity is refused at once, and taken again later', async () => {
  const pool = startPool('RS256', { capacity: 3 })
  const taken = [1, 2, 3].map((index) => pool.sign(input(index)))
  expect(pool.pending).toBe(3)
  await expect(pool.sign(input(4))).rejects.toMatchObject({
    code: 'UNAVAILABLE',
    message: expect.stringContaining('3 signatures') as string,
  })
  expect(await settled(taken)).toEqual(['fulfilled', 'fulfilled', 'fulfilled'])
  expect(pool.pending).toBe(0)
  expect(verifies(pool, input(5), await pool.sign(input(5)))).toBe(true)
})

describe('an abort', () => {
  const reason = new Error('enough')

  test('before signing rejects with its reason, and nothing is pending', async () => {
    const pool = startPool('ES256')
    await expect(pool.sign(input(1), { signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
    expect(pool.pending).toBe(0)
  })

  test('of some rejects those at once, wherever they are, and no others', async () => {
    const pool = startPool('RS256')
    const controller = new AbortController()
    const pending = Array.from({ length: 60 }, (_, index) =>
      pool.sign(input(index), index % 3 === 0 ? { signal: controller.signal } : {}),
    )
    // By now some are done, some under way and most are waiting.
    await pending[1]
    controller.abort(reason)
    const results = await Promise.allSettled(pending)
    const signed = results.flatMap((result, index) =>
      result.status === 'fulfilled' ? [{ index, signature: result.value }] : [],
    )
    const rejected = results.flatMap((result, index) =>
      result.status === 'rejected' ? [{ index, reason: result.reason as unknown }] : [],
    )
    expect(signed.every(({ index, signature }) => verifies(pool, input(index), signature))).toBe(true)
    expect(signed.length).toBeGreaterThanOrEqual(40)
    expect(rejected.length).toBeGreaterThan(0)
    expect(rejected.every((each) => each.index % 3 === 0 && each.reason === reason)).toBe(true)
    await pool.close()
    expect(pool.pending).toBe(0)
  })

  test('makes room at once for others, before any thread runs', async () => {
    const pool = startPool('ES256', { capacity: 3 })
    const controller = new AbortController()
    const { signal } = controller
    const given = [1, 2].map((index) => pool.sign(input(index), { signal }))
    const kept = pool.sign(input(3))
    controller.abort(reason)
    expect(pool.pending).toBe(1)
    const others = [4, 5].map((index) => pool.sign(input(index)))
    await expect(pool.sign(input(6))).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    expect(await settled(given)).toEqual(['rejected', 'rejected'])
    expect(await settled([kept, ...others])).toEqual(['fulfilled', 'fulfilled', 'fulfilled'])
  })

  test('of everything leaves a pool that can be closed and signs until then', async () => {
    const pool = startPool('RS256', { capacity: 100 })
    for (let round = 0; round < 50; round++) {
      const controller = new AbortController()
      const { signal } = controller
      const given = Array.from({ length: 100 }, () => settled([pool.sign(input(round), { signal })]))
      controller.abort(reason)
      expect(pool.pending).toBe(0)
      expect(new Set((await Promise.all(given)).flat())).toEqual(new Set(['rejected']))
    }
    expect(verifies(pool, input(1), await pool.sign(input(1)))).toBe(true)
    await expect(pool.close()).resolves.toBeUndefined()
  })

  test('with one signal for many at once warns of no leak', async () => {
    const warnings: Error[] = []
    const onWarning = (warning: Error): void => void warnings.push(warning)
    process.on('warning', onWarning)
    try {
      const pool = startPool('Ed25519')
      const { signal } = new AbortController()
      await Promise.all(Array.from({ length: 30 }, (_, index) => pool.sign(input(index), { signal })))
      await announcements()
      expect(warnings).toEqual([])
    } finally {
      process.off('warning', onWarning)
    }
  })

  test('after the signature leaves no listener behind', async () => {
    const pool = startPool('ES256')
    const { signal } = new AbortController()
    let listeners = 0
    const counted = Object.assign(signal, {
      addEventListener: () => void listeners++,
      removeEventListener: () => void listeners--,
    })
    await pool.sign(input(1), { signal: counted })
    expect(listeners).toBe(0)
  })
})

describe('when a thread dies', () => {
  test('what it was working on is signed by others, again and again', async () => {
    const pool = startPool('RS256')
    await announcements()
    // A thread that does not run yet may take so long to end that the other one signs everything.
    await Promise.all(workers.map((worker) => once(worker, 'online')))
    const inputs = Array.from({ length: 300 }, (_, index) => input(index))
    const pending = inputs.map((data) => pool.sign(data))
    for (const done of [10, 60, 120]) {
      await pending[done]
      await workers.at(-1)?.terminate()
    }
    const signatures = await Promise.all(pending)
    expect(signatures.every((signature, index) => verifies(pool, inputs[index] as Buffer, signature))).toBe(
      true,
    )
    expect(workers.length).toBeGreaterThan(2)
    expect(pool.pending).toBe(0)
  })

  test('all of them, with nothing to do: the next signature starts others', async () => {
    const pool = startPool('ES256')
    await pool.sign(input(1))
    await Promise.all(workers.map((worker) => worker.terminate()))
    expect(workers).toHaveLength(2)
    expect(verifies(pool, input(2), await pool.sign(input(2)))).toBe(true)
    expect(workers).toHaveLength(4)
  })

  test('before it runs, time and again, those that run sign everything', async () => {
    process.on('worker', killOthers)
    try {
      const pool = startPool('RS256', { threads: 4 })
      await pool.ready
      const inputs = Array.from({ length: 300 }, (_, index) => input(index))
      const signatures = await Promise.all(inputs.map((data) => pool.sign(data)))
      expect(signatures.every((signature, index) => verifies(pool, inputs[index] as Buffer, signature))).toBe(
        true,
      )
      expect(workers.length).toBeGreaterThan(6)
    } finally {
      process.off('worker', killOthers)
    }
  })

  test('and every other as well, the signature is given up with what happened', async () => {
    process.on('worker', kill)
    try {
      const pool = startPool('ES256')
      await expect(pool.sign(input(1))).rejects.toMatchObject({ code: 'UNAVAILABLE' })
      expect(pool.pending).toBe(0)
    } finally {
      process.off('worker', kill)
    }
  })
})

describe('whatever happens', () => {
  const size = fc.oneof(
    { weight: 20, arbitrary: fc.nat(2000) },
    { weight: 1, arbitrary: fc.constantFrom(0, 65_536, 1_048_576) },
  )
  const step = fc.oneof(
    { weight: 10, arbitrary: fc.record({ kind: fc.constant('sign' as const), size }) },
    { weight: 4, arbitrary: fc.record({ kind: fc.constant('give up' as const), size, after: fc.nat(30) }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('kill' as const), which: fc.nat() }) },
    { weight: 3, arbitrary: fc.record({ kind: fc.constant('turns' as const), count: fc.nat(8) }) },
  )

  test('every signature is that of its own data or a reason why there is none, once, and nothing stays', async () => {
    const reason = new Error('enough')
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 100, maxLength: 300 }), async (steps) => {
        workers = []
        const pool = createSigningPool(privateKey('Ed25519'), { threads: 3, capacity: 150 })
        const outcomes: Promise<string>[] = []
        const sign = (length: number, signal?: AbortSignal): void => {
          const data = Buffer.alloc(length, outcomes.length)
          data.write(`${outcomes.length}`)
          const text = Buffer.from(data)
          outcomes.push(
            pool.sign(data, { signal }).then(
              (signature) => {
                if (!verify(null, text, pool.publicKey, signature)) return 'wrong'
                return 'signed'
              },
              (error: unknown) => {
                if (error === reason && signal?.aborted === true) return 'given up'
                return isSealwrightError(error, 'UNAVAILABLE') ? 'refused' : String(error)
              },
            ),
          )
          data.fill(0xff)
        }
        for (const each of steps) {
          if (each.kind === 'sign') sign(each.size)
          if (each.kind === 'kill') void workers[each.which % Math.max(1, workers.length)]?.terminate()
          if (each.kind === 'turns') await turns(each.count)
          if (each.kind === 'give up') {
            const controller = new AbortController()
            sign(each.size, controller.signal)
            void turns(each.after).then(() => controller.abort(reason))
          }
        }
        const closed = pool.close()
        expect(['signed', 'given up', 'refused']).toEqual(
          expect.arrayContaining([...new Set(await Promise.all(outcomes))]),
        )
        await closed
        expect(pool.pending).toBe(0)
        // What has ended has this id.
        expect(workers.map(({ threadId }) => threadId)).toEqual(workers.map(() => -1))
      }),
      { numRuns: 10 },
    )
  })

  test('a key that OpenSSL cannot sign with is an error of its own', async () => {
    const pool = createSigningPool(brokenKey, { threads: 1 })
    pools.push(pool)
    const refused = { code: 'UNSUPPORTED_KEY', message: expect.stringContaining(pool.keyId) as string }
    await expect(pool.sign(input(1))).rejects.toMatchObject(refused)
    await expect(pool.sign(input(2))).rejects.toMatchObject(refused)
    expect(pool.pending).toBe(0)
  })

  test('threads run whatever became of the text of functions, as where coverage is counted', async () => {
    const text = vi.spyOn(Function.prototype, 'toString').mockReturnValue('() => counters[0]++')
    try {
      const pool = startPool('ES256')
      expect(verifies(pool, input(1), await pool.sign(input(1)))).toBe(true)
    } finally {
      text.mockRestore()
    }
  })

  test('fake timers in a test do not stop signatures', async () => {
    vi.useFakeTimers()
    try {
      const pool = startPool('ES256')
      for (const index of [1, 2, 3]) {
        expect(verifies(pool, input(index), await pool.sign(input(index)))).toBe(true)
      }
    } finally {
      vi.useRealTimers()
    }
  })
})

describe('closing', () => {
  test('waits for what was asked for, takes nothing more, and ends the threads', async () => {
    const pool = startPool('RS256')
    const pending = Array.from({ length: 50 }, (_, index) => pool.sign(input(index)))
    await announcements()
    const exits = workers.map((worker) => once(worker, 'exit'))
    const closed = pool.close()
    expect(pool.close()).toBe(closed)
    await expect(pool.sign(input(99))).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    await closed
    expect(new Set(await settled(pending))).toEqual(new Set(['fulfilled']))
    expect(await Promise.all(exits)).toHaveLength(2)
    expect(workers).toHaveLength(2)
  })

  test('at once after starting', async () => {
    await expect(startPool('ES256').close()).resolves.toBeUndefined()
    await announcements()
    expect(workers.map(({ threadId }) => threadId)).toEqual([-1, -1])
  })

  test('before any thread runs, and while they die, what was asked for is done', async () => {
    const pool = startPool('RS256')
    const inputs = Array.from({ length: 50 }, (_, index) => input(index))
    const pending = inputs.map((data) => pool.sign(data))
    const closed = pool.close()
    await pending[5]
    await workers[0]?.terminate()
    const signatures = await Promise.all(pending)
    expect(signatures.every((signature, index) => verifies(pool, inputs[index] as Buffer, signature))).toBe(
      true,
    )
    await closed
    expect(workers.map(({ threadId }) => threadId)).toEqual(workers.map(() => -1))
  })
})

test.for<[string, SigningPoolOptions, string]>([
  ['no threads', { threads: 0 }, 'INVALID_ARGUMENT'],
  ['half a thread', { threads: 1.5 }, 'INVALID_ARGUMENT'],
  ['too many threads', { threads: 1025 }, 'INVALID_ARGUMENT'],
  ['no capacity', { capacity: 0 }, 'INVALID_ARGUMENT'],
  ['an algorithm that the key cannot do', { algorithm: 'RS256' }, 'UNSUPPORTED_ALGORITHM'],
])('refuses %s, and starts no thread', async ([, options, code]) => {
  expect(() => createSigningPool(privateKey('ES256'), options)).toThrow(expect.objectContaining({ code }))
  await announcements()
  expect(workers).toEqual([])
})

test('the private key cannot be seen through the pool', () => {
  const pool = startPool('ES256')
  const { d } = privateKey('ES256').export({ format: 'jwk' })
  const shown = inspect(pool, { depth: 9, showHidden: true, getters: true }) + JSON.stringify({ ...pool })
  expect(d).toBeTruthy()
  expect(shown).not.toContain(d)
  expect(shown).not.toMatch(/private/i)
})

describe('bundled and minified', () => {
  const folder = scratchFolderForFile()
  const run = (...flags: string[]): Promise<string> =>
    promisify(execFile)(process.execPath, [...flags, join(folder(), 'main.mjs')]).then(({ stdout }) => stdout)

  beforeAll(async () => {
    await build({
      configFile: false,
      logLevel: 'silent',
      resolve: { conditions: ['@sealwright/source'] },
      ssr: { noExternal: true, resolve: { conditions: ['@sealwright/source'] } },
      build: {
        ssr: new URL('../support/pool-process.ts', import.meta.url).pathname,
        outDir: folder(),
        minify: true,
        rolldownOptions: { output: { entryFileNames: 'main.mjs' } },
      },
    })
  })

  test('it works, and a pool that is not closed lets the process end', async () => {
    expect(await run()).toBe('pool: 64 64 64\nauto: 300 of 64\n')
  })

  test('where Node may start no threads a pool says so, and the choice falls on others', async () => {
    const permission = process.allowedNodeEnvironmentFlags.has('--permission')
      ? '--permission'
      : '--experimental-permission'
    expect(await run(permission, '--allow-fs-read=*')).toBe('pool: UNAVAILABLE\nauto: 300 of 64\n')
  })
})
