import { createHash, createPublicKey, verify, webcrypto, X509Certificate, type KeyObject } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  createLocalSigner,
  isSealwrightError,
  publicJwk,
  type KeyTypeName,
  type Signer,
} from '@sealwright/core'
import { scratchFolder } from '@sealwright/test-kit/folders'
import { lacksPython, run } from '@sealwright/test-kit/tools'
import { describe, expect, test } from 'vitest'
import {
  createCertificateRequest,
  createRevocationList,
  createSelfSignedCertificate,
  generatePrivateKey,
  parseCertificate,
  readCertificateRequest,
  readKeyFile,
  readPkcs12,
  readRevocationList,
  renewCertificate,
  writePkcs12,
} from '../../src/index.ts'
import { issueTo, identity } from '../support/certificates.ts'
import { decode, encode, int, octets, oid, primitive, sequence } from '../support/tlv.ts'
import { pythonMlDsa } from '../support/tools.ts'

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
const isThere = major > 24 || (major === 24 && minor >= 7)

/** On a Node without ML-DSA the operation has to say so; the result is null then. */
async function whereThere<T>(operation: Promise<T>): Promise<T | null> {
  if (isThere) return operation
  const error: unknown = await operation.then(
    () => null,
    (reason: unknown) => reason,
  )
  expect(isSealwrightError(error, 'UNSUPPORTED_KEY')).toBe(true)
  expect(String(error)).toContain('Node 24.7 or newer')
  return null
}

/** RFC 9881 §2: the last number of the OID, and no parameters. */
describe.for<readonly [KeyTypeName, string, number]>([
  ['ml-dsa-44', 'ML-DSA-44', 17],
  ['ml-dsa-65', 'ML-DSA-65', 18],
  ['ml-dsa-87', 'ML-DSA-87', 19],
])('%s', ([type, name, last]) => {
  const identifier = Buffer.from(`300b06096086480165030403${last.toString(16)}`, 'hex')

  test('a key is made, or the message says what it takes', async () => {
    const key = await whereThere(generatePrivateKey(type))
    if (key === null) return
    expect(key.asymmetricKeyType).toBe(type)
    const other = await generatePrivateKey(type, { crypto: webcrypto })
    expect(other.asymmetricKeyType).toBe(type)
    expect(other.equals(key)).toBe(false)
  })

  test('PKCS#8 and JWK are read', async () => {
    const made = isThere ? await generatePrivateKey(type) : null
    // PrivateKeyInfo (RFC 9881 §6) with a seed of zeros, where nothing can make another.
    const seed = Buffer.concat([Buffer.from('3034020100', 'hex'), identifier, Buffer.from('04228020', 'hex')])
    const pkcs8 = made?.export({ format: 'der', type: 'pkcs8' }) ?? Buffer.concat([seed, Buffer.alloc(32)])
    const read = await whereThere(readKeyFile(pkcs8, ''))
    const jwk = made?.export({ format: 'jwk' }) ?? { kty: 'AKP', alg: name, pub: 'AA', priv: 'AA' }
    const readAgain = await whereThere(readKeyFile(Buffer.from(JSON.stringify(jwk)), ''))
    if (made === null) return
    expect(read?.keys[0]?.privateKey.equals(made)).toBe(true)
    expect(readAgain?.keys[0]?.privateKey.equals(made)).toBe(true)
    expect(publicJwk(made)).not.toHaveProperty('priv')
  })

  test('Node verifies certificates, requests, CRLs and PKCS#12 files of it', async () => {
    const made = await whereThere(identity(type))
    if (made === null) return
    const { privateKey, certificate } = made
    const publicKey = createPublicKey(privateKey)
    expect(certificate.checkPrivateKey(privateKey)).toBe(true)
    expect(certificate.verify(publicKey)).toBe(true)
    expect(parseCertificate(certificate).signatureAlgorithm).toBe(name)
    assertSigned(certificate.raw, publicKey, identifier)

    const signer = createLocalSigner(privateKey)
    const root = await createSelfSignedCertificate(signer, { subject: 'CN=Root', profile: 'rootCa' })
    const leaf = await issueTo({ signer, certificate: root }, publicKey, { subject: 'CN=leaf' })
    expect(leaf.checkIssued(root) && leaf.verify(root.publicKey)).toBe(true)

    const request = await createCertificateRequest(signer, { subject: 'CN=leaf' })
    assertSigned(request, publicKey, identifier)
    expect(readCertificateRequest(request).publicKey.equals(publicKey)).toBe(true)

    const revoked = [{ serialNumber: leaf.serialNumber, revokedAt: new Date('2026-01-02T03:04:05Z') }]
    const list = await createRevocationList({ signer, certificate: root }, { number: 1, revoked })
    assertSigned(list, publicKey, identifier)
    expect(readRevocationList(list, root).revoked).toHaveLength(1)

    const entry = { privateKey, certificates: [certificate], friendlyName: 'a' }
    const file = await writePkcs12(entry, 'password', { iterations: 1000 })
    const [key] = (await readPkcs12(file, 'password')).keys
    expect(key?.privateKey.equals(privateKey)).toBe(true)
    expect(key?.certificates[0]?.raw.equals(certificate.raw)).toBe(true)
  })
})

describe('a public key of ML-DSA, where it cannot be used', () => {
  /** SubjectPublicKeyInfo of ML-DSA-44 (RFC 9881 §4); any 1,312 bytes are a key. */
  const info = sequence(sequence(oid('2.16.840.1.101.3.4.3.17')), primitive(0x03, Buffer.alloc(1313)))

  test('in a request, the message says what it takes', async () => {
    const request = decode(await createCertificateRequest(await ecSigner(), { subject: 'CN=a' }))
    request.children[0]?.children.splice(2, 1, info)
    const reading = Promise.resolve().then(() => readCertificateRequest(encode(request)))
    await expect(reading).rejects.toThrow(isThere ? 'does not match its key' : 'Node 24.7 or newer')
  })

  test('in the certificate of a CA, and in one to renew, it does as well', async () => {
    const signer = await ecSigner()
    const certificate = await createSelfSignedCertificate(signer, { subject: 'CN=Root', profile: 'rootCa' })
    const list = await createRevocationList({ signer, certificate }, { number: 1, revoked: [] })
    const changed = decode(certificate.raw)
    changed.children[0]?.children.splice(6, 1, info)
    const other = new X509Certificate(encode(changed))
    expect(parseCertificate(other).subject).toBe('CN=Root')
    const reading = Promise.resolve().then(() => readRevocationList(list, other))
    await expect(reading).rejects.toThrow(isThere ? 'does not match its key' : 'Node 24.7 or newer')
    const renewed = await whereThere(renewCertificate(other, { signer, certificate }))
    expect(renewed === null ? null : parseCertificate(renewed).subject).toBe(isThere ? 'CN=Root' : null)
  })
})

async function ecSigner(): Promise<Signer> {
  return createLocalSigner((await identity('ec-p256')).privateKey)
}

/**
 * The examples of RFC 9881 App. C: the private keys there are those of the seed 00 01 02 … 1f, and the SubjectPublicKeyInfo
 * (App. C.2) has this SHA-256.
 */
test.skipIf(!isThere).each([
  ['ml-dsa-44', 17, '837832708c5236d951581f1fddf2b79991b3424a0486d16da1ddad0fd69701be'],
  ['ml-dsa-65', 18, 'b8b62131bfbe84433efb2273d7f5b87f7a22854a2cfd366fc2aead86d837c52d'],
  ['ml-dsa-87', 19, '07e57c4f14dbad1267f621ec3777b4e2e6c4fbc4c22fbb87510ff8e0b3c6a642'],
])(
  '%s: the seed of RFC 9881 has the public key that is printed there [needs ML-DSA]',
  async (_, last, digest) => {
    const seed = Uint8Array.from({ length: 32 }, (__, index) => index)
    const key = primitive(0x80, seed)
    const pkcs8 = encode(sequence(int(0), sequence(oid(`2.16.840.1.101.3.4.3.${last}`)), octets(encode(key))))
    const { keys } = await readKeyFile(pkcs8, '')
    const publicKey = keys.map(({ privateKey }) => createPublicKey(privateKey))[0]
    const info = publicKey?.export({ format: 'der', type: 'spki' }) ?? Buffer.alloc(0)
    expect(createHash('sha256').update(info).digest('hex')).toBe(digest)
  },
)

test.skipIf(!isThere)(
  'a private key that is malformed is not said to need another Node [needs ML-DSA]',
  async () => {
    // A seed of 31 bytes.
    const key = encode(primitive(0x80, new Uint8Array(31)))
    const pkcs8 = encode(sequence(int(0), sequence(oid('2.16.840.1.101.3.4.3.17')), octets(key)))
    await expect(readKeyFile(pkcs8, '')).rejects.not.toThrow('24.7')
  },
)

test.skipIf(!isThere || lacksPython(pythonMlDsa)).each<KeyTypeName>(['ml-dsa-44', 'ml-dsa-65', 'ml-dsa-87'])(
  "%s: Python's cryptography verifies every document [needs ML-DSA, and python3 with cryptography that has it]",
  async (type) => {
    const signer = createLocalSigner((await identity(type)).privateKey)
    const root = await createSelfSignedCertificate(signer, { subject: 'CN=Root', profile: 'rootCa' })
    const issuer = { signer, certificate: root }
    const leaf = await issueTo(issuer, signer.publicKey, { subject: 'CN=leaf' })
    const revoked = [{ serialNumber: leaf.serialNumber, revokedAt: new Date('2026-01-02T03:04:05Z') }]
    const documents = [
      root.raw,
      leaf.raw,
      await createCertificateRequest(signer, { subject: 'CN=leaf' }),
      await createRevocationList(issuer, { number: 1, revoked }),
    ]
    const folder = scratchFolder()
    const paths = documents.map((der, index) => {
      const path = join(folder, `${index}.der`)
      writeFileSync(path, der)
      return path
    })
    const script = join(folder, 'verify.py')
    writeFileSync(script, pythonVerifier)
    expect(run(`python3 ${script} ${paths.join(' ')}`)).toBe('verified\n')
  },
)

/** Asks the key itself: the checks of certificates, requests and CRLs there know the older algorithms alone. */
const pythonVerifier = `import sys
from cryptography import x509
root, leaf, request, crl = (open(path, 'rb').read() for path in sys.argv[1:])
root, leaf = x509.load_der_x509_certificate(root), x509.load_der_x509_certificate(leaf)
request, crl = x509.load_der_x509_csr(request), x509.load_der_x509_crl(crl)
for signature, signed in (
    (root.signature, root.tbs_certificate_bytes),
    (leaf.signature, leaf.tbs_certificate_bytes),
    (request.signature, request.tbs_certrequest_bytes),
    (crl.signature, crl.tbs_certlist_bytes),
):
    root.public_key().verify(signature, signed)
print('verified')
`

/** Takes the document apart without the code under test, and has Node verify its signature. */
function assertSigned(der: Uint8Array, publicKey: KeyObject, identifier: Uint8Array): void {
  const document = Buffer.from(der)
  // SEQUENCE and every part of it but the identifier are longer than 255 bytes or shorter than 65,536: 82 xx xx.
  const [, , signature] = decode(der).children
  const at = document.lastIndexOf(identifier, document.length - (signature?.content?.length ?? 0))
  expect(document.subarray(at, at + identifier.length).equals(identifier)).toBe(true)
  const bytes = Buffer.from(signature?.content ?? []).subarray(1)
  const headerLength = document[1] === 0x82 ? 4 : 0
  expect(verify(null, document.subarray(headerLength, at), publicKey, bytes)).toBe(true)
}
