import { Integer, Null, Sequence, type BaseBlock } from 'asn1js'
import { describe, expect, test } from 'vitest'
import { checkDer } from '../../src/asn1/check-der.ts'
import {
  encoded,
  encodeDer,
  encodeList,
  explicit,
  namedBits,
  octetString,
  setOf,
  unsignedInteger,
} from '../../src/asn1/encode.ts'
import { wrap } from '../../src/asn1/wrap.ts'
import { bytesOf, refusal } from '../support/ber.ts'
import { encode, octets } from '../support/tlv.ts'

const hexOf = (value: Parameters<typeof encodeDer>[0]): string =>
  Buffer.from(encodeDer(value)).toString('hex')

describe('encoded', () => {
  test('goes in byte by byte, whatever it is', () => {
    // Not even ASN.1.
    const bytes = bytesOf('30 82 ff')
    expect(hexOf(encoded(bytes))).toBe('3082ff')
    expect(hexOf(new Sequence({ value: [encoded(bytes), new Null()] }))).toBe('30053082ff0500')
  })

  test('a part of a larger array is that part', () => {
    const part = bytesOf('00 01 02 03 04').subarray(1, 3)
    expect(hexOf(new Sequence({ value: [encoded(part)] }))).toBe('30020102')
    // Of the pool of Buffers.
    expect(hexOf(new Sequence({ value: [encoded(Buffer.from('0102', 'hex'))] }))).toBe('30020102')
    const start = bytesOf('01 02 03').subarray(0, 2)
    expect(hexOf(new Sequence({ value: [encoded(start)] }))).toBe('30020102')
  })

  test('an object that makes a value is encoded as that value', () => {
    expect(hexOf({ toSchema: (): BaseBlock => new Integer({ value: 5 }) })).toBe('020105')
  })
})

describe('encodeList', () => {
  test('one value after the other, in order, in memory of their own', async () => {
    const items = Array.from({ length: 3000 }, (_, index) => index)
    const list = await encodeList(items, (item) => octetString(Uint8Array.of(item >> 8, item & 0xff)))
    const expected = Buffer.concat(items.map((item) => encode(octets([item >> 8, item & 0xff]))))
    expect(Buffer.compare(list, expected)).toBe(0)
    expect(list.buffer.byteLength).toBe(list.length)
    expect(await encodeList([], () => new Null())).toEqual(new Uint8Array())
  })

  test('lets the event loop turn', async () => {
    let turns = 0
    const counting = setInterval(() => turns++, 1)
    await encodeList(Array.from({ length: 20_000 }), () => new Integer({ value: 1 }))
    clearInterval(counting)
    expect(turns).toBeGreaterThan(1)
  })

  test('ends with what an item throws', async () => {
    const problem = new Error('the third')
    const making = encodeList([1, 2, 3], (item) => {
      if (item === 3) throw problem
      return new Null()
    })
    await expect(making).rejects.toBe(problem)
  })
})

test('setOf is in the order of the encodings', () => {
  const values = [300, 2, 1].map((value) => new Integer({ value }))
  expect(hexOf(setOf(values))).toBe('310a0201010201020202012c')
})

test.each([
  ['00', '020100'],
  ['7f', '02017f'],
  ['80', '02020080'],
  ['0001', '020101'],
  ['ffffffffffffffffffffffffffffffffffffffff', '021500ffffffffffffffffffffffffffffffffffffffff'],
])('unsignedInteger of %s', (hex, der) => {
  expect(hexOf(unsignedInteger(bytesOf(hex)))).toBe(der)
})

test.each<[number[], string]>([
  [[], '030100'],
  [[0], '03020780'],
  [[7], '03020001'],
  [[8], '0303070080'],
  [[0, 5, 6], '03020186'],
  [[6, 0, 5], '03020186'],
])('namedBits of %j', (bits, der) => {
  expect(hexOf(namedBits(bits))).toBe(der)
})

test('explicit tags, and octet strings', () => {
  expect(hexOf(explicit(0, new Integer({ value: 5 })))).toBe('a003020105')
  expect(hexOf(explicit(3, new Null(), new Null()))).toBe('a30405000500')
  expect(hexOf(octetString(bytesOf('01 02')))).toBe('04020102')
})

describe('wrap', () => {
  test.each([0, 1, 127, 128, 255, 256, 65_535, 65_536])('%d bytes of contents', (length) => {
    const content = new Uint8Array(length).fill(7)
    expect(Buffer.compare(wrap(0x04, content), encode(octets(content)))).toBe(0)
  })

  test('of several parts', () => {
    expect(wrap(0x30, bytesOf('05 00'), new Uint8Array(), bytesOf('02 01 07'))).toEqual(
      bytesOf('30 05 05 00 02 01 07'),
    )
  })
})

describe('checkDer', () => {
  test.each(['05 00', '30 03 02 01 00', `04 81 80 ${'00'.repeat(128)}`])('%s', (bytes) => {
    expect(() => checkDer(bytesOf(bytes), 'the value')).not.toThrow()
  })

  test.each([
    ['nothing', '', 'is not DER'],
    ['two values', '05 00 05 00', 'is not DER'],
    ['half a value', '04 02 00', 'is not DER'],
    ['an indefinite length', '30 80 00 00', 'is BER and not DER'],
    ['a length that is longer than it need be', '04 81 01 00', 'is BER and not DER'],
  ])('%s is refused', (_, bytes, problem) => {
    expect(refusal(() => checkDer(bytesOf(bytes), 'the value'))).toBe(
      `INVALID_ARGUMENT: the value ${problem}`,
    )
  })

  test('its own bounds', () => {
    expect(() => checkDer(wide(9_999), 'the value')).not.toThrow()
    expect(refusal(() => checkDer(wide(10_000), 'the value'))).toBe('INVALID_ARGUMENT: the value is not DER')
    expect(() => checkDer(deep(32), 'the value')).not.toThrow()
    expect(refusal(() => checkDer(deep(33), 'the value'))).toBe('INVALID_ARGUMENT: the value is not DER')
  })

  test('keeps what is wrong as the cause', () => {
    expect(() => checkDer(new Uint8Array(), 'the value')).toThrow(
      expect.objectContaining({ cause: expect.objectContaining({ code: 'INVALID_ENCODING' }) as unknown }),
    )
  })
})

/** A SEQUENCE of that many values. */
function wide(count: number): Uint8Array {
  return wrap(0x30, ...Array.from({ length: count }, () => bytesOf('05 00')))
}

function deep(levels: number): Uint8Array {
  return levels === 1 ? bytesOf('05 00') : wrap(0x30, deep(levels - 1))
}
