import { createPublicKey, type X509Certificate } from 'node:crypto'
import { createLocalSigner } from '@sealwright/core'
import { createSelfSignedCertificate, generatePrivateKey, issueCertificate } from '@sealwright/x509'
import { beforeAll, describe, expect, test } from 'vitest'
import {
  delegatePurpose,
  delegateSource,
  delegateSubject,
  isDelegateOf,
  issuerName,
  longestValidity,
} from '../../src/keys/delegates.ts'
import { MemoryStore } from '../support/memory-store.ts'

const { signal } = new AbortController()
/** A certificate has whole seconds. */
const notBefore = new Date(Math.floor(Date.now() / 1_000) * 1_000)
const issuer = await generatePrivateKey('ec-p256')
const publicKey = createPublicKey(await generatePrivateKey('ec-p256'))

async function certify(seconds: number): Promise<X509Certificate> {
  const signer = createLocalSigner(issuer)
  const notAfter = new Date(notBefore.getTime() + seconds * 1_000)
  const profile = 'issuingCa'
  const subject = issuerName(signer.keyId)
  const certificate = await createSelfSignedCertificate(signer, { subject, profile, notBefore, notAfter })
  return issueCertificate(
    { signer, certificate },
    { subject: delegateSubject, publicKey },
    { notBefore, notAfter, extensions: { extendedKeyUsage: [delegatePurpose] } },
  )
}

let certificate: X509Certificate
beforeAll(async () => {
  certificate = await certify(60)
})

const sourceOf = (...certificates: unknown[]) =>
  delegateSource({
    location: 'the registry',
    list: async () => certificates as Uint8Array[],
    publish: async () => undefined,
  })

const listed = async (...certificates: unknown[]): Promise<number> =>
  (await sourceOf(...certificates).list(signal)).length

describe('the certificates of a registry', () => {
  test('are keys that are published and never sign here', async () => {
    const source = sourceOf(certificate.raw)
    expect(source).toMatchObject({
      location: 'the registry',
      signs: false,
      creates: false,
      delegates: true,
      rotate: null,
      disable: null,
    })
    expect(await source.getOrCreate(signal)).toBeUndefined()
    const [key = expect.fail()] = await source.list(signal)
    expect(key).toMatchObject({
      name: 'delegate',
      location: `the registry/${key.keyId}`,
      notBefore,
      createdAt: notBefore,
      notAfter: new Date(notBefore.getTime() + 60_000),
      enabled: true,
    })
    expect(key.publicKey.equals(publicKey)).toBe(true)
    expect(key.algorithms.map(({ name }) => name)).toEqual(['ES256'])
    expect(() => key.signer()).toThrow(
      expect.objectContaining({
        code: 'UNSUPPORTED_OPERATION',
        message: `the private key of ${key.keyId} is in another process`,
      }),
    )
  })

  test('are parsed once for as long as they are listed', async () => {
    const certificates = [certificate.raw]
    const source = delegateSource({
      location: 'the registry',
      list: async () => [...certificates],
      publish: async () => undefined,
    })
    const [first] = await source.list(signal)
    expect((await source.list(signal))[0]).toBe(first)
    certificates.length = 0
    expect(await source.list(signal)).toEqual([])
    certificates.push(certificate.raw)
    expect((await source.list(signal))[0]).not.toBe(first)
  })

  test('are the same key however often they are there', async () => {
    expect(await listed(certificate.raw, Uint8Array.from(certificate.raw))).toBe(1)
  })

  test('are read up to the ten thousandth, and up to 16 KiB', async () => {
    const others = Array.from({ length: 10_000 }, () => null)
    expect(await listed(...others.slice(1), certificate.raw)).toBe(1)
    expect(await listed(...others, certificate.raw)).toBe(0)
    const long = (length: number): Buffer => Buffer.concat([certificate.raw, Buffer.alloc(length)], length)
    // OpenSSL ignores what comes after a certificate.
    expect(await listed(long(16_384))).toBe(1)
    expect(await listed(long(16_385))).toBe(0)
  })

  test('are passed over when they are none, or those of a key that signs tokens itself', async () => {
    const plain = (await new MemoryStore().add('a')).certificates[0]
    expect(await listed(Buffer.from('none'), 'text', undefined, plain?.raw)).toBe(0)
  })

  test('are valid for 62 days at most', async () => {
    expect(await listed((await certify(longestValidity)).raw)).toBe(1)
    expect(await listed((await certify(longestValidity + 1)).raw)).toBe(0)
  })
})

test('a delegate is that of the key that signed its certificate, by its name and its signature', async () => {
  const [key = expect.fail()] = await sourceOf(certificate.raw).list(signal)
  const [mine, other] = [await new MemoryStore().add('a', {}, issuer), await new MemoryStore().add('a')]
  expect(isDelegateOf(key, mine)).toBe(true)
  expect(isDelegateOf(key, { ...other, keyId: mine.keyId })).toBe(false)
  expect(isDelegateOf(key, { ...mine, keyId: other.keyId })).toBe(false)
  expect(isDelegateOf({ ...key, certificates: [] }, mine)).toBe(false)
})
