import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createLocalSigner } from '@sealwright/core'
import { scratchFolder } from '@sealwright/test-kit/folders'
import { lacks, run } from '@sealwright/test-kit/tools'
import { describe, expect, test, vi } from 'vitest'
import {
  createSelfSignedCertificate,
  readPkcs12,
  writePkcs12,
  type Pkcs12Entry,
  type WritePkcs12Options,
} from '../../src/index.ts'
import { identity } from '../support/certificates.ts'
import { decode, encode } from '../support/tlv.ts'

const { privateKey, certificate } = await identity('ec-p256')
const { certificate: other } = await identity('ed25519')
const rsa = await identity('rsa-2048')
const entry: Pkcs12Entry = { privateKey, certificates: [certificate], friendlyName: 'a' }
const once = { iterations: 1 }

async function messageOf(contents: unknown, options: unknown = once): Promise<string> {
  const writing = writePkcs12(contents as Pkcs12Entry, 'pw', options as WritePkcs12Options)
  return writing.then(
    () => 'written',
    (error: Error) => error.message,
  )
}

describe('the message says what is wrong', () => {
  test.each<[string, unknown, unknown, string]>([
    ['nothing', [], once, 'contents holds no key and no certificate'],
    ['no list of certificates', { privateKey }, once, 'contents.certificates must be an array'],
    ['an unknown member', { ...entry, key: 1 }, once, 'contents.key is not an option'],
    ['the same key twice', [entry, entry], once, 'contents holds the same private key twice'],
    [
      'a public key',
      { ...entry, privateKey: certificate.publicKey },
      once,
      'privateKey must be a private key, not a public one',
    ],
    [
      'a certificate of another key',
      { ...entry, certificates: [other] },
      once,
      'none of the certificates belongs to the private key',
    ],
    [
      'an empty name',
      { ...entry, friendlyName: '' },
      once,
      'friendlyName is not a string of 1 to 255 characters',
    ],
    ['iterations as text', entry, { iterations: '2048' }, 'options.iterations must be a number'],
    [
      'no iterations',
      entry,
      { iterations: 0 },
      'options.iterations must be a whole number from 1 to 3333333 for this file',
    ],
    ['an unknown option', entry, { count: 1 }, 'options.count is not an option'],
  ])('%s', async (_name, contents, options, message) => {
    expect(await messageOf(contents, options)).toContain(message)
  })
})

describe('the most iterations that the defaults of the reader allow', () => {
  const two = [entry, { privateKey: rsa.privateKey, certificates: [rsa.certificate] }]
  // The certificates, each key and the MAC; 3DES takes the iterations three times, for key and vector.
  test.each<[string, WritePkcs12Options['profile'], Pkcs12Entry | readonly Pkcs12Entry[], number]>([
    ['one key', 'modern', entry, 3_333_333],
    ['two keys', 'modern', two, 2_500_000],
    ['certificates', 'modern', { certificates: [certificate] }, 5_000_000],
    ['one key with 3DES', 'compatible', entry, 1_428_571],
  ])('%s, %s', async (_name, profile, contents, most) => {
    const asked = new Error('the checks are passed')
    const password = (): never => {
      throw asked
    }
    const write = (iterations: number): Promise<Uint8Array> =>
      writePkcs12(contents, password, { profile, iterations })
    await expect(write(most)).rejects.toBe(asked)
    await expect(write(most + 1)).rejects.toThrow(`from 1 to ${most} for this file`)
  })
})

test('the longest friendly name has 255 characters, and a default one is cut to them', async () => {
  const named = await writePkcs12({ ...entry, friendlyName: 'x'.repeat(255) }, 'pw', once)
  expect((await readPkcs12(named, 'pw')).keys[0]?.friendlyName).toBe('x'.repeat(255))
  const subject = ['O', 'OU', 'L', 'ST', 'STREET'].map((type) => `${type}=${'y'.repeat(64)}`).join(',')
  const long = await createSelfSignedCertificate(createLocalSigner(privateKey), { subject })
  const unnamed = await writePkcs12({ privateKey, certificates: [long] }, 'pw', once)
  expect((await readPkcs12(unnamed, 'pw')).keys[0]?.friendlyName).toHaveLength(255)
})

/** How many safes a file has. */
function safesOf(file: Uint8Array): number | undefined {
  const [, authSafe] = decode(file).children
  const content = authSafe?.children[1]?.children[0]?.content
  return content === undefined ? undefined : decode(content).children.length
}

test('certificates alone make one safe, and no empty one for keys', async () => {
  expect(safesOf(await writePkcs12({ certificates: [certificate] }, 'pw', once))).toBe(1)
  expect(safesOf(await writePkcs12(entry, 'pw', once))).toBe(2)
})

test('an encrypted safe of several kilobytes is DER as well: in one piece, with a definite length', async () => {
  const { certificate: long } = await identity('rsa-4096')
  const file = await writePkcs12({ certificates: [certificate, other, rsa.certificate, long] }, 'pw', once)
  const content = decode(file).children[1]?.children[1]?.children[0]?.content ?? new Uint8Array()
  expect(content.length).toBeGreaterThan(3000)
  expect(encode(decode(content))).toEqual(new Uint8Array(content))
})

test('a key is named after the last common name of its certificate, the most specific one', async () => {
  const own = await createSelfSignedCertificate(createLocalSigner(privateKey), {
    subject: 'CN=specific,CN=general',
  })
  const { keys } = await readPkcs12(await writePkcs12({ privateKey, certificates: [own] }, 'pw', once), 'pw')
  expect(keys.map(({ friendlyName }) => friendlyName)).toEqual(['specific'])
})

test('the private key is wiped once it is encrypted', async () => {
  const encodings: Buffer[] = []
  const { privateKey: key } = await identity('ec-p384')
  const exportKey = key.export.bind(key) as (options: object) => Buffer
  const spy = vi.spyOn(key, 'export').mockImplementation(((options: { type?: string }) => {
    const encoding = exportKey(options)
    if (options.type === 'pkcs8') encodings.push(encoding)
    return encoding
  }) as unknown as typeof key.export)
  const { certificate: own } = await identity('ec-p384')
  const file = await writePkcs12({ privateKey: key, certificates: [own] }, 'pw', once)
  spy.mockRestore()
  expect(encodings.map((encoding) => encoding.every((octet) => octet === 0))).toEqual([true])
  expect((await readPkcs12(file, 'pw')).keys[0]?.privateKey.equals(key)).toBe(true)
})

/** What OpenSSL says of a file. */
async function shown(contents: Pkcs12Entry | readonly Pkcs12Entry[]): Promise<string> {
  const path = join(scratchFolder(), 'a.p12')
  writeFileSync(path, await writePkcs12(contents, 'pw', once))
  expect(readFileSync(path)[0]).toBe(0x30)
  return run(`openssl pkcs12 -in ${path} -passin pass:pw -nodes`)
}

describe.skipIf(lacks('openssl'))('the attributes, as OpenSSL shows them [needs openssl]', () => {
  test('certificates without a name have none', async () => {
    expect(await shown({ certificates: [certificate] })).toContain('Bag Attributes: <No Attributes>')
    expect(await shown({ certificates: [certificate], friendlyName: 'b' })).toMatch(/^ *friendlyName: b$/m)
  })

  test('the certificate of a key keeps them where another entry has it, too', async () => {
    const text = await shown([
      { certificates: [other], friendlyName: 'first' },
      entry,
      { certificates: [certificate], friendlyName: 'second' },
      { certificates: [other], friendlyName: 'third' },
      { certificates: [] },
    ])
    expect(text.match(/friendlyName: .*/g)).toEqual(
      ['first', 'a', 'a'].map((name) => `friendlyName: ${name}`),
    )
    expect(text.match(/localKeyID/g)).toHaveLength(2)
  })

  // DER sorts a SET OF by its encodings, and so by their lengths.
  test.each([
    ['a', /friendlyName: a\n *localKeyID: /],
    ['a name of thirty characters, say', /localKeyID: .*\n *friendlyName: a name/],
  ])('the name %j is sorted among them', async (friendlyName, order) => {
    expect(await shown({ ...entry, friendlyName })).toMatch(order)
  })
})
