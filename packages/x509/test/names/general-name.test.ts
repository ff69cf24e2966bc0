import type { KeyObject, X509Certificate } from 'node:crypto'
import { createLocalSigner } from '@sealwright/core'
import { beforeAll, describe, expect, test } from 'vitest'
import {
  createSelfSignedCertificate,
  generatePrivateKey,
  parseCertificate,
  type SubjectAltName,
} from '../../src/index.ts'

let key: KeyObject
beforeAll(async () => {
  key = await generatePrivateKey('ec-p256')
})

function certificateWith(...subjectAltNames: readonly SubjectAltName[]): Promise<X509Certificate> {
  return createSelfSignedCertificate(createLocalSigner(key), { subject: 'CN=a', subjectAltNames })
}

test('Node reads every kind, in order', async () => {
  const certificate = await certificateWith(
    { type: 'dns', value: 'example.com' },
    { type: 'dns', value: '*.xn--bcher-kva.example' },
    { type: 'uri', value: 'https://login.example.com/tenant?a=%20#f' },
    { type: 'uri', value: 'urn:example:app' },
    { type: 'email', value: 'a.b+x@example.com' },
    { type: 'ip', value: '192.0.2.1' },
    { type: 'ip', value: '2001:db8::1' },
  )
  expect(certificate.subjectAltName?.split(', ')).toEqual([
    'DNS:example.com',
    'DNS:*.xn--bcher-kva.example',
    'URI:https://login.example.com/tenant?a=%20#f',
    'URI:urn:example:app',
    'email:a.b+x@example.com',
    'IP Address:192.0.2.1',
    'IP Address:2001:DB8:0:0:0:0:0:1',
  ])
})

test.each([
  ['::', '0:0:0:0:0:0:0:0'],
  ['::1', '0:0:0:0:0:0:0:1'],
  ['1::', '1:0:0:0:0:0:0:0'],
  ['1:2:3:4:5:6:7:8', '1:2:3:4:5:6:7:8'],
  ['1:2::7:8', '1:2:0:0:0:0:7:8'],
  ['::ffff:192.0.2.1', '0:0:0:0:0:FFFF:C000:201'],
  ['1:2:3:4:5:6:1.2.3.4', '1:2:3:4:5:6:102:304'],
  ['::1.2.3.4', '0:0:0:0:0:0:102:304'],
])('the address %s', async (value, expected) => {
  const certificate = await certificateWith({ type: 'ip', value })
  expect(certificate.subjectAltName).toBe(`IP Address:${expected}`)
})

test.each([
  ['::', '::'],
  ['2001:DB8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
  ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
  ['2001:0db8::0001', '2001:db8::1'],
  ['192.0.2.1', '192.0.2.1'],
])('the address %s is read as RFC 5952 spells it', async (value, expected) => {
  const { extensions } = parseCertificate(await certificateWith({ type: 'ip', value }))
  expect(extensions.subjectAltNames).toEqual([{ type: 'ip', value: expected }])
})

describe('refused', () => {
  test.each<[Exclude<SubjectAltName['type'], 'otherName'>, string]>([
    ['dns', ''],
    ['dns', 'bücher.example'],
    ['dns', 'example.com.'],
    ['dns', 'a..b'],
    ['dns', '-a.example'],
    ['dns', 'a_b.example'],
    ['dns', 'a.*.example'],
    ['dns', '*'],
    ['dns', '*.'],
    ['dns', 'ab--c.example'],
    ['dns', `${'a'.repeat(64)}.example`],
    ['dns', `${'a.'.repeat(127)}a`],
    ['dns', '192.0.2.1'],
    ['dns', 'example.com\0.evil'],
    ['dns', 'example.com\n'],
    ['uri', '/relative'],
    ['uri', 'https:'],
    ['uri', 'https://'],
    ['uri', 'https:///path'],
    ['uri', 'https://bücher.example/'],
    ['uri', 'https://a b/'],
    ['uri', 'https://a/%zz'],
    ['uri', 'https://a_b/'],
    ['uri', 'https://[::g]/'],
    ['uri', 'https://[1.2.3.4]/'],
    ['email', 'example.com'],
    ['email', 'a@b@c'],
    ['email', '@example.com'],
    ['email', 'a@'],
    ['email', 'a@bücher.example'],
    ['email', 'ä@example.com'],
    ['email', 'a..b@example.com'],
    ['email', '"a b"@example.com'],
    ['email', 'A <a@example.com>'],
    ['email', `${'a'.repeat(65)}@example.com`],
    ['ip', '192.0.2.256'],
    ['ip', '192.0.2'],
    ['ip', '192.0.2.0/24'],
    ['ip', 'fe80::1%eth0'],
    ['ip', 'example.com'],
    ['upn', 'a'],
    ['upn', 'a\ud800@b'],
    ['upn', 'a@b\udc00'],
    ['constructor' as 'dns', 'a'],
  ])('%s %j', async (type, value) => {
    const known = ['dns', 'uri', 'email', 'ip', 'upn'].includes(type)
    await expect(certificateWith({ type, value })).rejects.toThrow(
      expect.objectContaining({
        code: 'INVALID_ARGUMENT',
        message: expect.stringContaining(known ? `an alternative name of type ${type} ` : 'unknown type'),
      }),
    )
  })
})
