import { createPublicKey, verify } from 'node:crypto'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import { Worker } from 'node:worker_threads'
import { algorithm } from '@sealwright/core'
import { scratchFolder } from '@sealwright/test-kit/folders'
import { privateKey } from '@sealwright/test-kit/keys'
import { tryRun } from '@sealwright/test-kit/tools'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  BatchMemory,
  dataStart,
  sizeOf,
  words,
  workerKey,
  type BatchResult,
  type ThreadMessage,
  type WorkerKey,
} from '../../src/pool/batch.ts'
import { PendingSignature } from '../../src/pool/pending-signature.ts'
import { threadProgram } from '../../src/pool/thread-program.ts'
import { verifyWithNode } from '../support/keys.ts'

const require = createRequire(import.meta.url)
const protocol = fileURLToPath(new URL('../../src/pool/batch.ts', import.meta.url))
const imports = `/** @import { BatchResult, ThreadMessage, WorkerKey } from ${JSON.stringify(protocol)} */\n`

/** What TypeScript says of a thread's program; nothing when it keeps to the protocol. */
function typeErrors(source: string): string {
  const file = join(scratchFolder(), 'worker.cjs')
  writeFileSync(file, imports + source)
  const compiler = join(require.resolve('typescript/package.json'), '../bin/tsc')
  const nodeTypes = join(require.resolve('@types/node/package.json'), '../..')
  const { stdout } = tryRun([
    process.execPath,
    compiler,
    ['--ignoreConfig', '--noEmit', '--allowJs', '--checkJs', '--skipLibCheck', '--strict'],
    ['--strictNullChecks', 'false', '--noUncheckedIndexedAccess', 'false'],
    ['--target', 'es2023', '--module', 'nodenext', '--allowImportingTsExtensions'],
    ['--customConditions', '@sealwright/source', '--types', 'node', '--typeRoots', nodeTypes],
    file,
  ])
  // Other sources are checked with their own, stricter settings elsewhere.
  return stdout
    .split('\n')
    .filter((line) => line.includes('worker.cjs'))
    .join('\n')
}

test('the program of a thread keeps to the types of the protocol', () => {
  expect(typeErrors(threadProgram)).toBe('')
})

test('a program that does not is found out', () => {
  expect(typeErrors(threadProgram.replaceAll('digest', 'digestName'))).toContain('digestName')
  expect(typeErrors(threadProgram.replace('{ error }', '{ problem: error }'))).toContain('problem')
})

function keyFor(name: string): WorkerKey {
  const key = privateKey(name)
  return workerKey(key, createPublicKey(key), algorithm(name))
}

test.each([
  ['RS256', 'sha256', null, 256],
  ['PS512', 'sha512', null, 256],
  ['ES256', 'sha256', 32, 64],
  ['ES512', 'sha512', 66, 132],
  ['Ed25519', null, null, 64],
])(
  'for %s a thread gets the digest %s, and the lengths %j and %i',
  (name, digest, coordinateLength, signatureLength) => {
    const { key, ...others } = keyFor(name)
    expect(others).toEqual({ digest, coordinateLength, signatureLength })
    expect(key).toEqual(
      name === 'PS512' ? { key: privateKey(name), padding: 6, saltLength: 64 } : privateKey(name),
    )
  },
)

test('an RSA signature is as long as the modulus, rounded up to bytes', () => {
  // A Mersenne prime of 2203 bits.
  const n = Buffer.from(`0${(2n ** 2203n - 1n).toString(16)}`, 'hex').toString('base64url')
  const publicKey = createPublicKey({ key: { kty: 'RSA', n, e: 'AQAB' }, format: 'jwk' })
  expect(workerKey(privateKey('RS256'), publicKey, algorithm('RS256')).signatureLength).toBe(276)
})

interface Request {
  readonly pending: PendingSignature
  /** What it was resolved with. */
  readonly result: () => Buffer
}

function request(data: Uint8Array | string, prefix = ''): Request {
  let result = Buffer.alloc(0)
  const pending = new PendingSignature(
    data,
    prefix,
    (bytes, start, end) => (result = Buffer.from(bytes.subarray(start, end))),
    () => undefined,
  )
  return { pending, result: () => result }
}

test('inputs of a batch lie one after the other, and the results follow', () => {
  const requests = [[1, 2], [], [3]].map((data) => request(Uint8Array.from(data)))
  const pending = requests.map((each) => each.pending)
  const key = { ...keyFor('Ed25519'), signatureLength: 4 }
  const memory = new BatchMemory(sizeOf(pending, key) + 1)
  memory.write(7, pending)
  const all = new Uint32Array(memory.shared)
  expect([all[words.key], all[words.count], all[words.prefixLength]]).toEqual([7, 3, 0])
  expect(all[words.results]).toBe(dataStart + 3)
  expect([...all.subarray(words.lengths, words.lengths + 3)]).toEqual([2, 0, 1])
  const bytes = new Uint8Array(memory.shared)
  expect([...bytes.subarray(dataStart, dataStart + 3)]).toEqual([1, 2, 3])
  bytes.set([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12], dataStart + 3)
  memory.resolve(pending, key)
  expect(requests.map(({ result }) => [...result()])).toEqual([
    [1, 2, 3, 4],
    [5, 6, 7, 8],
    [9, 10, 11, 12],
  ])
})

test('tokens have room for their texts in UTF-8 and themselves, and little more', () => {
  const [prefix, text] = ['a'.repeat(99) + '.', '€'.repeat(10)]
  const batch = [1, 2].map(() => request(text, prefix).pending)
  // 30 bytes of text in 40 characters, a dot, and 64 bytes of signature in 86.
  const needed = dataStart + 100 + 2 * (30 + 100 + 40 + 1 + 86)
  const size = sizeOf(batch, keyFor('Ed25519'))
  expect(size).toBeGreaterThanOrEqual(needed)
  expect(size).toBeLessThan(needed + 16)
})

describe('a thread', () => {
  let thread: Worker
  const post = (message: ThreadMessage): void => thread.postMessage(message, [])

  beforeAll(() => {
    thread = new Worker(threadProgram, { eval: true })
  })

  afterAll(() => thread.terminate())

  /** Has the batch signed in a memory that is no larger than it need be. */
  async function signBatch(
    number: number,
    key: WorkerKey,
    requests: readonly Request[],
  ): Promise<BatchResult> {
    const batch = requests.map(({ pending }) => pending)
    const memory = new BatchMemory(4 * Math.ceil(sizeOf(batch, key) / 4))
    post({ share: 0, memory: memory.shared })
    memory.write(number, batch)
    const answered = once(thread, 'message')
    post(0)
    const [result] = (await answered) as [BatchResult]
    if (typeof result === 'number') memory.resolve(batch, key)
    return result
  }

  test('signs with the keys that it has, and no longer with one that it was told to forget', async () => {
    const [first, second] = [keyFor('Ed25519'), keyFor('RS256')]
    post({ add: 1, key: first })
    post({ add: 2, key: second })
    const [a, b] = [request(Buffer.from('a')), request(Buffer.from('b'))]
    expect(await signBatch(1, first, [a])).toBeGreaterThan(0)
    expect(await signBatch(2, second, [b])).toBeGreaterThan(0)
    expect(verify(null, Buffer.from('a'), privateKey('Ed25519'), a.result())).toBe(true)
    expect(verify('sha256', Buffer.from('b'), privateKey('RS256'), b.result())).toBe(true)
    post({ forget: 1 })
    expect(await signBatch(1, first, [a])).toHaveProperty('error')
    expect(await signBatch(2, second, [b])).toBeGreaterThan(0)
  })

  test.each(['ES256', 'ES512', 'ES256K', 'Ed25519', 'PS256'])('%s: makes whole tokens', async (name) => {
    const key = keyFor(name)
    post({ add: 3, key })
    const header = Buffer.from(JSON.stringify({ alg: name })).toString('base64url')
    // Characters that take three and four bytes in UTF-8.
    const texts = ['{}', '"€"', '', '€€€€', 'ﬀ'.repeat(1000), '"🔑"']
    const requests = texts.map((text) => request(text, `${header}.`))
    expect(await signBatch(3, key, requests)).toBeGreaterThan(0)
    const tokens = requests.map(({ result }) => result().toString())
    expect(tokens.map((token) => token.split('.').slice(0, 2))).toEqual(
      texts.map((text) => [header, Buffer.from(text).toString('base64url')]),
    )
    const publicKey = createPublicKey(privateKey(name))
    expect(tokens.filter((token) => !verifyWithNode(token, name, publicKey))).toEqual([])
  })

  test('ES256: R and S that begin with zeros, one in 128, are as long as the others', async () => {
    const key = keyFor('ES256')
    post({ add: 4, key })
    const made: (readonly [text: string, request: Request])[] = []
    for (let round = 0; round < 10; round++) {
      const texts = Array.from({ length: 64 }, (_, index) => `${round} ${index}`)
      const requests = texts.map((text) => [text, request(Buffer.from(text))] as const)
      made.push(...requests)
      // oxlint-disable-next-line no-await-in-loop
      await signBatch(
        4,
        key,
        requests.map(([, each]) => each),
      )
    }
    const publicKey = { key: createPublicKey(privateKey('ES256')), dsaEncoding: 'ieee-p1363' } as const
    const wrong = made.filter(
      ([text, { result }]) => !verify('sha256', Buffer.from(text), publicKey, result()),
    )
    expect(wrong).toEqual([])
  })
})
