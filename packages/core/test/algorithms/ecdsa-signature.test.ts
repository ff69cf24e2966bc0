import { createPublicKey, randomBytes, sign, verify } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { ecdsaSignatureFromDer, ecdsaSignatureToDer, isSealwrightError } from '../../src/index.ts'
import { isFull } from '@sealwright/test-kit/full'
import { privateKey } from '@sealwright/test-kit/keys'

const curves = [
  ['ES256', 'sha256', 32],
  ['ES384', 'sha384', 48],
  ['ES512', 'sha512', 66],
  ['ES256K', 'sha256', 32],
] as const

/** Numbers of every length have a test of their own; these are random. */
const rounds = isFull ? 1_000 : 25

/** An INTEGER or SEQUENCE as DER, its length in the shortest form; written for these tests. */
function tlv(tag: number, ...contents: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(contents)
  const length = content.length
  const prefix =
    length < 0x80
      ? [tag, length]
      : length < 0x100
        ? [tag, 0x81, length]
        : [tag, 0x82, length >> 8, length & 0xff]
  return Buffer.concat([Buffer.from(prefix), content])
}

function integer(hex: string): Buffer {
  return tlv(0x02, Buffer.from(hex, 'hex'))
}

function sequence(...contents: readonly Uint8Array[]): Buffer {
  return tlv(0x30, ...contents)
}

/** null when it is refused as it should be. */
function fromDerOrNull(der: Uint8Array, coordinateLength: number): Uint8Array | null {
  try {
    return ecdsaSignatureFromDer(der, coordinateLength)
  } catch (error) {
    if (isSealwrightError(error, 'INVALID_ENCODING')) return null
    throw error
  }
}

describe.for(curves)('signatures of %s', ([name, digest, coordinateLength]) => {
  const key = privateKey(name)
  const publicKey = createPublicKey(key)
  const data = Buffer.from('data')

  test('that Node makes in DER verify as R‖S, and back', () => {
    for (let round = 0; round < rounds; round++) {
      const input = Buffer.from(`data ${round}`)
      const der = sign(digest, input, key)
      const raw = ecdsaSignatureFromDer(der, coordinateLength)
      expect(raw).toHaveLength(2 * coordinateLength)
      expect(verify(digest, input, { key: publicKey, dsaEncoding: 'ieee-p1363' }, raw)).toBe(true)
      expect(Buffer.from(ecdsaSignatureToDer(raw, coordinateLength))).toEqual(der)
    }
  })

  test('that Node makes as R‖S verify in DER', () => {
    for (let round = 0; round < rounds; round++) {
      const raw = sign(digest, data, { key, dsaEncoding: 'ieee-p1363' })
      const der = ecdsaSignatureToDer(raw, coordinateLength)
      expect(verify(digest, data, publicKey, der)).toBe(true)
    }
  })

  test('numbers of every length go there and back, encoded as DER wants it', () => {
    for (let length = 1; length <= coordinateLength; length++) {
      for (const first of [0x01, 0x7f, 0x80, 0xff]) {
        const number = Buffer.concat([Buffer.of(first), randomBytes(length - 1)])
        const padded = Buffer.concat([Buffer.alloc(coordinateLength - length), number])
        const one = Buffer.alloc(coordinateLength)
        one[coordinateLength - 1] = 1
        const encoded = tlv(0x02, first >= 0x80 ? Buffer.concat([Buffer.of(0), number]) : number)
        for (const [raw, der] of [
          [Buffer.concat([padded, one]), sequence(encoded, integer('01'))],
          [Buffer.concat([one, padded]), sequence(integer('01'), encoded)],
          [Buffer.concat([padded, padded]), sequence(encoded, encoded)],
        ] as const) {
          expect(Buffer.from(ecdsaSignatureToDer(raw, coordinateLength))).toEqual(der)
          expect(Buffer.from(ecdsaSignatureFromDer(der, coordinateLength))).toEqual(raw)
        }
      }
    }
  })

  test('no signature cut short or continued is taken', () => {
    const der = sign(digest, data, key)
    for (let length = 0; length < der.length; length++) {
      expect(() => ecdsaSignatureFromDer(der.subarray(0, length), coordinateLength)).toThrow(malformed)
    }
    expect(() => ecdsaSignatureFromDer(Buffer.concat([der, Buffer.of(0)]), coordinateLength)).toThrow(
      malformed,
    )
  })

  test('a changed byte of the structure is refused, a changed number does not verify', () => {
    const der = sign(digest, data, key)
    const accepted = Array.from(der.keys()).flatMap((index) => {
      const changed = Buffer.from(der)
      changed[index] = (changed[index] ?? 0) ^ 0x80
      return fromDerOrNull(changed, coordinateLength) ?? []
    })
    // All but the three tags and three lengths can be changed into another signature.
    expect(accepted.length).toBeLessThanOrEqual(der.length - 6)
    for (const raw of accepted) {
      expect(verify(digest, data, { key: publicKey, dsaEncoding: 'ieee-p1363' }, raw)).toBe(false)
    }
  })
})

const malformed = expect.objectContaining({
  code: 'INVALID_ENCODING',
  message: expect.stringMatching(/^the ECDSA signature /) as string,
}) as Error

function malformedAs(message: string): Error {
  return expect.objectContaining({
    code: 'INVALID_ENCODING',
    message: `the ECDSA signature ${message}`,
  }) as Error
}

describe('from DER, malformed', () => {
  const one = integer('01')

  test.for<[string, Buffer, string]>([
    ['nothing', Buffer.alloc(0), 'is not a single DER SEQUENCE'],
    ['only a tag', Buffer.of(0x30), 'is not a single DER SEQUENCE'],
    ['an empty SEQUENCE', sequence(), 'holds something other than two INTEGERs'],
    ['a SET', tlv(0x31, one, one), 'is not a single DER SEQUENCE'],
    ['an indefinite length', Buffer.from('30800201010201010000', 'hex'), 'is not a single DER SEQUENCE'],
    ['one number', sequence(one), 'holds something other than two INTEGERs'],
    ['three numbers', sequence(one, one, one), 'has bytes after S'],
    ['NULL after the numbers', sequence(one, one, Buffer.of(5, 0)), 'has bytes after S'],
    [
      'bytes after the SEQUENCE',
      Buffer.concat([sequence(one, one), Buffer.of(0)]),
      'is not a single DER SEQUENCE',
    ],
    [
      'a SEQUENCE longer than the bytes',
      Buffer.from('3007020101020101', 'hex'),
      'is not a single DER SEQUENCE',
    ],
    [
      'a SEQUENCE shorter than the bytes',
      Buffer.from('3005020101020101', 'hex'),
      'is not a single DER SEQUENCE',
    ],
    [
      'a length in long form that fits the short',
      Buffer.from('308106020101020101', 'hex'),
      'is not a single DER SEQUENCE',
    ],
    [
      'a length of two bytes that fits one',
      Buffer.from('30820006020101020101', 'hex'),
      'is not a single DER SEQUENCE',
    ],
    [
      'a number whose length is in long form',
      sequence(Buffer.from('02810101', 'hex'), one),
      'holds something other than two INTEGERs',
    ],
    [
      'a number longer than the SEQUENCE',
      sequence(Buffer.from('020501', 'hex'), one),
      'holds something other than two INTEGERs',
    ],
    [
      'an OCTET STRING for R',
      sequence(tlv(0x04, Buffer.of(1)), one),
      'holds something other than two INTEGERs',
    ],
    [
      'an OCTET STRING for S',
      sequence(one, tlv(0x04, Buffer.of(1))),
      'holds something other than two INTEGERs',
    ],
    ['an INTEGER without content', sequence(integer(''), one), 'holds something other than two INTEGERs'],
    ['R zero', sequence(integer('00'), one), 'holds a zero'],
    ['S zero', sequence(one, integer('00')), 'holds a zero'],
    ['R negative', sequence(integer('ff'), one), 'holds a negative INTEGER'],
    ['S negative', sequence(one, integer('80')), 'holds a negative INTEGER'],
    [
      'a needless leading zero in R',
      sequence(integer('0001'), one),
      'holds an INTEGER with an unnecessary leading zero',
    ],
    [
      'a needless leading zero in S',
      sequence(one, integer('007f')),
      'holds an INTEGER with an unnecessary leading zero',
    ],
    [
      'two leading zeros',
      sequence(integer('000080'), one),
      'holds an INTEGER with an unnecessary leading zero',
    ],
    [
      'R of 33 bytes',
      sequence(integer(`01${'00'.repeat(32)}`), one),
      'holds an INTEGER of 33 bytes; at most 32 fit',
    ],
    [
      'S of 33 bytes',
      sequence(one, integer(`00${'ff'.repeat(33)}`)),
      'holds an INTEGER of 33 bytes; at most 32 fit',
    ],
  ])('%s', ([, der, message]) => {
    expect(() => ecdsaSignatureFromDer(der, 32)).toThrow(malformedAs(message))
  })

  test('a number whose length has the highest bit set is no INTEGER, even where the bytes are there', () => {
    const long = Buffer.concat([Buffer.from('028081', 'hex'), Buffer.alloc(0x80, 1)])
    expect(() => ecdsaSignatureFromDer(sequence(long, one), 66)).toThrow(
      malformedAs('holds something other than two INTEGERs'),
    )
  })

  test('the widest numbers of P-521 need a length in long form, the shortest of them do not', () => {
    const widest = Buffer.alloc(132, 0xff)
    const der = ecdsaSignatureToDer(widest, 66)
    expect(Buffer.from(der.subarray(0, 5)).toString('hex')).toBe('30818a0243')
    expect(Buffer.from(ecdsaSignatureFromDer(der, 66))).toEqual(widest)
    // 61 + 63 bytes of content and two headers: 128, the first length with a byte of its own.
    const edge = sequence(integer('01'.repeat(61)), integer('01'.repeat(63)))
    expect(edge.subarray(0, 3).toString('hex')).toBe('308180')
    expect(Buffer.from(ecdsaSignatureToDer(ecdsaSignatureFromDer(edge, 66), 66))).toEqual(edge)
    const below = sequence(integer('01'.repeat(61)), integer('01'.repeat(62)))
    expect(below.subarray(0, 2).toString('hex')).toBe('307f')
    expect(Buffer.from(ecdsaSignatureToDer(ecdsaSignatureFromDer(below, 66), 66))).toEqual(below)
    // Without the byte that announces the long form. 0x80 alone is an indefinite length (X.690 §8.1.3.6).
    for (const each of [der, edge]) {
      const short = Buffer.concat([Buffer.of(0x30), each.subarray(2)])
      expect(() => ecdsaSignatureFromDer(short, 66)).toThrow(malformedAs('is not a single DER SEQUENCE'))
    }
  })

  test('a view into a larger buffer is read from its own start', () => {
    const der = sequence(integer('0a'), integer('0b'))
    const within = Buffer.concat([Buffer.alloc(7, 0xee), der, Buffer.alloc(7, 0xee)]).subarray(
      7,
      7 + der.length,
    )
    expect(ecdsaSignatureFromDer(within, 32)).toEqual(ecdsaSignatureFromDer(der, 32))
  })
})

describe('to DER, refused', () => {
  const one = Buffer.alloc(32)
  one[31] = 1

  test.for<[string, Uint8Array, string]>([
    ['nothing', new Uint8Array(), 'has 0 bytes; R‖S has 64'],
    ['63 bytes', new Uint8Array(63).fill(1), 'has 63 bytes; R‖S has 64'],
    ['65 bytes', new Uint8Array(65).fill(1), 'has 65 bytes; R‖S has 64'],
    ['R zero', Buffer.concat([Buffer.alloc(32), one]), 'holds a zero'],
    ['S zero', Buffer.concat([one, Buffer.alloc(32)]), 'holds a zero'],
  ])('%s', ([, signature, message]) => {
    expect(() => ecdsaSignatureToDer(signature, 32)).toThrow(malformedAs(message))
  })
})

describe('arguments', () => {
  test.for([0, -1, 67, 31.5, Number.NaN, '32'])('a length of %j is refused', (length) => {
    const message = 'coordinateLength must be a whole number of bytes from 1 to 66'
    expect(() => ecdsaSignatureFromDer(Buffer.alloc(8), length as number)).toThrow(message)
    expect(() => ecdsaSignatureToDer(Buffer.alloc(8), length as number)).toThrow(message)
  })

  test('the shortest and the longest length are taken', () => {
    for (const length of [1, 66]) {
      const raw = new Uint8Array(2 * length).fill(1)
      const der = ecdsaSignatureToDer(raw, length)
      expect(new Uint8Array(ecdsaSignatureFromDer(der, length))).toEqual(raw)
    }
  })

  test('a signature is bytes', () => {
    expect(() => ecdsaSignatureFromDer('MAYC' as never, 32)).toThrow('der must be a Uint8Array')
    expect(() => ecdsaSignatureToDer('AAAA' as never, 32)).toThrow('signature must be a Uint8Array')
  })
})
