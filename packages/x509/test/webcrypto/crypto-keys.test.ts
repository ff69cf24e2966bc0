import { createPublicKey, sign, verify, webcrypto } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Crypto as PeculiarCrypto } from '@peculiar/webcrypto'
import { algorithm, createLocalSigner, jwkThumbprint, type KeyTypeName } from '@sealwright/core'
import { failure } from '@sealwright/test-kit/errors'
import { scratchFolder } from '@sealwright/test-kit/folders'
import { privateKey, privateKeys } from '@sealwright/test-kit/keys'
import { lacks, run } from '@sealwright/test-kit/tools'
import { describe, expect, test } from 'vitest'
import {
  createSelfSignedCertificate,
  generateKeyPair,
  generatePrivateKey,
  parseCertificate,
  signerFromCryptoKey,
  toCryptoKey,
  type WebCrypto,
} from '../../src/index.ts'
import { certify } from '../examples/crypto-keys.ts'

const peculiarCrypto: WebCrypto = new PeculiarCrypto()
const data = Buffer.from('data')
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
const lacksMlDsa = major < 24 || (major === 24 && minor < 7)

/** Verified by Node's OpenSSL, in the encoding of JWS. */
function isSignature(name: string, publicKey: Parameters<typeof verify>[2], signature: Uint8Array): boolean {
  const { digest, pss } = algorithm(name)
  return verify(digest, data, { key: publicKey as never, dsaEncoding: 'ieee-p1363', ...pss }, signature)
}

describe('signerFromCryptoKey', () => {
  const pairs: readonly { readonly name: string; readonly type: KeyTypeName; readonly crypto?: WebCrypto }[] =
    [
      { name: 'RS256', type: 'rsa-2048' },
      { name: 'RS512', type: 'rsa-2048' },
      { name: 'PS384', type: 'rsa-2048' },
      { name: 'ES256', type: 'ec-p256' },
      { name: 'ES512', type: 'ec-p521' },
      { name: 'ES256K', type: 'ec-secp256k1' },
      { name: 'Ed25519', type: 'ed25519' },
      { name: 'RS256', type: 'rsa-2048', crypto: peculiarCrypto },
      { name: 'PS256', type: 'rsa-2048', crypto: peculiarCrypto },
      { name: 'ES384', type: 'ec-p384', crypto: peculiarCrypto },
      { name: 'ES256K', type: 'ec-secp256k1', crypto: peculiarCrypto },
      { name: 'Ed25519', type: 'ed25519', crypto: peculiarCrypto },
    ]
  test.each(pairs)('signs $name with keys of generateKeyPair that cannot be exported', async (pair) => {
    const { name, type, crypto } = pair
    const keys = await generateKeyPair(type, { algorithm: name, crypto })
    expect(keys.privateKey.extractable).toBe(false)
    const signer = await signerFromCryptoKey(keys, { crypto })
    expect(signer.algorithm.name).toBe(name)
    expect(signer.keyId).toBe(jwkThumbprint(signer.publicKey))
    expect(isSignature(name, signer.publicKey, await signer.sign(data))).toBe(true)
    const certificate = await createSelfSignedCertificate(signer, { subject: 'CN=a' })
    expect(parseCertificate(certificate).signatureAlgorithm).toBe(name === 'ES256K' ? 'ES256' : name)
    expect(certificate.verify(certificate.publicKey)).toBe(true)
  })

  test.skipIf(lacks('openssl'))('certifies them as OpenSSL verifies [needs openssl]', async () => {
    const file = join(scratchFolder(), 'certificate.pem')
    writeFileSync(file, (await certify()).toString())
    expect(run(`openssl verify -check_ss_sig -CAfile ${file} ${file}`)).toBe(`${file}: OK\n`)
  })

  test('takes the hash that an RSA key is bound to, and any that it is not', async () => {
    const keys = await generateKeyPair('rsa-2048', { algorithm: 'RS384' })
    expect((await signerFromCryptoKey(keys)).algorithm.name).toBe('RS384')
    expect(
      await failure('UNSUPPORTED_ALGORITHM', () => signerFromCryptoKey(keys, { algorithm: 'RS256' })),
    ).not.toBe('')
    expect(
      await failure('UNSUPPORTED_ALGORITHM', () => signerFromCryptoKey(keys, { algorithm: 'PS384' })),
    ).not.toBe('')
    const ed25519 = await generateKeyPair('ed25519')
    expect((await signerFromCryptoKey(ed25519, { algorithm: 'EdDSA' })).algorithm.name).toBe('EdDSA')
  })

  test('releases no signature of another key than the public one', async () => {
    const { privateKey: one } = await generateKeyPair('ec-p256')
    const { publicKey } = await generateKeyPair('ec-p256')
    const signer = await signerFromCryptoKey({ privateKey: one, publicKey })
    expect(await failure('INVALID_SIGNATURE', () => signer.sign(data))).not.toBe('')
  })

  test('signs the data as it was, which the caller may change', async () => {
    const signer = await signerFromCryptoKey(await generateKeyPair('ec-p256'))
    const changing = Buffer.from(data)
    const signing = signer.sign(changing)
    changing.fill(0)
    expect(isSignature('ES256', signer.publicKey, await signing)).toBe(true)
  })

  test('says so when the keys are of another implementation', async () => {
    const keys = await generateKeyPair('ec-p256', { crypto: peculiarCrypto })
    expect(await failure('UNSUPPORTED_KEY', () => signerFromCryptoKey(keys))).toContain('option crypto')
  })

  test('ends the wait when the signal does', async () => {
    const signer = await signerFromCryptoKey(await generateKeyPair('ec-p256'))
    const reason = new Error('enough')
    await expect(signer.sign(data, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
  })

  test('refuses keys that do not sign, and what is not a pair', async () => {
    const keys = await generateKeyPair('ec-p256')
    const ecdh = await webcrypto.subtle.generateKey({ name: 'ECDH', namedCurve: 'P-256' }, true, [
      'deriveBits',
    ])
    expect(await failure('UNSUPPORTED_KEY', () => signerFromCryptoKey(ecdh))).not.toBe('')
    const weak = {
      name: 'RSA-PSS',
      modulusLength: 1024,
      publicExponent: Uint8Array.of(1, 0, 1),
      hash: 'SHA-256',
    }
    const rsa1024 = await webcrypto.subtle.generateKey(weak, true, ['sign', 'verify'])
    expect(await failure('UNSUPPORTED_KEY', () => signerFromCryptoKey(rsa1024))).not.toBe('')
    const swapped = { privateKey: keys.publicKey, publicKey: keys.privateKey }
    expect(await failure('INVALID_ARGUMENT', () => signerFromCryptoKey(swapped))).not.toBe('')
  })
})

describe('toCryptoKey', () => {
  test.each([...privateKeys.keys()])(
    '%s: signs what the KeyObject verifies, and verifies what it signs',
    async (name) => {
      const key = privateKey(name)
      const crypto = name === 'ES256K' ? peculiarCrypto : webcrypto
      const imported = await toCryptoKey(key, { algorithm: name, crypto })
      const publicKey = await toCryptoKey(createPublicKey(key), { algorithm: name, crypto })
      expect([imported.type, imported.extractable, imported.usages]).toEqual(['private', false, ['sign']])
      expect([publicKey.type, publicKey.extractable, publicKey.usages]).toEqual(['public', true, ['verify']])
      const { webCrypto } = algorithm(name)
      const signature = new Uint8Array(await crypto.subtle.sign(webCrypto, imported, data))
      expect(isSignature(name, createPublicKey(key), signature)).toBe(true)
      const ours = await createLocalSigner(key, { algorithm: name }).sign(data)
      expect(await crypto.subtle.verify(webCrypto, publicKey, ours, data)).toBe(true)
    },
  )

  test('chooses the implementation that has the curve', async () => {
    const imported = await toCryptoKey(privateKey('ES256K'), { extractable: true })
    const pkcs8 = await peculiarCrypto.subtle.exportKey('pkcs8', imported).catch((error: unknown) => error)
    expect(pkcs8).toBeInstanceOf(ArrayBuffer)
  })

  test('refuses keys and algorithms that do not go together', async () => {
    expect(
      await failure('UNSUPPORTED_ALGORITHM', () => toCryptoKey(privateKey('ES256'), { algorithm: 'RS256' })),
    ).not.toBe('')
    expect(
      await failure('UNSUPPORTED_KEY', () => toCryptoKey(privateKey('ES256K'), { crypto: webcrypto })),
    ).not.toBe('')
  })
})

describe('generateKeyPair', () => {
  test('makes keys that can be exported where that is asked for', async () => {
    const { privateKey: key } = await generateKeyPair('ed25519', { extractable: true })
    expect(key.extractable).toBe(true)
  })

  test('refuses an algorithm that the type does not have', async () => {
    expect(
      await failure('UNSUPPORTED_ALGORITHM', () => generateKeyPair('ec-p256', { algorithm: 'ES384' })),
    ).not.toBe('')
    expect(await failure('UNSUPPORTED_KEY', () => generateKeyPair('rsa-1024' as KeyTypeName))).not.toBe('')
  })
})

test.skipIf(lacksMlDsa)('ML-DSA: generated, imported and signed with [needs ML-DSA]', async () => {
  const keys = await generateKeyPair('ml-dsa-44')
  const signer = await signerFromCryptoKey(keys)
  const certificate = await createSelfSignedCertificate(signer, { subject: 'CN=a' })
  expect(parseCertificate(certificate).signatureAlgorithm).toBe('ML-DSA-44')
  const key = await generatePrivateKey('ml-dsa-65')
  const imported = { privateKey: await toCryptoKey(key), publicKey: await toCryptoKey(createPublicKey(key)) }
  const { publicKey } = await signerFromCryptoKey(imported)
  expect(publicKey.equals(createPublicKey(key))).toBe(true)
})

test.skipIf(!lacksMlDsa)('ML-DSA is refused by name before Node 24.7', async () => {
  expect(await failure('UNSUPPORTED_KEY', () => generateKeyPair('ml-dsa-44'))).toContain('Node 24.7')
})

test('no face quotes what it is given', async () => {
  const secret = 'a private key, or a password'
  const wrong: readonly unknown[] = [
    secret,
    null,
    undefined,
    7,
    {},
    { privateKey: secret, publicKey: secret },
  ]
  const pair = await generateKeyPair('ec-p256')
  const key = privateKey('ES256')
  const calls = wrong.flatMap((value) => [
    () => signerFromCryptoKey(value as never),
    () => toCryptoKey(value as never),
    ...(value === undefined
      ? []
      : [
          () => signerFromCryptoKey(pair, { crypto: value as never }),
          () => signerFromCryptoKey(pair, (typeof value === 'object' ? null : value) as never),
          () => toCryptoKey(key, { crypto: value as never }),
          () => generateKeyPair('ec-p256', { crypto: value as never }),
          () => generateKeyPair('ec-p256', { extractable: { secret } as never }),
          () => toCryptoKey(key, { algorithm: { secret } as never }),
        ]),
  ])
  for (const call of calls) {
    // oxlint-disable-next-line no-await-in-loop
    expect(await failure('INVALID_ARGUMENT', call)).not.toContain(secret)
  }
})

test('a signature of OpenSSL is verified by the public half', async () => {
  const key = privateKey('PS256')
  const publicKey = await toCryptoKey(createPublicKey(key), { algorithm: 'PS256' })
  const { digest, pss, webCrypto } = algorithm('PS256')
  const signature = sign(digest, data, { key, ...pss })
  expect(await webcrypto.subtle.verify(webCrypto, publicKey, signature, data)).toBe(true)
})
