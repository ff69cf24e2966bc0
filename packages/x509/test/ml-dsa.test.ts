import { createPublicKey, verify, webcrypto, type KeyObject } from 'node:crypto'
import { createLocalSigner, isSealwrightError, publicJwk, type KeyTypeName } from '@sealwright/core'
import { describe, expect, test } from 'vitest'
import {
  createCertificate,
  createCertificateRequest,
  createRevocationList,
  createSelfSignedCertificate,
  generatePrivateKey,
  parseCertificate,
  readCertificateRequest,
  readKeyFile,
  readPkcs12,
  readRevocationList,
  writePkcs12,
} from '../src/index.ts'
import { identity } from './support/certificates.ts'
import { decode } from './support/tlv.ts'

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
])('%s', ([type, name, oid]) => {
  const identifier = Buffer.from(`300b06096086480165030403${oid.toString(16)}`, 'hex')

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
    const leaf = await createCertificate({ signer, certificate: root }, publicKey, { subject: 'CN=leaf' })
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
