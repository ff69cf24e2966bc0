import { createPublicKey, sign, verify } from 'node:crypto'
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
import { expect, test } from 'vitest'
import {
  packBatch,
  signatureAt,
  workerKey,
  workerSource,
  type BatchResult,
  type ThreadMessage,
  type WorkerKey,
} from '../../src/pool/batch.ts'

const require = createRequire(import.meta.url)
const batch = fileURLToPath(new URL('../../src/pool/batch.ts', import.meta.url))
const imports = `/** @import { Batch, BatchResult, SignedBatch, ThreadMessage, WorkerKey } from ${JSON.stringify(batch)} */\n`

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
  expect(typeErrors(workerSource)).toBe('')
})

test('a program that does not is found out', () => {
  expect(typeErrors(workerSource.replace('digest, maximumLength }', 'digest, maximumSize }'))).toContain(
    'maximumSize',
  )
  expect(typeErrors(workerSource.replace('signatures, lengths, duration', 'lengths, duration'))).toContain(
    'signatures',
  )
})

function keyFor(name: string): WorkerKey {
  const key = privateKey(name)
  return workerKey(key, createPublicKey(key), algorithm(name))
}

test.each([
  ['RS256', 'sha256', 256],
  ['PS512', 'sha512', 256],
  ['ES256', 'sha256', 73],
  ['ES512', 'sha512', 141],
  ['Ed25519', null, 64],
])('for %s a thread gets the digest %s, and room for %i bytes', (name, digest, maximumLength) => {
  const { key, ...others } = keyFor(name)
  expect(others).toEqual({ digest, maximumLength })
  expect(key).toEqual(
    name === 'PS512' ? { key: privateKey(name), padding: 6, saltLength: 64 } : privateKey(name),
  )
})

test('an RSA signature is as long as the modulus, rounded up to bytes', () => {
  // A Mersenne prime of 2203 bits.
  const n = Buffer.from(`0${(2n ** 2203n - 1n).toString(16)}`, 'hex').toString('base64url')
  const publicKey = createPublicKey({ key: { kty: 'RSA', n, e: 'AQAB' }, format: 'jwk' })
  expect(workerKey(privateKey('RS256'), publicKey, algorithm('RS256')).maximumLength).toBe(276)
})

test('inputs of a batch lie one after the other', () => {
  const inputs = [[1, 2], [], [3]].map((data) => ({ data: Uint8Array.from(data) }))
  const { data, lengths } = packBatch(inputs)
  expect([[...data], [...lengths]]).toEqual([
    [1, 2, 3],
    [2, 0, 1],
  ])
})

test('a signature is taken from its place as a copy, ECDSA as R‖S', () => {
  const signatures = Uint8Array.from({ length: 12 }, (_, index) => index)
  const answer = { signatures, lengths: Uint32Array.of(4, 3, 4), duration: 1 }
  const second = signatureAt(answer, 1, 4, algorithm('EdDSA'))
  expect([...second]).toEqual([4, 5, 6])
  signatures.fill(0)
  expect([...second]).toEqual([4, 5, 6])

  const der = sign('sha256', Buffer.from('x'), privateKey('ES256'))
  const room = new Uint8Array(2 * 73)
  room.set(der, 73)
  const ecdsa = { signatures: room, lengths: Uint32Array.of(0, der.length), duration: 1 }
  expect(signatureAt(ecdsa, 1, 73, algorithm('ES256'))).toHaveLength(64)
})

test('a thread signs with the keys that it has, and no longer with one that it was told to forget', async () => {
  const thread = new Worker(workerSource, { eval: true })
  const post = (message: ThreadMessage): void => thread.postMessage(message, [])
  const answer = async (key: number, text: string): Promise<BatchResult> => {
    const answered = once(thread, 'message')
    post({ sign: key, ...packBatch([{ data: Buffer.from(text) }]) })
    const [result] = (await answered) as [BatchResult]
    return result
  }
  try {
    post({ add: 1, key: keyFor('Ed25519') })
    post({ add: 2, key: keyFor('RS256') })
    const first = await answer(1, 'a')
    const second = await answer(2, 'b')
    if ('error' in first || 'error' in second) throw new Error('not signed')
    expect(verify(null, Buffer.from('a'), privateKey('Ed25519'), first.signatures)).toBe(true)
    expect(verify('sha256', Buffer.from('b'), privateKey('RS256'), second.signatures)).toBe(true)
    post({ forget: 1 })
    expect(await answer(1, 'a')).toHaveProperty('error')
    expect(await answer(2, 'b')).toHaveProperty('signatures')
  } finally {
    await thread.terminate()
  }
})
