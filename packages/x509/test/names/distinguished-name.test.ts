import { X509Certificate, type KeyObject } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createLocalSigner } from '@sealwright/core'
import { scratchFolder } from '@sealwright/test-kit/folders'
import { lacks, run } from '@sealwright/test-kit/tools'
import * as fc from 'fast-check'
import { beforeAll, describe, expect, test } from 'vitest'
import {
  createSelfSignedCertificate,
  distinguishedName,
  generatePrivateKey,
  normalizeDistinguishedName,
} from '../../src/index.ts'

let key: KeyObject
beforeAll(async () => {
  key = await generatePrivateKey('ec-p256')
})

function certificateOf(subject: string): Promise<X509Certificate> {
  return createSelfSignedCertificate(createLocalSigner(key), { subject })
}

describe('names that are written', () => {
  // In the order and with the escapes of RFC 2253, which OpenSSL shares with RFC 4514.
  test.skipIf(lacks('openssl'))('OpenSSL reads the same name [needs openssl]', async () => {
    const subject = String.raw`CN=a\,b\+c\"d\\e\<f\>g\;h,OU=\#1+O=Contoso \C3\A4,L=\ x\ ,DC=example,DC=com,C=NL`
    const certificate = await certificateOf(subject)
    const text = run(
      'openssl x509 -inform DER -noout -subject -issuer -nameopt RFC2253,-esc_msb',
      certificate.raw,
    )
    // Within a relative name OpenSSL prints the last first.
    const expected = String.raw`CN=a\,b\+c\"d\\e\<f\>g\;h,O=Contoso ä+OU=\#1,L=\ x\ ,DC=example,DC=com,C=NL`
    expect(text).toBe(`subject=${expected}\nissuer=${expected}\n`)
  })

  test.skipIf(lacks('openssl'))(
    'each attribute has the string type that RFC 5280 wants [needs openssl]',
    async () => {
      const certificate = await certificateOf(
        'CN=a,O=b,serialNumber=1,dnQualifier=q,emailAddress=a@b.c,UID=u,DC=d,C=NL,1.2.3.4=x',
      )
      const text = run(
        'openssl x509 -inform DER -noout -subject -nameopt sep_comma_plus,oid,show_type',
        certificate.raw,
      )
      expect(text.replace('subject=', '').trim().split(/, ?/)).toEqual([
        '1.2.3.4=UTF8STRING:x',
        '2.5.4.6=PRINTABLESTRING:NL',
        '0.9.2342.19200300.100.1.25=IA5STRING:d',
        '0.9.2342.19200300.100.1.1=UTF8STRING:u',
        '1.2.840.113549.1.9.1=IA5STRING:a@b.c',
        '2.5.4.46=PRINTABLESTRING:q',
        '2.5.4.5=PRINTABLESTRING:1',
        '2.5.4.10=UTF8STRING:b',
        '2.5.4.3=UTF8STRING:a',
      ])
    },
  )

  test('Node reads the names in the order of the encoding, the most general first', async () => {
    const certificate = await certificateOf('CN=my-app-auth,O=Contoso')
    expect(certificate.subject).toBe('O=Contoso\nCN=my-app-auth')
    expect(distinguishedName(certificate)).toBe('CN=my-app-auth,O=Contoso')
  })

  test('bounds are counted in characters', async () => {
    await certificateOf(`CN=${'😀'.repeat(64)}`)
    await expect(certificateOf(`CN=${'a'.repeat(65)}`)).rejects.toThrow(
      'a CN of 65 characters; X.509 allows 64',
    )
  })
})

describe('names that are normalized', () => {
  test.each([
    ['cn=a, o=b', 'CN=a,O=b'],
    [' CN = a + OU = b , O = c ', 'CN=a+OU=b,O=c'],
    ['OU=b+CN=a', 'CN=a+OU=b'],
    ['S=Utrecht,E=a@b.c', 'ST=Utrecht,emailAddress=a@b.c'],
    ['2.5.4.3=a', 'CN=a'],
    [String.raw`CN=\61`, 'CN=a'],
    [String.raw`CN=\F0\9F\98\80`, 'CN=😀'],
    ['CN=#0C0161', 'CN=a'],
    ['CN=#130161', 'CN=a'],
    ['1.2.3=a', '1.2.3=#0c0161'],
    ['1.2.3=#130161,CN=x', '1.2.3=#130161,CN=x'],
    ['2.999999999.1.128=a', '2.999999999.1.128=#0c0161'],
    [String.raw`CN=a\=b=c`, 'CN=a=b=c'],
    ['CN=a  b', 'CN=a  b'],
    [String.raw`CN=\  a \ `, String.raw`CN=\  a \ `],
    [String.raw`CN=\ `, String.raw`CN=\ `],
    [String.raw`CN=a#`, 'CN=a#'],
    // .NET's X500DistinguishedName.
    ['CN=a, O="x, y"', String.raw`CN=a,O=x\, y`],
    ['CN="say ""hi""", C=DE', String.raw`CN=say \"hi\",C=DE`],
    [String.raw`O="a\"b" , CN=c`, String.raw`O=a\"b,CN=c`],
    ['OID.2.5.4.5=12, CN=a', 'serialNumber=12,CN=a'],
    ['oid.1.2.3=a', '1.2.3=#0c0161'],
    // OpenSSL's -subj and its older output, the most specific name last.
    ['/C=DE/O=x/CN=y', 'CN=y,O=x,C=DE'],
    ['/CN=a/b', 'CN=a/b'],
    [String.raw`/O=a\/CN=b/CN=c`, 'CN=c,O=a/CN=b'],
    [String.raw`/O=a\\/CN=b`, String.raw`CN=b,O=a\\`],
    [String.raw`/O=a\\\/CN=b`, String.raw`O=a\\/CN=b`],
    [String.raw`/O=x/CN=y\\+OU=z`, String.raw`OU=z+CN=y\\,O=x`],
    ['/O=x/CN=y+OU=z', 'CN=y+OU=z,O=x'],
    ['/C = DE/CN = y', 'CN=y,C=DE'],
    // What openssl x509 -subject prints, before 3.2.
    ['C = DE, O = Contoso, CN = my-app', 'CN=my-app,O=Contoso,C=DE'],
    ['O = "a, b", CN = my-app', String.raw`CN=my-app,O=a\, b`],
    ['C = DE, ST = a + L = b, O = Contoso', 'O=Contoso,L=b+ST=a,C=DE'],
    ['CN = my-app, O = Contoso, C = DE', 'CN=my-app,O=Contoso,C=DE'],
    // Of a certificate whose encoding begins with the most specific name.
    ['C=DE,O=Contoso,CN=my-app', 'C=DE,O=Contoso,CN=my-app'],
    ['C = DE', 'C=DE'],
    // OIDs made from UUIDs (X.667).
    [
      '2.25.340282366920938463463374607431768211455=a',
      '2.25.340282366920938463463374607431768211455=#0c0161',
    ],
  ])('%s', (text, expected) => {
    expect(normalizeDistinguishedName(text)).toBe(expected)
  })

  test('any text survives escaping, and its normal form is its own', () => {
    const text = fc
      .string({ unit: 'grapheme', minLength: 1, maxLength: 20 })
      .filter((value) => !/\p{Cc}|\p{Surrogate}/u.test(value) && value.length <= 64)
    fc.assert(
      fc.property(text, (value) => {
        const escaped = Buffer.from(value)
          .toString('hex')
          .replaceAll(/../g, String.raw`\$&`)
        const normal = normalizeDistinguishedName(`CN=${escaped}`)
        expect(normalizeDistinguishedName(normal)).toBe(normal)
        expect(normalizeDistinguishedName(`CN=${escaped},O=x`)).toBe(`${normal},O=x`)
      }),
    )
  })
})

describe('names that are refused', () => {
  test.each([
    ['', 'is empty'],
    ['  ', 'is empty'],
    ['my-app', 'ATTRIBUTE=VALUE'],
    ['CN=a,', 'ATTRIBUTE=VALUE'],
    ['CN=a,,O=b', 'unknown attribute'],
    ['CN=a+', 'ATTRIBUTE=VALUE'],
    ['=a', 'unknown attribute'],
    ['CN=', 'an empty CN'],
    ['CN= ,O=b', 'an empty CN'],
    ['FOO=a', 'unknown attribute'],
    ['constructor=a', 'unknown attribute'],
    ['3.1=a', 'unknown attribute'],
    ['1.40.1=a', 'unknown attribute'],
    ['CN=a+CN=b', 'the same attribute twice'],
    ['CN="a', 'character 4: a value has no closing quotation mark'],
    ['CN="a"b', 'no closing quotation mark'],
    ['CN=""', 'an empty CN'],
    ['CN=a"b"', String.raw`character 5: " is written \"`],
    ['CN=a;O=b', String.raw`; is written \;`],
    ['CN=a<b', '< is written'],
    [String.raw`CN=a\x`, 'a backslash escapes nothing'],
    ['CN=a\\', 'a backslash escapes nothing'],
    ['/CN=', 'an empty CN'],
    ['/C=DE/FOO=x', 'unknown attribute'],
    ['/CN=a+CN=b', 'the same attribute twice'],
    ['OID.1.2.x=a', 'unknown attribute'],
    [String.raw`CN=\C3`, 'not UTF-8'],
    [String.raw`CN=a\00b`, 'a control character'],
    ['CN=a\nb', 'a control character'],
    ['CN=\ud800', 'not well-formed Unicode'],
    ['C=nl', 'two capital letters'],
    ['C=NLD', 'a C of 3 characters'],
    ['C=N', 'two capital letters'],
    ['serialNumber=a_b', 'a PrintableString cannot hold'],
    ['DC=exämple', 'not ASCII'],
    ['CN=#', 'not hexadecimal'],
    ['CN=#0c01', 'not DER'],
    ['CN=#0c016161', 'not DER'],
    ['CN=#020101', 'not a UTF8String'],
    ['CN=#0c01zz', 'not hexadecimal'],
    ['1.2.3=#1e020061', 'not a UTF8String'],
    [`OU=${'a'.repeat(65)}`, 'a OU of 65 characters'],
  ])('%j', async (subject, problem) => {
    await expect(certificateOf(subject)).rejects.toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT', message: expect.stringContaining(problem) }),
    )
  })
})

describe('names that others wrote', () => {
  for (const { type, mask } of [
    { type: 'TeletexString', mask: '0x0004' },
    { type: 'BMPString', mask: '0x0800' },
    { type: 'UTF8String', mask: '0x2000' },
  ]) {
    test.skipIf(lacks('openssl'))(
      `a ${type} is read, and an unknown attribute shown in hexadecimal [needs openssl]`,
      () => {
        const folder = scratchFolder()
        const config = join(folder, 'openssl.cnf')
        writeFileSync(
          config,
          `[req]\ndistinguished_name=dn\nstring_mask=MASK:${mask}\nprompt=no\n[dn]\nC=NL\nO=Zoë\n0.1.2.3.4=x\n`,
        )
        const keyOptions = `-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout ${join(folder, 'key.pem')}`
        const pem = run(`openssl req -x509 -config ${config} -utf8 ${keyOptions}`)
        expect(distinguishedName(new X509Certificate(pem))).toMatch(/^1\.2\.3\.4=#[0-9a-f]+,O=Zoë,C=NL$/)
      },
    )
  }
})

test('a name that begins with the country as OpenSSL 3.2 prints it is refused, with what to write', async () => {
  const text = 'C=DE, O=Contoso, CN=my-app'
  for (const act of [() => certificateOf(text), async () => normalizeDistinguishedName(text)]) {
    // oxlint-disable-next-line no-await-in-loop
    await expect(act()).rejects.toThrow(
      /^the distinguished name begins with the country, .* as in CN=my-app,O=Contoso,C=DE, or \/C=DE/,
    )
  }
})

test.skipIf(lacks('openssl'))(
  'what OpenSSL prints of a subject is read as that subject [needs openssl]',
  async () => {
    const certificate = await certificateOf('CN=my-app,O=Contoso,C=DE')
    // The first is what OpenSSL before 3.2 prints unasked.
    for (const form of ['oneline,space_eq', 'RFC2253', 'compat']) {
      const line = run(`openssl x509 -inform DER -noout -subject -nameopt ${form}`, certificate.raw)
      const printed = line.replace(/^subject= ?/, '').trim()
      expect(normalizeDistinguishedName(printed)).toBe(distinguishedName(certificate))
    }
  },
)
