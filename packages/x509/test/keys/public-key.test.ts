import { createPublicKey, sign, X509Certificate } from 'node:crypto'
import { createLocalSigner } from '@sealwright/core'
import { describe, expect, test } from 'vitest'
import {
  createCertificateRequest,
  createSelfSignedCertificate,
  encodePem,
  readCertificateRequest,
  readKeyFile,
  renewCertificate,
} from '../../src/index.ts'
import { issueFor, issueTo, identity } from '../support/certificates.ts'
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
} from '../support/tlv.ts'

/**
 * The point at infinity, which is the octet 00 (SEC 1 §2.3.3). OpenSSL reads such keys, and Node 20 and 22 abort when they are
 * asked which curve it is on: a test that fails here ends the process.
 */
describe.each([
  ['P-256', '1.2.840.10045.3.1.7'],
  ['secp256k1', '1.3.132.0.10'],
])('a key on %s whose point is at infinity is refused', (_, curve) => {
  const algorithm = sequence(oid('1.2.840.10045.2.1'), oid(curve))
  const infinity = primitive(0x03, [0, 0])
  const info = sequence(algorithm, infinity)
  const refused = expect.objectContaining({
    code: 'INVALID_ENCODING',
    message: expect.stringContaining('infinity'),
  })

  test('in a request', async () => {
    const { privateKey } = await identity('ec-p256')
    const request = decode(await createCertificateRequest(createLocalSigner(privateKey), { subject: 'CN=a' }))
    const toBeSigned = request.children[0] ?? sequence()
    toBeSigned.children.splice(2, 1, info)
    request.children[2] = primitive(0x03, [0, ...sign('sha256', encode(toBeSigned), privateKey)])
    const der = encode(request)
    expect(() => readCertificateRequest(der)).toThrow(refused)
    const signer = createLocalSigner(privateKey)
    const certificate = await createSelfSignedCertificate(signer, { subject: 'CN=Root', profile: 'rootCa' })
    await expect(issueFor(der, { signer, certificate })).rejects.toThrow(refused)
    const [shown] = (await readKeyFile(der, '')).requests
    expect(shown).toMatchObject({
      publicKey: null,
      verified: null,
      problems: [expect.stringContaining('infinity')],
    })
  })

  test('in a certificate, and by itself', async () => {
    const signer = createLocalSigner((await identity('ec-p256')).privateKey)
    const certificate = await createSelfSignedCertificate(signer, { subject: 'CN=Root', profile: 'rootCa' })
    const issuer = { signer, certificate }
    const changed = decode(certificate.raw)
    changed.children[0]?.children.splice(6, 1, info)
    const hostile = encode(changed)
    await expect(readKeyFile(hostile, '')).rejects.toThrow(refused)
    await expect(renewCertificate(new X509Certificate(hostile), issuer)).rejects.toThrow(refused)
    const publicKey = createPublicKey({ key: Buffer.from(encode(info)), format: 'der', type: 'spki' })
    await expect(issueTo(issuer, publicKey, { subject: 'CN=a' })).rejects.toThrow(refused)
    await expect(readKeyFile(encode(info), '')).rejects.toThrow(refused)
  })

  test('in a private key that has its public key with it', async () => {
    const scalar = octets(Buffer.alloc(32, 1))
    const key = (...parameters: Tlv[]): Tlv =>
      sequence(int(1), scalar, ...parameters, constructed(0xa1, infinity))
    const pkcs8 = encode(sequence(int(0), algorithm, octets(encode(key()))))
    await expect(readKeyFile(pkcs8, '')).rejects.toThrow(refused)
    const sec1 = encode(key(constructed(0xa0, oid(curve))))
    await expect(readKeyFile(Buffer.from(encodePem('EC PRIVATE KEY', sec1)), '')).rejects.toThrow(refused)
  })
})

const hex = (text: string): Uint8Array => Buffer.from(text, 'hex')

test('a curve of somebody’s own, in a private key, does not end the process', async () => {
  // P-256 spelled out, its order but 98ff.
  const field = 'ffffffff00000001000000000000000000000000ffffffffffffffffffffffff'
  const generator =
    '046b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c2964fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5'
  const curve = sequence(
    int(1),
    sequence(oid('1.2.840.10045.1.1'), primitive(0x02, hex(`00${field}`))),
    sequence(
      octets(hex(`${field.slice(0, -1)}c`)),
      octets(hex('5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604b')),
    ),
    octets(hex(generator)),
    primitive(0x02, hex('0098ff')),
    int(1),
  )
  const key = sequence(
    int(1),
    octets(Buffer.alloc(32, 1)),
    constructed(0xa1, primitive(0x03, hex(`00${generator}`))),
  )
  const algorithm = sequence(oid('1.2.840.10045.2.1'), curve)
  const pkcs8 = encode(sequence(int(0), algorithm, octets(encode(key))))
  await expect(readKeyFile(pkcs8, '')).rejects.toThrow(expect.objectContaining({ code: 'UNSUPPORTED_KEY' }))
})
