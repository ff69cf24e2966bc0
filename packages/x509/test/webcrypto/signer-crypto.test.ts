import { verify, webcrypto, X509Certificate } from 'node:crypto'
import { setTimeout } from 'node:timers/promises'
import { createLocalSigner, type Signer } from '@sealwright/core'
import { failure } from '@sealwright/test-kit/errors'
import { privateKey, privateKeys } from '@sealwright/test-kit/keys'
import { lacks, tryRun } from '@sealwright/test-kit/tools'
import { describe, expect, test } from 'vitest'
import { generatePrivateKey, signerCrypto, signerFromCryptoKey } from '../../src/index.ts'
import { peculiar } from '../support/peculiar.ts'
import { request } from '../examples/peculiar-x509.ts'
import { remoteSigner } from '../support/remote-signer.ts'
import { pkijs, pkijsCertificate, pkijsRequest } from '../support/pkijs.ts'

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
const lacksMlDsa = major < 24 || (major === 24 && minor < 7)

/** EdDSA is another name for Ed25519. */
const names = [...privateKeys.keys()].filter((name) => name !== 'EdDSA')

describe('@peculiar/x509', () => {
  test.each(names)('signs a certificate and a request with a remote key: %s', async (name) => {
    const signer = remoteSigner(name)
    const { crypto, keys } = await signerCrypto(signer)
    const certificate = await peculiar.X509CertificateGenerator.createSelfSigned(
      {
        name: 'CN=peculiar',
        keys,
        signingAlgorithm: signer.algorithm.webCrypto,
        notBefore: new Date(),
        notAfter: new Date(Date.now() + 1e9),
        extensions: [await peculiar.SubjectKeyIdentifierExtension.create(keys.publicKey, false, crypto)],
      },
      crypto,
    )
    const made = new X509Certificate(Buffer.from(certificate.rawData))
    expect(made.verify(signer.publicKey)).toBe(true)
    expect(await certificate.verify({ signatureOnly: true }, crypto)).toBe(true)

    const csr = await request(signer)
    expect(await csr.verify(crypto)).toBe(true)
    expect(Buffer.from(csr.publicKey.rawData)).toEqual(
      signer.publicKey.export({ format: 'der', type: 'spki' }),
    )
  })

  test.skipIf(lacks('openssl')).each(names)(
    'makes a request that OpenSSL verifies: %s [needs openssl]',
    async (name) => {
      const csr = new Uint8Array((await request(remoteSigner(name))).rawData)
      expect(tryRun('openssl req -verify -noout -inform DER', csr)).toMatchObject({ status: 0 })
    },
  )
})

describe('stock pkijs', () => {
  // pkijs 4 itself signs and verifies RSA and the NIST curves.
  const own = names.filter((name) => name !== 'Ed25519' && name !== 'ES256K')
  test.each(own)('signs a certificate and a request with a remote key: %s', async (name) => {
    const signer = remoteSigner(name)
    const { crypto, keys } = await signerCrypto(signer)
    const engine = new pkijs.CryptoEngine({ name: 'vault', crypto })
    const hash = signer.algorithm.webCrypto.hash ?? ''
    const certificate = await pkijsCertificate(signer, (document) =>
      document.sign(keys.privateKey, hash, engine),
    )
    expect(new X509Certificate(Buffer.from(certificate.toSchema().toBER())).verify(signer.publicKey)).toBe(
      true,
    )
    expect(await certificate.verify(certificate, engine)).toBe(true)

    const csr = await pkijsRequest(signer, (document) => document.sign(keys.privateKey, hash, engine))
    expect(await csr.verify(engine)).toBe(true)
  })
})

describe('the crypto', () => {
  test('signs with the algorithm of the signer alone', async () => {
    const { crypto, keys } = await signerCrypto(remoteSigner('PS256'))
    const data = Buffer.from('data')
    const own = { name: 'RSA-PSS', saltLength: 32 }
    expect(await crypto.subtle.sign(own, keys.privateKey, data)).toBeInstanceOf(ArrayBuffer)
    for (const other of [
      { name: 'RSA-PSS', saltLength: 20 },
      { name: 'RSASSA-PKCS1-v1_5' },
      { name: 'RSA-PSS', saltLength: 32, hash: 'SHA-512' },
      { name: 'RSA-PSS', saltLength: 32, hash: { name: 'SHA-384' } },
    ]) {
      // oxlint-disable-next-line no-await-in-loop
      expect(
        await failure('UNSUPPORTED_ALGORITHM', () => crypto.subtle.sign(other, keys.privateKey, data)),
      ).not.toBe('')
    }
  })

  test.each([
    [
      'algorithm',
      [undefined, null, 7, {}, { name: 7 }, { name: 'ECDSA', hash: {} }, { name: 'ECDSA', hash: null }],
    ],
    // A Uint8Array of a string has as many zeros as the string says.
    ['data', [undefined, null, 'payload', '5', 7, {}, [1, 2]]],
  ])('signs nothing for an argument that is wrong: %s', async (argument, values) => {
    const signer: Signer = {
      ...remoteSigner('ES256'),
      sign: async () => Promise.reject(new Error('asked to sign')),
    }
    const { crypto, keys } = await signerCrypto(signer)
    for (const value of values) {
      const right = { algorithm: { name: 'ECDSA', hash: 'SHA-256' }, data: Buffer.from('data') }
      const { algorithm, data } = { ...right, ...Object.fromEntries([[argument, value]]) }
      // oxlint-disable-next-line no-await-in-loop
      expect(
        await failure('INVALID_ARGUMENT', () => crypto.subtle.sign(algorithm, keys.privateKey, data)),
      ).toMatch(new RegExp(`^${argument} must be`))
    }
  })

  test('exports the public key and not the private one', async () => {
    const signer = remoteSigner('ES256')
    const { crypto, keys } = await signerCrypto(signer)
    expect(keys.privateKey).toBeInstanceOf(keys.publicKey.constructor)
    expect(keys.privateKey.extractable).toBe(false)
    const spki = await crypto.subtle.exportKey('spki', keys.publicKey)
    expect(Buffer.from(spki)).toEqual(signer.publicKey.export({ format: 'der', type: 'spki' }))
    const notExtractable = { name: 'InvalidAccessError' }
    await expect(crypto.subtle.exportKey('jwk', keys.privateKey)).rejects.toMatchObject(notExtractable)
    const aes = await crypto.subtle.generateKey({ name: 'AES-GCM', length: 256 }, false, ['wrapKey'])
    const parameters = { name: 'AES-GCM', iv: new Uint8Array(12) }
    const wrapping = crypto.subtle.wrapKey('pkcs8', keys.privateKey, aes, parameters)
    await expect(wrapping).rejects.toMatchObject(notExtractable)
  })

  test('does everything else as the implementation below it', async () => {
    const { crypto } = await signerCrypto(remoteSigner('ES256'))
    expect(crypto.randomUUID()).toHaveLength(36)
    expect(crypto.getRandomValues(new Uint8Array(8))).toHaveLength(8)
    const digest = await crypto.subtle.digest('SHA-256', Buffer.from('data'))
    expect(digest).toEqual(await webcrypto.subtle.digest('SHA-256', Buffer.from('data')))
    const other = await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, false, [
      'sign',
      'verify',
    ])
    const algorithm = { name: 'ECDSA', hash: 'SHA-256' }
    const signature = await crypto.subtle.sign(algorithm, other.privateKey, Buffer.from('data'))
    expect(await crypto.subtle.verify(algorithm, other.publicKey, signature, Buffer.from('data'))).toBe(true)
  })

  test.skipIf(lacksMlDsa)('signs with ML-DSA [needs ML-DSA]', async () => {
    const signer = createLocalSigner(await generatePrivateKey('ml-dsa-44'))
    const { crypto, keys } = await signerCrypto(signer)
    const signature = await crypto.subtle.sign(
      signer.algorithm.webCrypto,
      keys.privateKey,
      Buffer.from('data'),
    )
    expect(verify(null, Buffer.from('data'), signer.publicKey, new Uint8Array(signature))).toBe(true)
  })

  test('signs a copy of the data, which the caller may change', async () => {
    const signer = remoteSigner('ES256')
    const { crypto, keys } = await signerCrypto(signer)
    const algorithm = { name: 'ECDSA', hash: 'SHA-256' }
    const data = Buffer.from('data')
    const signing = crypto.subtle.sign(algorithm, keys.privateKey, data)
    data.fill(0)
    expect(await crypto.subtle.verify(algorithm, keys.publicKey, await signing, Buffer.from('data'))).toBe(
      true,
    )
  })

  test('gives a Signer back', async () => {
    const signer = remoteSigner('PS512')
    const { crypto, keys } = await signerCrypto(signer)
    const again = await signerFromCryptoKey(keys, { crypto, algorithm: 'PS512' })
    expect([again.keyId, again.algorithm]).toEqual([signer.keyId, signer.algorithm])
    expect(await again.sign(Buffer.from('data'))).toHaveLength(256)
  })

  test('releases no signature that is wrong', async () => {
    const signer: Signer = { ...remoteSigner('ES256'), sign: async () => setTimeout(1, new Uint8Array(64)) }
    const { crypto, keys } = await signerCrypto(signer)
    const algorithm = { name: 'ECDSA', hash: 'SHA-256' }
    expect(
      await failure('INVALID_SIGNATURE', () =>
        crypto.subtle.sign(algorithm, keys.privateKey, Buffer.from('data')),
      ),
    ).not.toBe('')
  })

  test('takes a Signer and nothing else, and quotes nothing', async () => {
    const secret = 'a private key'
    const signer = createLocalSigner(privateKey('ES256'))
    const { algorithm, publicKey, keyId } = signer
    const sign = signer.sign.bind(signer)
    for (const wrong of [
      secret,
      null,
      undefined,
      {},
      privateKey('ES256'),
      { algorithm: { name: secret }, publicKey, keyId, sign },
      { algorithm, publicKey: privateKey('ES256'), keyId, sign },
      { algorithm, publicKey, keyId: 7, sign },
      { algorithm, publicKey, keyId },
    ]) {
      // oxlint-disable-next-line no-await-in-loop
      expect(await failure('INVALID_ARGUMENT', () => signerCrypto(wrong as never))).not.toContain(secret)
    }
  })
})
