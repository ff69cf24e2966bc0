import { constants, createPublicKey, sign, webcrypto, X509Certificate, type KeyObject } from 'node:crypto'
import { createLocalSigner } from '@sealwright/core'
import { privateKey, privateKeys } from '@sealwright/test-kit/keys'
import { beforeAll, describe, expect, test } from 'vitest'
import {
  createCertificateRequest,
  describeCertificateRequest,
  parseCertificate,
  readCertificateRequest,
  readRevocationList,
  signerCrypto,
} from '../../src/index.ts'
import { request } from '../examples/peculiar-x509.ts'
import { peculiar } from '../support/peculiar.ts'
import { constructed, decode, encode, int, nul, oid, primitive, sequence, type Tlv } from '../support/tlv.ts'

/** One algorithm has several encodings: what they say counts, not their bytes. */

/** EdDSA is another name for Ed25519. */
const names = [...privateKeys.keys()].filter((name) => name !== 'EdDSA')

describe('as @peculiar/x509 encodes them', () => {
  test.each(names)('a request: %s', async (name) => {
    const signer = createLocalSigner(privateKey(name), { algorithm: name })
    const { publicKey } = readCertificateRequest(new Uint8Array((await request(signer)).rawData))
    expect(publicKey.equals(signer.publicKey)).toBe(true)
  })

  test.each(['PS256', 'PS384', 'PS512'])('a certificate and a CRL: %s', async (name) => {
    const signer = createLocalSigner(privateKey(name), { algorithm: name })
    const { crypto, keys } = await signerCrypto(signer)
    const signingAlgorithm = signer.algorithm.webCrypto
    const certificate = await peculiar.X509CertificateGenerator.createSelfSigned(
      {
        name: 'CN=peculiar',
        keys,
        signingAlgorithm,
        extensions: [new peculiar.BasicConstraintsExtension(true)],
      },
      crypto,
    )
    const issuer = new X509Certificate(Buffer.from(certificate.rawData))
    expect(parseCertificate(issuer).signatureAlgorithm).toBe(name)
    const crl = await peculiar.X509CrlGenerator.create(
      {
        issuer: 'CN=peculiar',
        thisUpdate: new Date(),
        entries: [{ serialNumber: '07', reason: peculiar.X509CrlReason.superseded }],
        signingAlgorithm,
        signingKey: keys.privateKey,
      },
      crypto,
    )
    const { revoked } = readRevocationList(new Uint8Array(crl.rawData), issuer)
    expect(revoked.map(({ serialNumber }) => serialNumber)).toEqual(['07'])
  })
})

const sha256 = '2.16.840.1.101.3.4.2.1'
const sha384 = '2.16.840.1.101.3.4.2.2'
const mgf1 = '1.2.840.113549.1.1.8'

interface Pss {
  readonly hash?: string
  readonly maskHash?: string
  readonly mask?: string
  readonly salt?: number
  readonly trailer?: number | null
  readonly hashParameters?: readonly Tlv[]
  readonly more?: readonly Tlv[]
}

function pss(options: Pss = {}): Tlv {
  const { hash = sha256, maskHash = hash, mask = mgf1, salt = 32, trailer = null } = options
  const { hashParameters = [nul()], more = [] } = options
  const parameters = sequence(
    constructed(0xa0, sequence(oid(hash), ...hashParameters)),
    constructed(0xa1, sequence(oid(mask), sequence(oid(maskHash), ...hashParameters))),
    constructed(0xa2, int(salt)),
    ...(trailer === null ? [] : [constructed(0xa3, int(trailer))]),
    ...more,
  )
  return sequence(oid('1.2.840.113549.1.1.10'), parameters)
}

/** A request whose signature is right, under that AlgorithmIdentifier. */
function requestWith(identifier: Tlv, { isPss = true, saltLength = 32, digest = 'sha256' } = {}): Uint8Array {
  const [info = nul()] = decode(soundRequest).children
  const key: Parameters<typeof sign>[2] = isPss
    ? { key: rsa, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength }
    : rsa
  const signature = sign(digest, encode(info), key)
  return encode(sequence(info, identifier, primitive(0x03, [0, ...signature])))
}

let rsa: KeyObject
let soundRequest: Uint8Array
beforeAll(async () => {
  rsa = privateKey('PS256')
  soundRequest = await createCertificateRequest(createLocalSigner(rsa), { subject: 'CN=x' })
})

describe('PSS parameters', () => {
  test.each<[string, Pss]>([
    ['hashes with NULL', {}],
    ['hashes without', { hashParameters: [] }],
    ['the trailer that is the default', { trailer: 1 }],
    ['both', { hashParameters: [], trailer: 1 }],
  ])('%s', (_, options) => {
    const der = requestWith(pss(options))
    expect(readCertificateRequest(der).publicKey.equals(createPublicKey(rsa))).toBe(true)
    expect(describeCertificateRequest(der)).toMatchObject({
      signatureAlgorithm: 'PS256',
      verified: true,
      problems: [],
    })
  })

  test.each<[string, Pss, string]>([
    ['another salt length', { salt: 20 }, 'RSASSA-PSS with SHA-256 and a salt of 20 bytes'],
    ['another hash', { hash: sha384 }, 'RSASSA-PSS with SHA-384 and a salt of 32 bytes'],
    ['another hash in MGF1', { maskHash: sha384 }, 'RSASSA-PSS with SHA-256 and a salt of 32 bytes'],
    ['another mask generation', { mask: '1.2.3' }, 'RSASSA-PSS with SHA-256 and a salt of 32 bytes'],
    ['another trailer', { trailer: 2 }, 'RSASSA-PSS with SHA-256 and a salt of 32 bytes'],
  ])('%s is another algorithm', (_, options, shown) => {
    const der = requestWith(pss(options))
    expect(() => readCertificateRequest(der)).toThrow(
      expect.objectContaining({ code: 'UNSUPPORTED_ALGORITHM' }),
    )
    const described = describeCertificateRequest(der)
    expect(described.signatureAlgorithm).toBe(shown)
    expect(described.verified).not.toBe(true)
  })

  test.each<[string, Pss]>([
    ['a field after the last one', { more: [nul()] }],
    ['two values where a hash is', { hashParameters: [nul(), nul()] }],
    ['a NULL with content', { hashParameters: [primitive(0x05, [0])] }],
    ['parameters of another type', { hashParameters: [int(1)] }],
  ])('%s is malformed', (_, options) => {
    const der = requestWith(pss(options))
    expect(() => readCertificateRequest(der)).toThrow(expect.objectContaining({ code: 'INVALID_ENCODING' }))
    expect(describeCertificateRequest(der)).toMatchObject({ signatureAlgorithm: 'unknown', verified: null })
  })

  test('a salt of any length is shown as verified', () => {
    const der = requestWith(pss({ salt: 7 }), { saltLength: 7 })
    expect(describeCertificateRequest(der).verified).toBe(true)
  })

  test('a signature that is wrong is no better for its parameters', () => {
    const der = requestWith(pss({ hashParameters: [] }), { saltLength: 20 })
    expect(() => readCertificateRequest(der)).toThrow(expect.objectContaining({ code: 'INVALID_SIGNATURE' }))
  })
})

describe('RSA with PKCS#1 v1.5', () => {
  const sha256WithRsa = '1.2.840.113549.1.1.11'
  test.each<[string, readonly Tlv[]]>([
    ['NULL', [nul()]],
    // RFC 4055 §5: it is written with NULL, and read without.
    ['nothing', []],
  ])('with %s for parameters', (_, parameters) => {
    const der = requestWith(sequence(oid(sha256WithRsa), ...parameters), { isPss: false })
    expect(readCertificateRequest(der).publicKey.equals(createPublicKey(rsa))).toBe(true)
  })

  test('with other parameters is not supported', () => {
    const der = requestWith(sequence(oid(sha256WithRsa), int(1)), { isPss: false })
    expect(() => readCertificateRequest(der)).toThrow(
      expect.objectContaining({ code: 'UNSUPPORTED_ALGORITHM' }),
    )
  })
})

test('WebCrypto of the caller’s own makes requests with PSS that are read', async () => {
  const algorithm = {
    name: 'RSA-PSS',
    hash: 'SHA-256',
    modulusLength: 2048,
    publicExponent: Uint8Array.of(1, 0, 1),
  }
  const keys = await webcrypto.subtle.generateKey(algorithm, false, ['sign', 'verify'])
  const csr = await peculiar.Pkcs10CertificateRequestGenerator.create(
    { name: 'CN=own', keys, signingAlgorithm: { name: 'RSA-PSS', saltLength: 32 } },
    webcrypto,
  )
  expect(readCertificateRequest(new Uint8Array(csr.rawData)).subject).toBe('CN=own')
})
