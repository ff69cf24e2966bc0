import { describe, expect, test } from 'vitest'
import { tags } from '../../src/asn1/ber.ts'
import {
  decodeBitString,
  decodeBoolean,
  decodeInteger,
  decodeObjectIdentifier,
  decodeOctetString,
  elementsOf,
  hasDerLengths,
  unwrapExplicit,
} from '../../src/asn1/values.ts'
import { bytesOf, read, refusal } from '../support/ber.ts'
import { encode, oid } from '../support/tlv.ts'

describe('decodeInteger', () => {
  test.each([
    ['02 01 00', 0],
    ['02 01 7f', 127],
    ['02 02 00 80', 128],
    ['02 01 80', -128],
    ['02 01 ff', -1],
    ['02 02 ff 7f', -129],
    ['02 02 01 80', 384],
    ['02 04 7f ff ff ff', 2 ** 31 - 1],
    ['02 04 80 00 00 00', -(2 ** 31)],
  ])('%s is %d', (bytes, value) => {
    expect(decodeInteger(read(bytes), 'the number')).toBe(value)
  })

  test.each(['02 00', '04 01 00', '22 03 02 01 00'])('%s is not one', (bytes) => {
    expect(refusal(() => decodeInteger(read(bytes), 'the number'))).toBe(
      'INVALID_ENCODING: the number is not an INTEGER',
    )
  })

  test.each(['02 02 00 00', '02 02 00 7f', '02 02 ff ff', '02 02 ff 80'])(
    '%s is longer than it need be',
    (bytes) => {
      expect(refusal(() => decodeInteger(read(bytes), 'the number'))).toBe(
        'INVALID_ENCODING: the number is an INTEGER that is not in its shortest form',
      )
    },
  )

  test.each([5, 127])('%d bytes are more than 4', (length) => {
    const bytes = Uint8Array.of(0x02, length, ...new Uint8Array(length).fill(1))
    expect(refusal(() => decodeInteger(read(bytes), 'the number'))).toBe(
      `LIMIT_EXCEEDED: the number is a number of ${length} bytes; at most 4 are allowed`,
    )
  })
})

describe('decodeBoolean', () => {
  test.each([
    ['01 01 ff', true],
    ['01 01 00', false],
  ])('%s is %s', (bytes, value) => {
    expect(decodeBoolean(read(bytes), 'the flag')).toBe(value)
  })

  test.each([
    ['of another tag', '02 01 00'],
    ['of no bytes', '01 00'],
    ['of two bytes', '01 02 ff ff'],
    ['TRUE of BER', '01 01 01'],
    ['nearly TRUE', '01 01 fe'],
  ])('one %s is refused', (_, bytes) => {
    expect(refusal(() => decodeBoolean(read(bytes), 'the flag'))).toBe(
      'INVALID_ENCODING: the flag is not a BOOLEAN',
    )
  })
})

describe('decodeBitString', () => {
  test.each([
    ['03 01 00', '', 0],
    ['03 02 00 ff', 'ff', 0],
    ['03 02 07 80', '80', 7],
    ['03 03 01 ff fe', 'fffe', 1],
  ])('%s', (bytes, hex, unusedBits) => {
    expect(decodeBitString(read(bytes), 'the bits')).toEqual({ bytes: bytesOf(hex), unusedBits })
  })

  test.each([
    ['of another tag', '04 02 00 ff'],
    ['that is constructed', '23 04 03 02 00 ff'],
    ['of nothing, not even the number of unused bits', '03 00'],
    ['with 8 unused bits', '03 02 08 00'],
    ['with unused bits and no octets', '03 01 01'],
  ])('one %s is refused', (_, bytes) => {
    expect(refusal(() => decodeBitString(read(bytes), 'the bits'))).toBe(
      'INVALID_ENCODING: the bits is not a BIT STRING',
    )
  })
})

describe('decodeOctetString', () => {
  test('segments in segments are put together', () => {
    const element = read('24 80 04 01 01 24 05 04 01 02 04 00 04 01 03 00 00')
    expect(decodeOctetString(element, tags.octetString, 'the string')).toEqual(Uint8Array.of(1, 2, 3))
  })

  test('one of another tag, in one piece and in segments, which are universal', () => {
    expect(decodeOctetString(read('80 01 05'), tags.context0, 'the string')).toEqual(Uint8Array.of(5))
    expect(decodeOctetString(read('a0 03 04 01 05'), tags.context0, 'the string')).toEqual(Uint8Array.of(5))
    expect(refusal(() => decodeOctetString(read('a0 03 80 01 05'), tags.context0, 'the string'))).toBe(
      'INVALID_ENCODING: the string has a segment that is not an OCTET STRING',
    )
  })

  test('one in a piece is a view, and one in segments is not', () => {
    const whole = read('04 01 07')
    expect(decodeOctetString(whole, tags.octetString, 'the string')).toBe(whole.content)
    const memory = decodeOctetString(read('24 03 04 01 07'), tags.octetString, 'the string').buffer
    expect(memory.byteLength).toBe(1)
  })

  test('another type is refused', () => {
    expect(refusal(() => decodeOctetString(read('03 01 00'), tags.octetString, 'the string'))).toBe(
      'INVALID_ENCODING: the string is not an OCTET STRING',
    )
    expect(refusal(() => decodeOctetString(read('24 03 02 01 00'), tags.octetString, 'the string'))).toBe(
      'INVALID_ENCODING: the string has a segment that is not an OCTET STRING',
    )
  })
})

describe('unwrapExplicit', () => {
  test('the one value in it', () => {
    expect(unwrapExplicit(read('a0 03 02 01 07'), tags.context0, 'the field').bytes).toEqual(
      bytesOf('02 01 07'),
    )
  })

  test.each([
    ['another tag', 'a1 03 02 01 07'],
    ['no value', 'a0 00'],
    ['two values', 'a0 06 02 01 07 02 01 08'],
    ['a primitive one', '80 03 02 01 07'],
  ])('%s is refused', (_, bytes) => {
    expect(refusal(() => unwrapExplicit(read(bytes), tags.context0, 'the field'))).toBe(
      'INVALID_ENCODING: the field is not a single value with the expected tag',
    )
  })
})

describe('elementsOf', () => {
  test('those of a constructed field, and none of an absent one', () => {
    expect(elementsOf(read('a0 03 02 01 07'), 'the field')).toHaveLength(1)
    expect(elementsOf(read('a0 00'), 'the field')).toEqual([])
    expect(elementsOf(null, 'the field')).toEqual([])
  })

  test.each(['80 03 02 01 07', '80 00'])('%s is refused', (bytes) => {
    expect(refusal(() => elementsOf(read(bytes), 'the field'))).toBe(
      'INVALID_ENCODING: the field has a list that is not constructed',
    )
  })
})

describe('hasDerLengths', () => {
  test.each([
    ['a short length', `04 7f ${'00'.repeat(127)}`],
    ['a long one', `04 81 80 ${'00'.repeat(128)}`],
    ['the longest of two octets', `04 81 ff ${'00'.repeat(255)}`],
    ['the shortest of three', `04 82 01 00 ${'00'.repeat(256)}`],
    ['the longest of three', `04 82 ff ff ${'00'.repeat(0xffff)}`],
    ['the shortest of four', `04 83 01 00 00 ${'00'.repeat(0x10000)}`],
    ['values in values', '30 05 30 03 04 01 00'],
    ['nothing', '30 00'],
  ])('%s', (_, bytes) => {
    expect(hasDerLengths(read(bytes))).toBe(true)
  })

  test.each([
    ['a short length in two octets', `04 81 7f ${'00'.repeat(127)}`],
    ['a length in more octets than it takes', `04 82 00 80 ${'00'.repeat(128)}`],
    ['an indefinite length', '30 80 00 00'],
    ['an indefinite length inside', '30 06 30 80 04 00 00 00'],
    ['a long length inside', '30 05 04 82 00 01 00'],
    ['a long indefinite length where the sum is right', `30 80 04 81 fe ${'00'.repeat(254)} 00 00`],
    // Its header and its end are as long together as those of DER would be.
    ['an indefinite length where the sum is right', `30 80 04 7c ${'00'.repeat(124)} 00 00`],
  ])('%s is not DER', (_, bytes) => {
    expect(hasDerLengths(read(bytes))).toBe(false)
  })
})

describe('decodeObjectIdentifier', () => {
  test.each([
    '0.0',
    '0.39',
    '1.0',
    '1.39',
    '1.2.840.113549.1.12.10.1.3',
    '2.5.4.3',
    '2.999.3',
    '2.16.840.1.101.3.4.2.1',
  ])('%s', (dotted) => {
    const [first, second, ...rest] = dotted.split('.')
    const encodable = first === '2' && Number(second) > 39 ? `2.${second}` : `${first}.${second}`
    expect(decodeObjectIdentifier(read(encode(oid([encodable, ...rest].join('.')))), 'the OID')).toBe(dotted)
  })

  test('numbers of any size, as those of 2.25 are, which are UUIDs', () => {
    // X.667 §8.
    const uuid = '06 14 69 83 f0 9d a7 eb cf de e0 c7 a1 a7 b2 c0 94 8c c8 f9 d7 76'
    expect(decodeObjectIdentifier(read(uuid), 'the OID')).toBe('2.25.329800735698586629295641978511506172918')
    expect(decodeObjectIdentifier(read('06 0b 2a ff ff ff ff ff ff ff ff ff 7f'), 'the OID')).toBe(
      `1.2.${2n ** 70n - 1n}`,
    )
    expect(decodeObjectIdentifier(read(`06 81 80 ${'01 '.repeat(128)}`), 'the OID')).toHaveLength(257)
  })

  test.each([
    ['empty', '06 00', 'is not an OBJECT IDENTIFIER'],
    ['of another type', '04 01 2a', 'is not an OBJECT IDENTIFIER'],
    ['constructed', '26 03 06 01 2a', 'is not an OBJECT IDENTIFIER'],
    ['cut off', '06 02 2a 86', 'has an OBJECT IDENTIFIER that is cut off'],
    ['padded', '06 03 2a 80 01', 'has an OBJECT IDENTIFIER with a padded number'],
    ['padded at its start', '06 02 80 01', 'has an OBJECT IDENTIFIER with a padded number'],
    ['too long', `06 81 81 ${'01 '.repeat(129)}`, 'has an OBJECT IDENTIFIER of 129 bytes; 128 are read'],
  ])('one that is %s is refused', (_, bytes, problem) => {
    expect(refusal(() => decodeObjectIdentifier(read(bytes), 'the OID'))).toBe(
      `INVALID_ENCODING: the OID ${problem}`,
    )
  })

  test('80 inside of a number is not padding', () => {
    expect(decodeObjectIdentifier(read('06 04 2a 81 80 00'), 'the OID')).toBe('1.2.16384')
  })
})
