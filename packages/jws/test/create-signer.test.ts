import { once } from 'node:events'
import type { Worker } from 'node:worker_threads'
import type { SignOptions } from '@sealwright/core'
import { brokenKey, privateKey, privateKeys } from '@sealwright/test-kit/keys'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import {
  createJwtIssuer,
  createSigner,
  type CreateSignerOptions,
  type ManagedSigner,
  type SigningMode,
} from '../src/index.ts'
import { verifyWithNode } from './support/keys.ts'

const modes: readonly SigningMode[] = ['auto', 'inline', 'libuv', 'pool']
const signers: ManagedSigner[] = []
/** The threads that were started, as Node announces them: a moment later. */
let workers: Worker[] = []
const onWorker = (worker: Worker): void => void workers.push(worker)

beforeEach(() => {
  process.on('worker', onWorker)
})

afterEach(async () => {
  process.off('worker', onWorker)
  await Promise.all(signers.splice(0).map((signer) => signer.close()))
  workers = []
})

/** Two threads where there is a pool. */
function threadsOf(mode: SigningMode | undefined): CreateSignerOptions {
  return mode === 'inline' || mode === 'libuv' ? {} : { threads: 2 }
}

function start(algorithm: string, mode?: SigningMode): ManagedSigner {
  const signer = createSigner(privateKey(algorithm), { algorithm, mode, ...threadsOf(mode) })
  signers.push(signer)
  return signer
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

/** Signs that many at once and checks each. */
async function signMany(signer: ManagedSigner, count: number): Promise<void> {
  const texts = Array.from({ length: count }, (_, index) => `e30.${index}`)
  const signatures = await Promise.all(texts.map((text) => signer.sign(Buffer.from(text))))
  const wrong = signatures.filter((signature, index) => {
    const token = `${texts[index]}.${Buffer.from(signature).toString('base64url')}`
    return !verifyWithNode(token, signer.algorithm.name, signer.publicKey)
  })
  expect(wrong).toEqual([])
}

describe.for(modes)('mode %s', (mode) => {
  test.for([...privateKeys.keys()])('%s: one, many and synchronously', async (algorithm) => {
    const signer = start(algorithm, mode)
    expect(signer).toMatchObject({ mode, algorithm: { name: algorithm } })
    const count = ['ES256', 'Ed25519', 'RS256'].includes(algorithm) ? 150 : 20
    await signMany(signer, 1)
    // Twice, so that a pool that starts meanwhile is used as well.
    await signMany(signer, count)
    await signMany(signer, count)
    const issuer = createJwtIssuer(signer, { issuer: 'https://auth.example.com' })
    expect(verifyWithNode(issuer.issueSync({ sub: 'alice' }), algorithm, signer.publicKey)).toBe(true)
  })

  test.for(['ES256', 'RS256'])('%s: the data can be overwritten at once', async (algorithm) => {
    const signer = start(algorithm, mode)
    // More than are signed in one place when the choice is free.
    const signatures = Array.from({ length: 150 }, (_, index) => {
      const data = Buffer.from(`e30.${index}`)
      const signing = signer.sign(data)
      data.fill(0)
      return signing
    })
    const wrong = (await Promise.all(signatures)).filter((signature, index) => {
      const token = `e30.${index}.${Buffer.from(signature).toString('base64url')}`
      return !verifyWithNode(token, algorithm, signer.publicKey)
    })
    expect(wrong).toEqual([])
  })

  test('fake timers in a test do not stop it', async () => {
    vi.useFakeTimers()
    try {
      const signer = start('ES256', mode)
      await signMany(signer, 150)
      for (let index = 0; index < 100; index++) {
        expect(await signer.sign(Buffer.of(index))).toHaveLength(64)
      }
    } finally {
      vi.useRealTimers()
    }
  })

  test('a key that OpenSSL cannot sign with is an error of its own', async () => {
    const signer = createSigner(brokenKey, { mode, ...threadsOf(mode) })
    signers.push(signer)
    const refused = expect.objectContaining({ code: 'UNSUPPORTED_KEY' }) as Error
    const outcomes = await Promise.allSettled([1, 2, 3, 4].map((n) => signer.sign(Buffer.of(n))))
    expect(outcomes.map((outcome) => outcome.status === 'rejected' && (outcome.reason as unknown))).toEqual(
      outcomes.map(() => refused),
    )
    expect(() => signer.signSync(Buffer.of(1))).toThrow(refused)
  })

  test('an abort rejects with its reason', async () => {
    const reason = new Error('enough')
    const signing = start('ES256', mode).sign(Buffer.from('x'), { signal: AbortSignal.abort(reason) })
    await expect(signing).rejects.toBe(reason)
  })

  test('a closed signer refuses, and closes again', async () => {
    const signer = start('RS256', mode)
    await signer.sign(Buffer.from('x'))
    await signer.close()
    await expect(signer.sign(Buffer.from('x'))).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    await expect(signer.close()).resolves.toBeUndefined()
  })
})

describe('left to choose', () => {
  test.for(['ES256', 'Ed25519', 'RS256', 'ES384'])(
    '%s: no thread is started for one after the other',
    async (algorithm) => {
      const signer = start(algorithm)
      for (let index = 0; index < 20; index++) {
        await signMany(signer, 1)
        await nextTurn()
      }
      expect(workers).toEqual([])
    },
  )

  test('ES256: one after the other without a pause, the event loop turns all the same', async () => {
    const signer = start('ES256')
    const loop = { hasTurned: false }
    setImmediate(() => (loop.hasTurned = true))
    for (let index = 0; index < 10_000 && !loop.hasTurned; index++) await signer.sign(Buffer.from('x'))
    expect(loop.hasTurned).toBe(true)
    await nextTurn()
    expect(workers).toEqual([])
  })

  test.for(['ES256', 'Ed25519', 'RS256'])('%s: many at once start a pool, once', async (algorithm) => {
    const signer = start(algorithm)
    for (let index = 0; index < 5; index++) await signMany(signer, 200)
    expect(workers).toHaveLength(2)
  })

  test('a pool that is not used for a while ends its threads, and the next burst starts another', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
    vi.resetModules()
    vi.doMock('../src/pool/real-timers.ts', async (original) => ({
      ...(await original<object>()),
      setInterval: globalThis.setInterval,
      clearInterval: globalThis.clearInterval,
    }))
    try {
      const { createSigner: create } = await import('../src/index.ts')
      const signer = create(privateKey('ES256'), { threads: 2 })
      signers.push(signer)
      await signMany(signer, 200)
      vi.advanceTimersByTime(30_000)
      // It was used in that time.
      await signMany(signer, 200)
      expect(workers).toHaveLength(2)
      const ended = workers.map((worker) => once(worker, 'exit'))
      vi.advanceTimersByTime(60_000)
      await Promise.all(ended)
      await signMany(signer, 1)
      expect(workers).toHaveLength(2)
      await signMany(signer, 200)
      expect(workers).toHaveLength(4)
      await signer.close()
      expect(vi.getTimerCount()).toBe(0)
    } finally {
      vi.doUnmock('../src/pool/real-timers.ts')
      vi.useRealTimers()
    }
  })

  test('RS256: what was given up in libuv is still there, and more goes to a pool', async () => {
    const signer = start('RS256')
    const controller = new AbortController()
    const { signal } = controller
    const given = [1, 2].map((n) => signer.sign(Buffer.of(n), { signal }))
    controller.abort('enough')
    expect(await Promise.allSettled(given)).toEqual(
      given.map(() => ({ status: 'rejected', reason: 'enough' })),
    )
    await signMany(signer, 1)
    expect(workers).toHaveLength(2)
  })
})

test('an inline signature is made before sign returns', async () => {
  const signer = start('ES256', 'inline')
  const data = Buffer.from('e30.e30')
  const pending = signer.sign(data)
  data.fill(0)
  const token = `e30.e30.${Buffer.from(await pending).toString('base64url')}`
  expect(verifyWithNode(token, 'ES256', signer.publicKey)).toBe(true)
})

test.for([{ threads: 0 }, { capacity: 0 }])('refuses %o at once, not when a pool is needed', (options) => {
  expect(() => createSigner(privateKey('ES256'), options)).toThrow(
    expect.objectContaining({ code: 'INVALID_ARGUMENT' }),
  )
})

test.for<SigningMode>(['inline', 'libuv', 'pool', 'auto'])(
  'close waits for signatures (%s)',
  async (mode) => {
    const signer = start('RS256', mode)
    let done = 0
    const signatures = Array.from({ length: 40 }, (_, index) =>
      signer.sign(Buffer.of(index)).then(() => (done += 1)),
    )
    await Promise.all([signer.close(), signer.close()])
    expect(done).toBe(40)
    await Promise.all(signatures)
  },
)

test.for<[unknown, string]>([
  [{ mode: 'inline', threads: 3 }, 'options.threads needs mode pool or auto; mode inline has no pool'],
  [{ mode: 'libuv', capacity: 3 }, 'options.capacity needs mode pool or auto; mode libuv has no pool'],
  ['RS512', 'options must be an object; the options are mode, algorithm, threads, capacity'],
  [{ alg: 'RS512' }, 'options.alg is not an option; the options are mode, algorithm, threads, capacity'],
  [{ algorithm: 512 }, 'options.algorithm must be a string'],
  [{ threads: '4' }, 'options.threads must be a whole number from 1 to 1024'],
])('refuses the options %j', ([options, message]) => {
  expect(() => createSigner(privateKey('ES256'), options as CreateSignerOptions)).toThrow(
    expect.objectContaining({ code: 'INVALID_ARGUMENT', message }),
  )
})

test.for<SigningMode>(['inline', 'libuv', 'pool', 'auto'])(
  'refuses wrong arguments of one signature (%s)',
  async (mode) => {
    const signer = start('RS256', mode)
    await expect(signer.sign('hunter2' as unknown as Uint8Array)).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: 'data must be a Uint8Array',
    })
    await expect(signer.sign(new Uint8Array(1), 'hunter2' as unknown as SignOptions)).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: 'options must be an object; the only option is signal',
    })
  },
)

test('refuses an unknown mode', () => {
  expect(() => start('ES256', 'fast' as SigningMode)).toThrow(
    expect.objectContaining({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining('inline') as string,
    }),
  )
})
