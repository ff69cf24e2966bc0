import { createPrivateKey } from 'node:crypto'
import { describe, expect, test, vi } from 'vitest'
import { readKeyFile, readPkcs12, writePkcs12 } from '../src/index.ts'
import { identity } from './support/certificates.ts'

/** A password may be a function. It is asked when the password is needed, and once. */

const password = 'correct-horse'

async function pfx(): Promise<Uint8Array> {
  const { privateKey, certificate } = await identity('ec-p256')
  return writePkcs12({ privateKey, certificates: [certificate] }, password, { iterations: 1 })
}

async function encryptedPem(): Promise<Uint8Array> {
  const { privateKey } = await identity('ec-p256')
  const pem = privateKey.export({ format: 'pem', type: 'pkcs8', cipher: 'aes-256-cbc', passphrase: password })
  return Buffer.from(pem)
}

test.each([
  ['at once', () => password],
  ['later', async () => password],
])('one that answers %s opens what was written under it', async (_, answer) => {
  const ask = vi.fn<() => string | Promise<string>>(answer)
  const { privateKey, certificate } = await identity('ec-p256')
  const file = await writePkcs12({ privateKey, certificates: [certificate] }, ask, { iterations: 1 })
  expect(ask).toHaveBeenCalledTimes(1)
  expect((await readPkcs12(file, password)).keys).toHaveLength(1)
  expect((await readPkcs12(file, ask)).keys).toHaveLength(1)
  expect((await readKeyFile(file, ask)).keys).toHaveLength(1)
  expect((await readKeyFile(await encryptedPem(), ask)).keys).toHaveLength(1)
  expect(ask).toHaveBeenCalledTimes(4)
})

test('it is asked once for a file with two encrypted keys', async () => {
  const ask = vi.fn<() => string>(() => password)
  const one = await encryptedPem()
  expect((await readKeyFile(Buffer.concat([one, one]), ask)).keys).toHaveLength(2)
  expect(ask).toHaveBeenCalledTimes(1)
})

describe('it is not asked', () => {
  test('for what is not encrypted, or not read', async () => {
    const ask = vi.fn<() => string>(() => password)
    const { privateKey, certificate } = await identity('ec-p256')
    const plain = Buffer.from(privateKey.export({ format: 'pem', type: 'pkcs8' }))
    expect((await readKeyFile(plain, ask)).keys).toHaveLength(1)
    await expect(readPkcs12(plain, ask)).rejects.toMatchObject({ code: 'INVALID_ENCODING' })
    const file = await pfx()
    await expect(readPkcs12(file.subarray(0, 100), ask)).rejects.toMatchObject({ code: 'INVALID_ENCODING' })
    await expect(readPkcs12(file, ask, { limits: { bytes: 10 } })).rejects.toThrow(/limits\.bytes/)
    const stranger = { privateKey: createPrivateKey(await rsaPem()), certificates: [certificate] }
    await expect(writePkcs12(stranger, ask)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
    expect(ask).not.toHaveBeenCalled()
  })
})

async function rsaPem(): Promise<string> {
  const { privateKey } = await identity('rsa-2048')
  return privateKey.export({ format: 'pem', type: 'pkcs8' }).toString()
}

describe('refused', () => {
  test.each<[string, unknown]>([
    ['a number', 7],
    ['nothing', undefined],
    ['null', null],
    ['bytes', Buffer.from(password)],
    ['half a surrogate pair', 'a\ud800'],
    ['a NUL', 'a\0'],
  ])('%s, given or answered', async (_, wrong) => {
    const file = await pfx()
    const invalid = { code: 'INVALID_ARGUMENT', message: expect.stringContaining('password') as string }
    const entry = { certificates: [(await identity('ec-p256')).certificate] }
    for (const given of [wrong, () => wrong, async () => wrong]) {
      await expect(readPkcs12(file, given as never)).rejects.toMatchObject(invalid)
      await expect(readKeyFile(file, given as never)).rejects.toMatchObject(invalid)
      await expect(writePkcs12(entry, given as never)).rejects.toMatchObject(invalid)
    }
  })

  test('what the function throws arrives as it is', async () => {
    const cancelled = new Error('the prompt was closed')
    const ask = async (): Promise<string> => Promise.reject(cancelled)
    await expect(readPkcs12(await pfx(), ask)).rejects.toBe(cancelled)
    await expect(readKeyFile(await encryptedPem(), ask)).rejects.toBe(cancelled)
  })
})
