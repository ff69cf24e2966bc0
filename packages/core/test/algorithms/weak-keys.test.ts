import { createPublicKey, generateKeyPairSync, verify, type KeyObject } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { algorithmsOf, createLocalSigner } from '../../src/index.ts'
import { assertUnforgeable, forgeryFlaw } from '../../src/internal.ts'
import { exponentOneKey, rocaModulus, rsaModulus, rsaPublicKey } from '../support/weak-keys.ts'

function refused(message: string | RegExp): Error {
  return expect.objectContaining({
    code: 'UNSUPPORTED_KEY',
    message: expect.stringMatching(message) as string,
  }) as Error
}

describe('the public exponent of an RSA key', () => {
  test('of 1 lets anyone sign, and is refused', () => {
    // EMSA-PKCS1-v1_5 (RFC 8017 §9.2) of SHA-256: the "signature" is the padded digest, made without a private key.
    const publicKey = createPublicKey(exponentOneKey)
    const data = Buffer.from('data')
    const digestInfo = Buffer.concat([
      Buffer.from('3031300d060960864801650304020105000420', 'hex'),
      Buffer.from('3a6eb0790f39ac87c94f3856b2dd2c5d110e6811602261a9a923d3bb23adc8b7', 'hex'),
    ])
    const padding = Buffer.concat([
      Buffer.of(0, 1),
      Buffer.alloc(256 - 3 - digestInfo.length, 0xff),
      Buffer.of(0),
    ])
    expect(verify('sha256', data, publicKey, Buffer.concat([padding, digestInfo]))).toBe(true)

    const message = 'the RSA key has the public exponent 1, which must be odd and at least 3'
    for (const key of [publicKey, exponentOneKey]) expect(() => algorithmsOf(key)).toThrow(refused(message))
    expect(() => createLocalSigner(exponentOneKey)).toThrow(refused(message))
  })

  test.for([0n, 1n, 2n, 4n, 65_536n, 2n ** 255n])('of %d is refused', (exponent) => {
    expect(() => algorithmsOf(rsaPublicKey(rsaModulus, exponent))).toThrow(
      refused(`^the RSA key has the public exponent ${exponent}, which must be odd and at least 3`),
    )
  })

  test.for([3n, 5n, 17n, 65_537n, 2n ** 256n - 1n])('of %d is taken', (exponent) => {
    expect(algorithmsOf(rsaPublicKey(rsaModulus, exponent))).toHaveLength(6)
  })

  test('of more than 256 bits is refused', () => {
    expect(() => algorithmsOf(rsaPublicKey(rsaModulus, 2n ** 256n + 1n))).toThrow(
      refused('^the RSA key has a public exponent of 257 bits; at most 256 are allowed'),
    )
  })
})

/** Half of all numbers are powers of 65537 modulo 677. */
function isPowerModulo677(number: bigint): boolean {
  return number ** 338n % 677n === 1n
}

describe('the modulus of an RSA key', () => {
  test('of 0 is refused', () => {
    expect(() => assertUnforgeable(rsaPublicKey(0n, 65_537n))).toThrow(
      refused('^the modulus of the RSA key is divisible by 2'),
    )
  })

  test.for([
    [2 ** 11 - 1, 'at least 2048 are needed'],
    [2 ** 14 + 1, 'at most 16384 are allowed'],
  ] as const)('of %d bits is refused', ([bits, message]) => {
    expect(() => algorithmsOf(rsaPublicKey(2n ** BigInt(bits - 1) + 1n, 65_537n))).toThrow(
      refused(`^the RSA key has ${bits} bits; ${message}`),
    )
  })

  test('of 2048 and of 16384 bits is taken', () => {
    let modulus = 2n ** 16_383n + 1n
    const isDivisible = (): boolean =>
      Array.from({ length: 700 }, (_, index) => BigInt(index + 2)).some((number) => modulus % number === 0n)
    while (isDivisible()) modulus += 2n
    for (const each of [rsaModulus, modulus]) expect(algorithmsOf(rsaPublicKey(each, 3n))).toHaveLength(6)
  })

  test('of ROCA is refused', () => {
    expect(() => algorithmsOf(rsaPublicKey(rocaModulus(), 65_537n))).toThrow(
      refused('^the RSA key has the ROCA weakness .CVE-2017-15361.'),
    )
  })

  test('like that of ROCA but for one prime is taken', () => {
    let modulus = rocaModulus(677n)
    while (modulus % 677n === 0n || isPowerModulo677(modulus % 677n)) modulus = rocaModulus(677n)
    expect(algorithmsOf(rsaPublicKey(modulus, 65_537n))).toHaveLength(6)
  })

  test.for([2, 3, 167, 701])('that %d divides is refused', (divisor) => {
    const modulus = rsaModulus * BigInt(divisor)
    expect(() => algorithmsOf(rsaPublicKey(modulus, 65_537n))).toThrow(
      refused(`^the modulus of the RSA key is divisible by ${divisor};`),
    )
  })

  test('of ordinary keys is taken, five times', () => {
    for (let round = 0; round < 5; round++) {
      const { publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
      expect(algorithmsOf(publicKey)).toHaveLength(6)
    }
  }, 120_000)
})

/** RFC 8032 §5.1.2: y, little-endian, with the sign of x as highest bit. */
function ed25519PublicKey(y: bigint, sign: boolean): KeyObject {
  const bytes = Buffer.from(Buffer.from(y.toString(16).padStart(64, '0'), 'hex').toReversed())
  if (sign) bytes[31] = (bytes[31] ?? 0) | 0x80
  return createPublicKey({
    key: { kty: 'OKP', crv: 'Ed25519', x: bytes.toString('base64url') },
    format: 'jwk',
  })
}

describe('an Ed25519 public key of small order', () => {
  const p = 2n ** 255n - 19n
  const d = 37095705934669439343138083508754565189542113879843219016388785533085940283555n
  const orderEight = [
    2707385501144840649318225287225658788936804267575313519463743609750303402022n,
    55188659117513257062467267217118295137698188065244968500265048394206261417927n,
  ] as const

  test('twice the points of order 8 is a point of order 4', () => {
    // Its y is 0 where y² = -x² (RFC 8032 §5.1.4), and with that the curve's equation says 2y² = 1 - dy⁴.
    for (const y of orderEight) expect((2n * y ** 2n + d * y ** 4n) % p).toBe(1n)
  })

  test.for([
    ['order 1', 1n],
    ['order 2', p - 1n],
    ['order 4', 0n],
    ['order 8', orderEight[0]],
    ['order 8, another', orderEight[1]],
    ['order 1, encoded as p + 1', p + 1n],
    ['order 4, encoded as p', p],
  ] as const)('is refused: %s', ([, y]) => {
    for (const sign of [false, true]) {
      expect(() => algorithmsOf(ed25519PublicKey(y, sign))).toThrow(
        refused('^the Ed25519 key is a point of small order'),
      )
    }
  })

  test('next to those is taken', () => {
    for (const y of [2n, 3n, p - 2n, p + 2n]) expect(algorithmsOf(ed25519PublicKey(y, false))).toHaveLength(2)
  })
})

/** p of RFC 8032 §5.2. Its points of order 1, 2 and 4 have a y of 1, -1 and 0. */
const p448 = 2n ** 448n - 2n ** 224n - 1n

/** RFC 8032 §5.2.2: 57 octets, the sign of x as highest bit. */
function ed448PublicKey(y: bigint, sign: boolean): KeyObject {
  const bytes = Buffer.from(Buffer.from(y.toString(16).padStart(114, '0'), 'hex').toReversed())
  if (sign) bytes[56] = 0x80
  return createPublicKey({
    key: { kty: 'OKP', crv: 'Ed448', x: bytes.toString('base64url') },
    format: 'jwk',
  })
}

describe('an Ed448 public key, as a certificate may have', () => {
  test.for([0n, 1n, p448 - 1n, p448, p448 + 1n])('of small order is refused: a y of %d', (y) => {
    for (const sign of [false, true]) {
      expect(() => assertUnforgeable(ed448PublicKey(y, sign))).toThrow(
        refused('^the Ed448 key is a point of small order'),
      )
    }
  })

  test('next to those is taken', () => {
    for (const y of [2n, p448 - 2n, p448 + 2n]) expect(forgeryFlaw(ed448PublicKey(y, false))).toBeNull()
  })
})

/** An id-RSASSA-PSS key (RFC 4055 §1.2) of these numbers, as a certificate may have. */
function rsaPssPublicKey(modulus: bigint, exponent: bigint): KeyObject {
  const info = rsaPublicKey(modulus, exponent).export({ format: 'der', type: 'spki' }).toString('hex')
  // rsaEncryption and NULL become id-RSASSA-PSS and an empty SEQUENCE of parameters.
  const key = info.replace('2a864886f70d0101010500', '2a864886f70d01010a3000')
  return createPublicKey({ key: Buffer.from(key, 'hex'), format: 'der', type: 'spki' })
}

test.for<[string, KeyObject, string]>([
  [
    'an RSA key with the public exponent 2',
    rsaPssPublicKey(rsaModulus, 2n),
    'the RSA key has the public exponent 2, which must be odd and at least 3 (RFC 8017 §3.1); generate a new key, usually with 65537',
  ],
  [
    'an RSA key with a public exponent of 257 bits',
    rsaPublicKey(rsaModulus, 2n ** 256n + 1n),
    'the RSA key has a public exponent of 257 bits; at most 256 are allowed (FIPS 186-5 §A.1.1)',
  ],
  [
    'an RSA key with the public exponent 1',
    exponentOneKey,
    'the RSA key has the public exponent 1, which must be odd and at least 3 (RFC 8017 §3.1); generate a new key, usually with 65537',
  ],
  [
    'an RSA key whose modulus is divisible by 3',
    rsaPublicKey(rsaModulus * 3n, 65_537n),
    'the modulus of the RSA key is divisible by 3; generate a new key',
  ],
  [
    'an RSA key with the ROCA weakness (CVE-2017-15361)',
    rsaPublicKey(rocaModulus(), 65_537n),
    'the RSA key has the ROCA weakness (CVE-2017-15361): its private key can be computed from its public key; generate a new key with other software or hardware',
  ],
  [
    'an Ed25519 key of small order',
    ed25519PublicKey(1n, false),
    'the Ed25519 key is a point of small order, so anyone can sign for it; generate a new key',
  ],
  [
    'an Ed448 key of small order',
    ed448PublicKey(1n, false),
    'the Ed448 key is a point of small order, so anyone can sign for it; generate a new key',
  ],
])('%s is named in a list of weaknesses, and the error says what to do', ([weakness, key, message]) => {
  expect(forgeryFlaw(key)).toEqual({ message, weakness })
})
