import { execFileSync } from 'node:child_process'
import { createPublicKey, generateKeyPairSync, getCurves, sign, type KeyObject } from 'node:crypto'
import { createLocalSigner } from '@sealwright/core'
import { bundledProgram } from '@sealwright/test-kit/programs'
import { describe, expect, test } from 'vitest'
import { createSelfSignedCertificate, keyWeaknesses } from '../../src/index.ts'
import { identity } from '../support/certificates.ts'
import { decode, encode, oid, primitive, sequence } from '../support/tlv.ts'

const useHostileKey = bundledProgram(new URL('../support/use-hostile-key.ts', import.meta.url))

test('a key whose point is at infinity is refused everywhere, and does not end the process', async () => {
  const signer = createLocalSigner((await identity('ec-p256')).privateKey)
  const changed = decode((await createSelfSignedCertificate(signer, { subject: 'CN=a' })).raw)
  // The octet 00 (SEC 1 §2.3.3).
  const algorithm = sequence(oid('1.2.840.10045.2.1'), oid('1.2.840.10045.3.1.7'))
  const info = sequence(algorithm, primitive(0x03, [0, 0]))
  changed.children[0]?.children.splice(6, 1, info)
  const files = [info, changed].map((each) => Buffer.from(encode(each)).toString('base64'))
  const output = execFileSync(process.execPath, [useHostileKey(), ...files], { encoding: 'utf8' })
  const refused = 'SealwrightError UNSUPPORTED_KEY'
  expect(JSON.parse(output)).toEqual({
    algorithmsOf: refused,
    publicJwk: refused,
    jwkThumbprint: refused,
    toCryptoKey: refused,
    keyWeaknesses: [expect.stringMatching(/^an EC key that .* point .*at infinity/) as unknown],
    describeCertificate: {
      publicKey: null,
      problems: ['the public key of the certificate is an EC key whose point is at infinity'],
      weaknesses: [],
    },
    parseCertificate: 'CN=a',
    distinguishedName: 'CN=a',
    writePkcs7Certificates: true,
    writePkcs12: expect.anything() as unknown,
  })
})

test.each(getCurves())('an EC key on %s is weak where its group order has fewer than 224 bits', (curve) => {
  let privateKey: KeyObject
  try {
    ;({ privateKey } = generateKeyPairSync('ec', { namedCurve: curve }))
  } catch {
    // OpenSSL lists curves that it makes no keys on.
    return
  }
  const isShort = orderBytes(privateKey) < 28
  for (const key of [privateKey, createPublicKey(privateKey)]) {
    const weaknesses = keyWeaknesses(key)
    expect(weaknesses).toHaveLength(isShort ? 1 : 0)
    // Oakley's curves have no OID, so that OpenSSL does not encode their keys.
    expect(weaknesses.join('')).toMatch(isShort ? /^an EC key (?:on |that .* its curve has no OID$)/ : /^$/)
  }
})

/** Each half of R‖S is as long as the order. Nothing signs on the Oakley curves, which are of 155 and 185 bits. */
function orderBytes(privateKey: KeyObject): number {
  try {
    return sign('sha256', Buffer.from('a'), { key: privateKey, dsaEncoding: 'ieee-p1363' }).length / 2
  } catch {
    return 0
  }
}

const edwards = (crv: string, x: Uint8Array): KeyObject =>
  createPublicKey({
    key: { kty: 'OKP', crv, x: Buffer.from(x).toString('base64url') },
    format: 'jwk',
  })
const rsa = (n: bigint, e: string): KeyObject => {
  const key = { kty: 'RSA', n: Buffer.from(n.toString(16), 'hex').toString('base64url'), e }
  return createPublicKey({ key, format: 'jwk' })
}

describe('a key that anyone can sign for is weak', () => {
  const { n = '' } = generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey.export({ format: 'jwk' })
  const modulus = BigInt(`0x${Buffer.from(n, 'base64url').toString('hex')}`)
  const divisible = modulus + 3n - (modulus % 3n)

  test.each<[string, KeyObject]>([
    ['an Ed25519 key of small order', edwards('Ed25519', Uint8Array.of(1, ...new Uint8Array(31)))],
    ['an Ed448 key of small order', edwards('Ed448', Uint8Array.of(1, ...new Uint8Array(56)))],
    ['an RSA key with the public exponent 1', rsa(modulus, 'AQ')],
    [
      'an RSA key with a public exponent of 264 bits',
      rsa(modulus, Buffer.alloc(33, 0xff).toString('base64url')),
    ],
    [`an RSA key whose modulus is divisible by ${divisible % 2n === 0n ? 2 : 3}`, rsa(divisible, 'AQAB')],
  ])('%s', (weakness, key) => {
    expect(keyWeaknesses(key)).toEqual([weakness])
  })

  test('and others are not', () => {
    for (const { publicKey, privateKey } of [generateKeyPairSync('ed25519'), generateKeyPairSync('ed448')]) {
      expect([...keyWeaknesses(publicKey), ...keyWeaknesses(privateKey)]).toEqual([])
    }
  })
})
