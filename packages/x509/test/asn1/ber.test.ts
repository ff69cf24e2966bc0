import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { readBer, tags, type BerElement } from '../../src/asn1/ber.ts'
import { SequenceReader } from '../../src/asn1/sequence-reader.ts'
import { decodeInteger, decodeObjectIdentifier, decodeOctetString } from '../../src/asn1/values.ts'
import { encode, encodeIndefinite, int, octets, oid, sequence, type Tlv } from '../support/tlv.ts'

function read(bytes: Uint8Array | readonly number[] | string, depth = 8, elements = 100): BerElement {
  const input = typeof bytes === 'string' ? Buffer.from(bytes.replaceAll(' ', ''), 'hex') : bytes
  return readBer(Uint8Array.from(input), 'the input', { depth, elements })
}

const invalid = expect.objectContaining({ name: 'SealwrightError', code: 'INVALID_ENCODING' })
const exceeded = expect.objectContaining({ name: 'SealwrightError', code: 'LIMIT_EXCEEDED' })

describe('readBer', () => {
  test('any tree reads back, definite and indefinite alike', () => {
    const { tree } = fc.letrec<{ tree: Tlv }>((tie) => ({
      tree: fc.oneof(
        { maxDepth: 4 },
        fc.uint8Array({ maxLength: 200 }).map(octets),
        fc.array(tie('tree'), { maxLength: 4 }).map((children) => sequence(...children)),
      ),
    }))
    fc.assert(
      fc.property(tree, fc.integer({ min: 1, max: 100 }), (node, segment) => {
        expect(summary(read(encode(node), 100, 10_000))).toEqual(summaryOf(node))
        expect(summary(read(encodeIndefinite(node, segment), 100, 10_000))).toEqual(summaryOf(node))
      }),
    )
  })

  test('lengths in long form, needlessly long as BER allows', () => {
    expect(read('04 81 01 ff').content).toEqual(Uint8Array.of(0xff))
    expect(read('04 84 00 00 00 01 ff').content).toEqual(Uint8Array.of(0xff))
  })

  test.each([
    ['nothing', ''],
    ['a tag alone', '30'],
    ['a length cut off', '30 82 01'],
    ['a value cut off', '04 02 00'],
    ['a length over 2^32', '04 85 01 00 00 00 00'],
    ['a length of nearly 2^32', '04 84 ff ff ff ff'],
    ['the reserved length', '04 ff 00'],
    ['bytes after the end', '04 01 00 00'],
    ['a child longer than its parent', '30 02 04 01 00'],
    ['a primitive of indefinite length', '04 80 00 00'],
    ['no end of contents', '30 80 04 00'],
    ['half an end of contents', '30 80 00'],
    ['an end of contents beyond the parent', '30 02 30 80 00 00'],
    ['an end of contents out of place', '30 02 00 00'],
    ['an end of contents with a length', '30 80 00 01 00 00 00'],
    ['a tag number above 30', '1f 81 01 00'],
  ])('%s is refused', (_, bytes) => {
    expect(() => read(bytes)).toThrow(invalid)
  })

  test('depth and elements are bounded, at any length of input', () => {
    expect(() => read(deep(9))).toThrow(exceeded)
    expect(() => read(deep(500_000))).toThrow(exceeded)
    const wide = encode(sequence(...Array.from({ length: 100 }, () => int(0))))
    expect(() => read(wide)).toThrow(exceeded)
    expect(read(wide, 8, 101).children).toHaveLength(100)
  })

  test('one budget covers several parses', () => {
    const budget = { depth: 8, elements: 3 }
    const bytes = encode(sequence(int(1)))
    readBer(bytes, 'the input', budget)
    expect(() => readBer(bytes, 'the input', budget)).toThrow(exceeded)
  })
})

describe('decodeInteger', () => {
  test.each([
    ['02 01 00', 0],
    ['02 01 7f', 127],
    ['02 02 00 80', 128],
    ['02 01 80', -128],
    ['02 01 ff', -1],
    ['02 04 7f ff ff ff', 2 ** 31 - 1],
    ['02 04 80 00 00 00', -(2 ** 31)],
  ])('%s is %d', (bytes, value) => {
    expect(decodeInteger(read(bytes), 'the number')).toBe(value)
  })

  test.each(['02 00', '02 02 00 00', '02 02 00 7f', '02 02 ff ff', '04 01 00', '22 03 02 01 00'])(
    '%s is refused',
    (bytes) => {
      expect(() => decodeInteger(read(bytes), 'the number')).toThrow(invalid)
    },
  )

  test('more than four bytes are refused', () => {
    expect(() => decodeInteger(read('02 05 01 00 00 00 00'), 'the number')).toThrow(exceeded)
    expect(() => decodeInteger(read([0x02, 0x7f, ...new Uint8Array(127).fill(1)]), 'the number')).toThrow(
      exceeded,
    )
  })
})

describe('decodeObjectIdentifier', () => {
  test.each(['0.0', '0.39', '1.2.840.113549.1.12.10.1.3', '2.5.4.3', '2.999.3', '2.16.840.1.101.3.4.2.1'])(
    '%s',
    (dotted) => {
      const [first, second, ...rest] = dotted.split('.')
      const encodable = first === '2' && Number(second) > 39 ? `2.${second}` : `${first}.${second}`
      expect(decodeObjectIdentifier(read(encode(oid([encodable, ...rest].join('.')))), 'the OID')).toBe(
        dotted,
      )
    },
  )

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
    ['empty', '06 00'],
    ['cut off', '06 02 2a 86'],
    ['padded', '06 03 2a 80 01'],
    ['too long', `06 81 81 ${'01 '.repeat(129)}`],
    ['another type', '04 01 2a'],
  ])('%s is refused', (_, bytes) => {
    expect(() => decodeObjectIdentifier(read(bytes), 'the OID')).toThrow(invalid)
  })
})

describe('decodeOctetString', () => {
  test('segments in segments are put together', () => {
    const element = read('24 80 04 01 01 24 05 04 01 02 04 00 04 01 03 00 00')
    expect(decodeOctetString(element, tags.octetString, 'the string')).toEqual(Uint8Array.of(1, 2, 3))
  })

  test.each(['03 01 00', '24 03 02 01 00'])('%s is refused', (bytes) => {
    expect(() => decodeOctetString(read(bytes), tags.octetString, 'the string')).toThrow(invalid)
  })
})

describe('SequenceReader', () => {
  test('takes fields in order and knows its end', () => {
    const reader = new SequenceReader(read(encode(sequence(int(1), octets([2])))), 'S')
    expect(reader.optional(tags.set)).toBeNull()
    expect(reader.integer('one')).toBe(1)
    expect(() => reader.end()).toThrow(invalid)
    expect(reader.octetString('two')).toEqual(Uint8Array.of(2))
    reader.end()
    expect(() => reader.any('three')).toThrow('S has no three')
  })

  test.each(['31 00', '10 00', '04 00'])('%s is no SEQUENCE', (bytes) => {
    expect(() => new SequenceReader(read(bytes), 'S')).toThrow(invalid)
  })
})

/** SEQUENCEs of indefinite length, opened and never closed. */
function deep(levels: number): Uint8Array {
  return new Uint8Array(2 * levels).map((_, at) => (at % 2 === 0 ? 0x30 : 0x80))
}

/** Content of OCTET STRINGs and nesting of everything else. */
type Summary = string | readonly Summary[]

function summary(element: BerElement): Summary {
  return element.tag === tags.octetString
    ? Buffer.from(decodeOctetString(element, tags.octetString, 'the string')).toString('hex')
    : element.children.map(summary)
}

function summaryOf(node: Tlv): Summary {
  return node.tag === 0x04 ? Buffer.from(node.content).toString('hex') : node.children.map(summaryOf)
}
