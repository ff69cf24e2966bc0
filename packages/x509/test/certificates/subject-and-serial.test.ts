import { X509Certificate } from 'node:crypto'
import { createLocalSigner, type Signer } from '@sealwright/core'
import { beforeAll, describe, expect, test } from 'vitest'
import {
  createCertificateRequest,
  createRevocationList,
  createSelfSignedCertificate,
  issueCertificate,
  parseCertificate,
  readCertificateRequest,
  renewCertificate,
  type CertificateRequest,
  type Issuer,
  type SelfSignedCertificateOptions,
} from '../../src/index.ts'
import { identity } from '../support/certificates.ts'
import { decode, encode, sequence } from '../support/tlv.ts'

const ca = { subject: 'CN=ca', profile: 'rootCa' } as const
let signer: Signer
beforeAll(async () => {
  signer = createLocalSigner((await identity('ec-p256')).privateKey)
})

describe('an e-mail address in the subject (RFC 5280 §4.1.2.6)', () => {
  test('is an rfc822Name too', async () => {
    const certificate = await createSelfSignedCertificate(signer, { subject: 'E=a@example.com,CN=a' })
    expect(certificate.subjectAltName).toBe('email:a@example.com')
  })

  test('is not added twice', async () => {
    const subjectAltNames = [
      { type: 'email', value: 'a@example.com' },
      { type: 'dns', value: 'b' },
    ] as const
    const options = { subject: 'E=a@example.com,CN=a', subjectAltNames }
    const certificate = await createSelfSignedCertificate(signer, options)
    expect(parseCertificate(certificate).extensions.subjectAltNames).toEqual(subjectAltNames)
  })

  test('is refused where it is not one', async () => {
    const making = createSelfSignedCertificate(signer, { subject: 'E=nobody,CN=a' })
    await expect(making).rejects.toThrow('an alternative name of type email is not local@domain')
  })
})

describe('a serial number of one’s own', () => {
  test.each([
    ['01', '01'],
    ['0001', '01'],
    ['80', '80'],
    ['7f'.repeat(20), '7F'.repeat(20)],
  ])('%s', async (serialNumber, expected) => {
    const certificate = await createSelfSignedCertificate(signer, { subject: 'CN=a', serialNumber })
    expect(certificate.serialNumber).toBe(expected)
    const renewed = await renewCertificate(certificate, signer, { serialNumber: '0A0B' })
    expect(renewed.serialNumber).toBe('0A0B')
  })

  test.each(['', '0', 'xyz', '00', '0000', '80'.repeat(20), '01'.repeat(21)])(
    '%j is refused',
    async (serialNumber) => {
      await expect(createSelfSignedCertificate(signer, { subject: 'CN=a', serialNumber })).rejects.toThrow(
        expect.objectContaining({
          code: 'INVALID_ARGUMENT',
          message: expect.stringContaining('serial number'),
        }),
      )
    },
  )
})

describe('extended key usage timeStamping (RFC 3161 §2.3)', () => {
  test.each(['timeStamping', '1.3.6.1.5.5.7.3.8'])('%s is critical', async (purpose) => {
    const extensions = { extendedKeyUsage: [purpose] }
    const { extensions: read } = parseCertificate(
      await createSelfSignedCertificate(signer, { subject: 'CN=a', extensions }),
    )
    expect(read.extendedKeyUsage).toEqual(['timeStamping'])
    expect(read.critical).toContain('extendedKeyUsage')
  })

  test('others are not critical, and it stands alone', async () => {
    const one = { subject: 'CN=a', extensions: { extendedKeyUsage: ['serverAuth'] } }
    const { extensions } = parseCertificate(await createSelfSignedCertificate(signer, one))
    expect(extensions.critical).toEqual(['basicConstraints', 'keyUsage'])
    const both = { subject: 'CN=a', extensions: { extendedKeyUsage: ['serverAuth', 'timeStamping'] } }
    await expect(createSelfSignedCertificate(signer, both)).rejects.toThrow('cannot be combined')
  })
})

test('an OID with an arc of any size is an extension, a policy and a purpose', async () => {
  const oid = '2.25.340282366920938463463374607431768211455'
  const custom = [{ oid, critical: true, value: Uint8Array.of(5, 0) }]
  const extensions = { custom, certificatePolicies: [{ policy: oid }], extendedKeyUsage: [oid] }
  const { extensions: read } = parseCertificate(
    await createSelfSignedCertificate(signer, { subject: 'CN=a', extensions }),
  )
  expect(read.custom).toEqual(custom)
  expect(read.critical).toContain(oid)
  expect(read.certificatePolicies).toEqual([{ policy: oid }])
  expect(read.extendedKeyUsage).toEqual([oid])
})

describe('the subject of a request', () => {
  let issuer: Issuer
  let request: CertificateRequest
  beforeAll(async () => {
    issuer = { signer, certificate: await createSelfSignedCertificate(signer, ca) }
    const own = createLocalSigner((await identity('ec-p384')).privateKey)
    request = readCertificateRequest(await createCertificateRequest(own, { subject: 'CN=requested' }))
  })

  test('is not replaced by a name beside it, which is refused', async () => {
    await expect(issueCertificate(issuer, { ...request, subject: 'CN=granted' })).rejects.toThrow(
      expect.objectContaining({
        code: 'INVALID_ARGUMENT',
        message: expect.stringContaining('subject and subjectDer of the certificate request are different'),
      }),
    )
  })

  test('gives way to a name with the key of the request', async () => {
    const { publicKey } = request
    const subjects = [
      { subject: 'CN=granted', publicKey },
      { ...request, subject: 'CN=granted', subjectDer: undefined as never },
    ]
    const issued = await Promise.all(subjects.map((subject) => issueCertificate(issuer, subject)))
    expect(issued.map(({ subject }) => subject)).toEqual(['CN=granted', 'CN=granted'])
  })

  test('is a SEQUENCE', async () => {
    const wrong = { ...request, subject: '', subjectDer: Uint8Array.of(0x31, 0) }
    await expect(issueCertificate(issuer, wrong)).rejects.toThrow('the name is not a SEQUENCE')
  })
})

/** With an empty subject. The signature is wrong then, and is not looked at. */
async function nameless(options: SelfSignedCertificateOptions): Promise<X509Certificate> {
  const tree = decode((await createSelfSignedCertificate(signer, options)).raw)
  tree.children[0]?.children.splice(5, 1, sequence())
  return new X509Certificate(encode(tree))
}

describe('an issuer has a name (RFC 5280 §4.1.2.4)', () => {
  test('so a self-signed certificate has a subject', async () => {
    const subjectAltNames = [{ type: 'dns', value: 'a.example' }] as const
    const subject = await nameless({ subject: 'CN=a' })
    await expect(createSelfSignedCertificate(signer, { subject, subjectAltNames })).rejects.toThrow(
      expect.objectContaining({
        code: 'INVALID_ARGUMENT',
        message: 'a self-signed certificate needs a subject, which is its issuer too (RFC 5280 §4.1.2.4)',
      }),
    )
  })

  test('so a CA without one issues nothing', async () => {
    const issuer = { signer, certificate: await nameless(ca) }
    const refused = expect.objectContaining({
      code: 'INVALID_ARGUMENT',
      message:
        'the issuer’s certificate has no subject, so nothing can name it as its issuer (RFC 5280 §4.1.2.4)',
    })
    const subject = { subject: 'CN=a', publicKey: signer.publicKey }
    await expect(issueCertificate(issuer, subject)).rejects.toThrow(refused)
    await expect(createRevocationList(issuer, { number: 1, revoked: [] })).rejects.toThrow(refused)
  })
})

describe('a subject that is copied from a certificate', () => {
  test('is the same, byte for byte, whatever its strings are', async () => {
    // CN=a as TeletexString, which new names do not have.
    const name = Buffer.from('300c310a300806035504031401 61'.replaceAll(' ', ''), 'hex')
    const made = await createSelfSignedCertificate(signer, { subject: 'CN=a' })
    const written = Buffer.from('300c310a3008060355040a0c0161', 'hex')
    written.set(Buffer.from('0603550403', 'hex'), 6)
    expect(made.raw.includes(written)).toBe(true)
    const raw = Buffer.from(made.raw)
    for (let at = raw.indexOf(written); at !== -1; at = raw.indexOf(written, at + 1)) raw.set(name, at)
    const copied = await createSelfSignedCertificate(signer, { subject: new X509Certificate(raw) })
    expect(copied.raw.indexOf(name)).not.toBe(copied.raw.lastIndexOf(name))
    expect(copied.raw.includes(written)).toBe(false)
    expect(copied.verify(copied.publicKey)).toBe(true)
  })

  test.each([5, null, { toString: () => 'CN=a' }])('is not %s', async (subject) => {
    await expect(createSelfSignedCertificate(signer, { subject: subject as never })).rejects.toThrow(
      'options.subject must be a string such as CN=my-app, or an X509Certificate',
    )
  })
})
