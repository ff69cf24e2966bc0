import { X509Certificate } from 'node:crypto'
import { createLocalSigner } from '@sealwright/core'
import { describe, expect, test } from 'vitest'
import {
  createSelfSignedCertificate,
  describeCertificate,
  isSelfIssued,
  parseCertificate,
  renewCertificate,
} from '../../src/index.ts'
import { identity } from '../support/certificates.ts'
import { constructed, decode, encode, octets, oid, primitive, sequence, type Tlv } from '../support/tlv.ts'

/** A certificate that was changed after it was signed, which Node reads all the same. */
async function changed(change: (fields: Tlv[]) => void): Promise<X509Certificate> {
  const signer = createLocalSigner((await identity('ec-p256')).privateKey)
  const root = decode((await createSelfSignedCertificate(signer, { subject: 'CN=a' })).raw)
  change(root.children[0]?.children ?? [])
  return new X509Certificate(encode(root))
}

const text = (value: string): Uint8Array => Buffer.from(value, 'latin1')

const withVersion = (version: number | null, extensions: boolean): Promise<X509Certificate> =>
  changed((fields) => {
    if (!extensions) fields.pop()
    if (version === null) fields.shift()
    else fields[0] = constructed(0xa0, primitive(0x02, [version]))
  })

const withTimes = (tag: number, value: string): Promise<X509Certificate> =>
  changed((fields) => {
    fields[4] = sequence(primitive(tag, text(value)), primitive(0x18, text('99991231235959Z')))
  })

const withExtensions = (...extensions: Tlv[]): Promise<X509Certificate> =>
  changed((fields) => {
    fields[7] = constructed(0xa3, sequence(...extensions))
  })
const extension = (id: string, value: Tlv): Tlv => sequence(oid(id), octets(encode(value)))

describe('serial numbers', () => {
  test.each([
    [[0x00], '00'],
    [[0x7f], '7F'],
    [[0x00, 0x80], '80'],
    [[0x01, 0x00], '0100'],
    [[0xff], '-01'],
    [[0x80, 0x01], '-7FFF'],
  ])('%j is %s, as Node has it', async (content, expected) => {
    const certificate = await changed((fields) => {
      fields[1] = primitive(0x02, content)
    })
    expect(parseCertificate(certificate).serialNumber).toBe(expected)
    // OpenSSL has a single 0 for nothing, and an odd digit for small ones.
    expect(BigInt(`0x${certificate.serialNumber.replace('-', '')}`)).toBe(
      BigInt(`0x${expected.replace('-', '')}`),
    )
  })
})

/** A name, with the common name `a` as a string of that type. */
const nameOfType = (tag: number): Tlv =>
  sequence(constructed(0x31, sequence(oid('2.5.4.3'), primitive(tag, text('a')))))

describe('a certificate is self-issued when its names are the same byte by byte', () => {
  test.each([
    { issuer: 'UTF8String', tag: 0x0c, expected: true },
    { issuer: 'PrintableString', tag: 0x13, expected: false },
  ])('issuer CN=a as $issuer, subject CN=a as UTF8String: $expected', async ({ tag, expected }) => {
    const certificate = await changed((fields) => {
      fields[3] = nameOfType(tag)
      fields[5] = nameOfType(0x0c)
    })
    expect(certificate.issuer).toBe(certificate.subject)
    expect(isSelfIssued(certificate)).toBe(expected)
    const renewing = renewCertificate(certificate, createLocalSigner((await identity('ec-p256')).privateKey))
    const outcome = await renewing.then(() => 'renewed', String)
    expect(outcome).toMatch(expected ? /^renewed$/ : /a CA issued this certificate/)
  })

  test('also when the rest of it is malformed', async () => {
    const certificate = await withVersion(7, true)
    expect(() => parseCertificate(certificate)).toThrow('unknown version')
    expect(isSelfIssued(certificate)).toBe(true)
  })
})

describe('versions', () => {
  test.each([null, 0, 1, 2])('%j without extensions', async (version) => {
    const certificate = await withVersion(version, false)
    expect(parseCertificate(certificate).subject).toBe('CN=a')
    expect(describeCertificate(certificate).problems).toEqual([])
  })

  test.each([
    [3, false, 'the certificate has an unknown version; RFC 5280 defines 1, 2 and 3'],
    [9, true, 'the certificate has an unknown version; RFC 5280 defines 1, 2 and 3'],
    [0xff, true, 'the certificate has an unknown version; RFC 5280 defines 1, 2 and 3'],
    [null, true, 'the certificate has version 1 and extensions, which need version 3'],
    [1, true, 'the certificate has version 2 and extensions, which need version 3'],
  ])('%j, extensions %j, is refused and shown', async (version, extensions, message) => {
    const certificate = await withVersion(version, extensions)
    expect(() => parseCertificate(certificate)).toThrow(message)
    expect(describeCertificate(certificate)).toMatchObject({ subject: 'CN=a', problems: [message] })
  })
})

describe('times', () => {
  test.each([
    [0x17, '500101000000Z', '1950-01-01T00:00:00.000Z'],
    [0x17, '491231235959Z', '2049-12-31T23:59:59.000Z'],
    [0x18, '20500101000000Z', '2050-01-01T00:00:00.000Z'],
    [0x18, '20240229120000Z', '2024-02-29T12:00:00.000Z'],
  ])('%d %s', async (tag, value, expected) => {
    const { notBefore, notAfter } = parseCertificate(await withTimes(tag, value))
    expect(notBefore.toISOString()).toBe(expected)
    expect(notAfter.toISOString()).toBe('9999-12-31T23:59:59.000Z')
  })

  test.each([
    [0x17, '250101000000+0100'],
    [0x17, '250230000000Z'],
    [0x18, '20250101000000.5Z'],
    [0x18, '20251301000000Z'],
  ])('%d %s is refused', async (tag, value) => {
    const certificate = await withTimes(tag, value)
    expect(() => parseCertificate(certificate)).toThrow(expect.objectContaining({ code: 'INVALID_ENCODING' }))
  })
})

describe('extensions', () => {
  test('of none, there are none', async () => {
    const certificate = await changed((fields) => {
      fields.splice(7, 1)
    })
    expect(parseCertificate(certificate).extensions).toMatchObject({ keyUsage: null, custom: [] })
  })

  test('an empty list of names is an empty list', async () => {
    const certificate = await withExtensions(extension('2.5.29.18', sequence()))
    expect(parseCertificate(certificate).extensions.issuerAltNames).toEqual([])
  })

  test('names that are not made here are shown as they are', async () => {
    // registeredID [8]
    const certificate = await withExtensions(extension('2.5.29.17', sequence(primitive(0x88, [0x2a, 3]))))
    expect(parseCertificate(certificate).extensions.subjectAltNames).toEqual([
      { type: 'unsupported', value: Uint8Array.of(0x88, 2, 0x2a, 3) },
    ])
  })

  test('a name of another class is none of those there are', async () => {
    // INTEGER, whose number is that of dNSName.
    const certificate = await withExtensions(extension('2.5.29.17', sequence(primitive(0x02, [0x61]))))
    expect(parseCertificate(certificate).extensions.subjectAltNames).toEqual([
      { type: 'unsupported', value: Uint8Array.of(2, 1, 0x61) },
    ])
  })

  test.each<[string, Tlv[]]>([
    ['the same twice', [extension('1.2.3', octets([])), extension('1.2.3', octets([]))]],
    ['a criticality that is not DER', [sequence(oid('1.2.3'), primitive(0x01, [1]), octets([]))]],
    ['names that are none', [extension('2.5.29.17', octets([]))]],
    ['an address of five bytes', [extension('2.5.29.17', sequence(primitive(0x87, [1, 2, 3, 4, 5])))]],
    ['a name that is not ASCII', [extension('2.5.29.17', sequence(primitive(0x82, [0xff])))]],
    ['a name in segments', [extension('2.5.29.17', sequence(constructed(0xa2, primitive(0x16, text('a')))))]],
    ['purposes that are none', [extension('2.5.29.37', octets([]))]],
    ['policies that are none', [extension('2.5.29.32', octets([]))]],
    ['distribution points that are none', [extension('2.5.29.31', octets([]))]],
    ['access descriptions that are none', [extension('1.3.6.1.5.5.7.1.1', octets([]))]],
    [
      'a negative path length',
      [extension('2.5.29.19', sequence(primitive(0x01, [0xff]), primitive(0x02, [0xff])))],
    ],
    [
      'a name constraint with a minimum',
      [
        extension(
          '2.5.29.30',
          sequence(constructed(0xa0, sequence(primitive(0x82, text('a')), primitive(0x80, [1])))),
        ),
      ],
    ],
    ['a key usage that is no BIT STRING', [extension('2.5.29.15', octets([]))]],
    ['something after a value', [sequence(oid('2.5.29.14'), octets([0x04, 0, 0x05, 0]))]],
  ])('%s is refused', async (_, extensions) => {
    const certificate = await withExtensions(...extensions)
    expect(() => parseCertificate(certificate)).toThrow(expect.objectContaining({ code: 'INVALID_ENCODING' }))
  })
})

test.each([
  [
    'another algorithm inside than outside',
    (fields: Tlv[]) => fields.splice(2, 1, sequence(oid('1.2.840.10045.4.3.3'))),
  ],
  [
    'a subject with an empty relative name',
    (fields: Tlv[]) => fields.splice(5, 1, sequence(constructed(0x31))),
  ],
  [
    'a subject that is no SEQUENCE OF SET',
    (fields: Tlv[]) => fields.splice(5, 1, sequence(sequence(sequence()))),
  ],
])('%s is refused', async (_, change) => {
  // Node itself refuses some of them, or does not show them.
  const parsed = changed((fields) => void change(fields)).then(parseCertificate)
  await expect(parsed).rejects.toThrow(expect.objectContaining({ code: expect.any(String) }))
})
