import { createPublicKey, X509Certificate, type KeyObject } from 'node:crypto'
import { createLocalSigner } from '@sealwright/core'
import { describe, expect, test } from 'vitest'
import {
  createCertificateRequest,
  createRevocationList,
  createSelfSignedCertificate,
  encodePem,
  generatePrivateKey,
  readKeyFile,
  readPkcs12,
  type KeyFileLimits,
  type Pkcs12Limits,
} from '../src/index.ts'
import { identity } from './support/certificates.ts'
import * as pfx from './support/pfx.ts'
import {
  constructed,
  decode,
  encode,
  int,
  octets,
  oid,
  primitive,
  sequence,
  type Tlv,
} from './support/tlv.ts'

/** One item beyond a limit is passed over; the message names the limit, and the limit can be raised. */

const { oids, password } = pfx

const pkcs8Of = (key: KeyObject): Uint8Array => key.export({ format: 'der', type: 'pkcs8' })

/** A sound key of more than 6 KiB: attributes of PKCS#8 (RFC 5958 §2) are of any length. */
function longKey(key: KeyObject): Uint8Array {
  const attribute = pfx.attribute('1.2.3.4', octets(new Uint8Array(7000)))
  return encode(sequence(...decode(pkcs8Of(key)).children, constructed(0xa0, attribute)))
}

/** A file with a certificate and that bag. */
async function fileWith(...bags: Tlv[]): Promise<Uint8Array> {
  const { certificate } = await identity('ec-p256')
  return pfx.sealed(pfx.plainSafe(pfx.certificateBag(certificate.raw), ...bags))
}

function shroudedBag(algorithm: Tlv): Tlv {
  return pfx.bag(
    oids.shroudedKeyBag,
    sequence(algorithm, octets(new Uint8Array(32))),
    pfx.friendlyName('strange'),
  )
}

function scrypt(N: number): Tlv {
  const parameters = sequence(octets(new Uint8Array(8)), int(N), int(8), int(1))
  const derivation = sequence(oid('1.3.6.1.4.1.11591.4.11'), parameters)
  return sequence(
    oid(oids.pbes2),
    sequence(derivation, sequence(oid(oids.aes256Cbc), octets(new Uint8Array(16)))),
  )
}

describe('of PKCS#12', () => {
  test('a key of more than 6 KiB', async () => {
    const { privateKey } = await identity('ec-p256')
    const file = await fileWith(pfx.keyBag(longKey(privateKey), pfx.friendlyName('long')))
    const { keys, certificates, skipped } = await readPkcs12(file, password)
    expect(keys).toEqual([])
    expect(certificates).toHaveLength(1)
    expect(skipped).toEqual([
      {
        what: 'a private key "long"',
        reason: expect.stringMatching(
          /^the private key has \d+ bytes; at most 6144 are allowed; limits\.privateKeyBytes raises the limit$/,
        ) as string,
      },
    ])
    const raised = await readPkcs12(file, password, { limits: { privateKeyBytes: 10_000 } })
    expect(raised.keys).toHaveLength(1)
    expect(raised.skipped).toEqual([])
  })

  test('an RSA key with a long modulus', async () => {
    const rsa = await identity('rsa-2048')
    const file = await fileWith(pfx.keyBag(pkcs8Of(rsa.privateKey)))
    const limits = { rsaModulusBits: 2047 }
    const { keys, certificates, skipped } = await readPkcs12(file, password, { limits })
    expect([keys, certificates.length]).toEqual([[], 1])
    expect(skipped[0]?.reason).toBe(
      'the private key has 2048 bits; at most 2047 are allowed; limits.rsaModulusBits raises the limit',
    )
    expect((await readPkcs12(file, password)).keys).toHaveLength(1)
  })

  test.each<[string, Tlv, string, Partial<Pkcs12Limits>]>([
    ['a salt', pfx.pbes2({ salt: new Uint8Array(1025) }), 'saltBytes', { saltBytes: 1025 }],
    ['an iteration count', pfx.pbes2({ iterations: int(10_000_001) }), 'iterations', { iterations: 3e7 }],
    ['memory for scrypt', scrypt(2 ** 16), 'scryptBytes', { scryptBytes: 2 ** 27 }],
  ])('a key with %s beyond the limit', async (_, algorithm, limit, raised) => {
    const file = await fileWith(shroudedBag(algorithm))
    const { certificates, skipped } = await readPkcs12(file, password)
    expect(certificates).toHaveLength(1)
    expect(skipped).toMatchObject([
      {
        what: 'a private key "strange"',
        reason: expect.stringMatching(new RegExp(`limits\\.${limit} raises the limit$`)) as string,
      },
    ])
    if (limit === 'iterations') return
    const reasons = (await readPkcs12(file, password, { limits: raised })).skipped.map(({ reason }) => reason)
    // The key is not one: with the limit raised, that is what is wrong with it.
    expect(reasons).toEqual([expect.stringMatching(/does not decrypt|does not open/)])
  })

  test('a number of five bytes is one item’s', async () => {
    const iterations = primitive(0x02, [1, 0, 0, 0, 0])
    const { certificates, skipped } = await readPkcs12(
      await fileWith(shroudedBag(pfx.pbes2({ iterations }))),
      password,
    )
    expect(certificates).toHaveLength(1)
    expect(skipped[0]?.reason).toMatch(/is a number of 5 bytes; at most 4 are allowed/)
  })

  test('a safe that alone takes more iterations than the file may', async () => {
    const { certificate } = await identity('ec-p256')
    const slow = pfx.encryptedSafe(pfx.pbes2({ iterations: int(10_000_001) }))
    const file = pfx.sealed(slow, pfx.plainSafe(pfx.certificateBag(certificate.raw)))
    const { certificates, skipped } = await readPkcs12(file, password)
    expect(certificates).toHaveLength(1)
    expect(skipped).toMatchObject([{ what: 'a safe with all that is in it' }])
    expect(skipped[0]?.reason).toMatch(/limits\.iterations raises the limit$/)
  })

  test('what several items take together concerns the file', async () => {
    const key = shroudedBag(pfx.pbes2({ iterations: int(600) }))
    const file = await fileWith(key, key)
    await expect(readPkcs12(file, password, { limits: { iterations: 1000 } })).rejects.toMatchObject({
      code: 'LIMIT_EXCEEDED',
      message: expect.stringMatching(/600 iterations; the file may take 1000 in all/) as string,
    })
  })
})

function read(text: string, limits: Partial<KeyFileLimits> = {}): ReturnType<typeof readKeyFile> {
  return readKeyFile(Buffer.from(text), '', { limits })
}

describe('of other files', () => {
  test('a private key in PEM', async () => {
    const { privateKey, certificate } = await identity('ec-p256')
    const text = encodePem('PRIVATE KEY', longKey(privateKey)) + certificate.toString()
    const { certificates, skipped } = await read(text)
    expect(certificates).toHaveLength(1)
    expect(skipped).toMatchObject([{ what: 'the PEM block PRIVATE KEY' }])
    expect(skipped[0]?.reason).toMatch(/limits\.privateKeyBytes raises the limit$/)
    expect((await read(text, { privateKeyBytes: 10_000 })).keys).toHaveLength(1)
  })

  test('a JWK of a JWK Set, whole or to be completed', async () => {
    const ec = (await identity('ec-p256')).privateKey.export({ format: 'jwk' })
    const rsa = (await identity('rsa-2048')).privateKey.export({ format: 'jwk' })
    const { kty, n, e, d } = rsa
    const text = JSON.stringify({ keys: [ec, rsa, { kty, n, e, d }] })
    const { keys, skipped } = await read(text, { rsaModulusBits: 2047 })
    expect(keys).toHaveLength(1)
    expect(skipped.map(({ reason }) => reason)).toEqual([
      'the private key has 2048 bits; at most 2047 are allowed; limits.rsaModulusBits raises the limit',
      'the JWK 3 of 3 has 2048 bits; at most 2047 are allowed; limits.rsaModulusBits raises the limit',
    ])
    expect((await read(text)).keys).toHaveLength(3)
  })

  test('a certificate request', async () => {
    const { privateKey, certificate } = await identity('ec-p256')
    const value = encode(octets(new Uint8Array(70_000)))
    const der = await createCertificateRequest(createLocalSigner(privateKey), {
      subject: 'CN=long',
      extensions: { custom: [{ oid: '1.2.3.4', critical: false, value }] },
    })
    const text = encodePem('CERTIFICATE REQUEST', der) + certificate.toString()
    const { certificates, requests, skipped } = await read(text)
    expect([certificates.length, requests.length]).toEqual([1, 0])
    expect(skipped[0]?.reason).toMatch(
      /at most 65536 are allowed; limits\.certificateRequestBytes raises the limit$/,
    )
    expect((await read(text, { certificateRequestBytes: 100_000 })).requests).toHaveLength(1)
  })

  test('a CRL', async () => {
    const signer = createLocalSigner(await generatePrivateKey('ec-p256'))
    const certificate = await createSelfSignedCertificate(signer, { subject: 'CN=CA', profile: 'rootCa' })
    const revoked = [{ serialNumber: '01', revokedAt: new Date() }]
    const der = await createRevocationList({ signer, certificate }, { number: 1, revoked })
    const text = encodePem('X509 CRL', der) + certificate.toString()
    const limits = { revocationListElements: 10 }
    const { certificates, revocationLists, skipped } = await read(text, limits)
    expect([certificates.length, revocationLists.length]).toEqual([1, 0])
    expect(skipped[0]?.reason).toMatch(/limits\.revocationListElements raises the limit$/)
    expect((await read(text)).revocationLists).toHaveLength(1)
  })

  test('limits with other names are refused', async () => {
    await expect(read('{}', { privateKeyByte: 1 } as never)).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining('limits.privateKeyByte is not an option') as string,
    })
  })
})

test('the certificate of the long key is one of it', async () => {
  const { privateKey, certificate } = await identity('ec-p256')
  const { keys } = await readPkcs12(await fileWith(pfx.keyBag(longKey(privateKey))), password, {
    limits: { privateKeyBytes: 10_000 },
  })
  expect(keys[0]?.certificates.map(({ raw }) => new X509Certificate(raw).fingerprint256)).toEqual([
    certificate.fingerprint256,
  ])
  expect(createPublicKey(keys[0]!.privateKey).equals(certificate.publicKey)).toBe(true)
})
