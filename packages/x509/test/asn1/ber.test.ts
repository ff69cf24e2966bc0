import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { malformed, readBer, readFirst, readPadded, tags, type BerElement } from '../../src/asn1/ber.ts'
import { decodeOctetString } from '../../src/asn1/values.ts'
import { bytesOf, read, refusal } from '../support/ber.ts'
import { encode, encodeIndefinite, int, octets, sequence, type Tlv } from '../support/tlv.ts'

const budget = (): { depth: number; elements: number } => ({ depth: 8, elements: 100 })

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

  test('an element is views of the input', () => {
    const bytes = bytesOf('30 80 02 01 07 00 00')
    const element = readBer(bytes, 'the input', budget())
    expect(element).toMatchObject({ tag: 0x10, constructed: true, bytes })
    expect(element.content).toEqual(bytesOf('02 01 07'))
    expect(element.content.buffer).toBe(bytes.buffer)
    const [child] = element.children
    expect(child).toEqual({
      tag: 0x02,
      constructed: false,
      content: bytesOf('07'),
      bytes: bytesOf('02 01 07'),
      children: [],
    })
  })

  test('lengths in long form, needlessly long as BER allows', () => {
    expect(read('04 81 01 ff').content).toEqual(Uint8Array.of(0xff))
    expect(read('04 84 00 00 00 01 ff').content).toEqual(Uint8Array.of(0xff))
    expect(read(`04 82 01 00 ${'07'.repeat(256)}`).content).toHaveLength(256)
  })

  test.each([
    ['nothing', '', 'is cut off'],
    ['a tag alone', '30', 'is cut off'],
    ['a length cut off', '30 82 01', 'is cut off'],
    ['a value cut off', '04 02 00', 'is cut off: a value of 2 bytes has 1 left'],
    ['a length over 2^32', '04 85 01 00 00 00 00', 'holds a length of 5 octets'],
    ['a length of nearly 2^32', '04 84 ff ff ff ff', 'is cut off: a value of 4294967295 bytes has 0 left'],
    ['the reserved length', '04 ff 00', 'holds a length of 127 octets'],
    ['bytes after the end', '04 01 00 00', 'has 1 bytes after its end'],
    ['a child longer than its parent', '30 02 04 01 00', 'is cut off: a value of 1 bytes has 0 left'],
    ['a length beyond the parent', '30 01 04 00', 'is cut off'],
    ['a primitive of indefinite length', '04 80 00 00', 'holds a primitive value of indefinite length'],
    ['no end of contents', '30 80 04 00', 'is cut off'],
    ['half an end of contents', '30 80 00', 'is cut off'],
    ['an end of contents beyond the parent', '30 02 30 80 00 00', 'is cut off'],
    ['an end of contents out of place', '30 02 00 00', 'holds an end-of-contents marker out of place'],
    ['one with a length', '30 80 00 01 00 00 00', 'holds an end-of-contents marker out of place'],
    ['one that is constructed', '30 02 20 00', 'holds an end-of-contents marker out of place'],
    ['a SEQUENCE that is primitive', '30 04 10 02 05 00', 'holds a SEQUENCE or SET that is not constructed'],
    ['a SET that is primitive', '11 00', 'holds a SEQUENCE or SET that is not constructed'],
    ['a tag number above 30', '1f 81 01 00', 'holds a tag number above 30'],
    ['a constructed one', 'bf 81 01 00', 'holds a tag number above 30'],
  ])('%s is refused', (_, bytes, problem) => {
    expect(refusal(() => read(bytes))).toBe(`INVALID_ENCODING: the input ${problem}`)
  })

  test('five length octets are refused where they are all that is wrong', () => {
    const whole = bytesOf('04 85 00 00 00 00 01 ff')
    expect(refusal(() => read(whole))).toBe('INVALID_ENCODING: the input holds a length of 5 octets')
  })

  test('depth and elements are bounded, at any length of input', () => {
    const nested = 'LIMIT_EXCEEDED: the input is nested more than 8 deep'
    expect(refusal(() => read(deep(9)))).toBe(nested)
    expect(refusal(() => read(deep(500_000)))).toBe(nested)
    const eight = [...Array.from({ length: 8 }, () => '30 80'), ...Array.from({ length: 8 }, () => '00 00')]
    expect(read(eight.join(''), 8).children).toHaveLength(1)
    const wide = encode(sequence(...Array.from({ length: 100 }, () => int(0))))
    expect(refusal(() => read(wide))).toBe(
      'LIMIT_EXCEEDED: the input holds more ASN.1 values than are allowed',
    )
    expect(read(wide, 8, 101).children).toHaveLength(100)
  })

  test('messages name the option that raises the limit, where there is one', () => {
    const raisedBy = { elements: 'limits.elements', depth: 'limits.depth' }
    const two = encode(sequence(int(1)))
    expect(refusal(() => readBer(two, 'the input', { depth: 1, elements: 9, raisedBy }))).toBe(
      'LIMIT_EXCEEDED: the input is nested more than 1 deep; limits.depth raises the limit',
    )
    expect(refusal(() => readBer(two, 'the input', { depth: 9, elements: 1, raisedBy }))).toBe(
      'LIMIT_EXCEEDED: the input holds more ASN.1 values than are allowed; limits.elements raises the limit',
    )
  })

  test('one budget covers several parses', () => {
    const shared = { depth: 8, elements: 3 }
    const bytes = encode(sequence(int(1)))
    readBer(bytes, 'the input', shared)
    expect(refusal(() => readBer(bytes, 'the input', shared))).toMatch(/^LIMIT_EXCEEDED/)
  })
})

describe('readPadded', () => {
  test.each(['', '00', '0a', '0d 0a', '00 00 0a 00', '20 09', '1a'])(
    'passes over %s after the end',
    (padding) => {
      const element = readPadded(bytesOf(`02 01 07 ${padding}`), 'the file', budget())
      expect(element.bytes).toEqual(bytesOf('02 01 07'))
    },
  )

  test.each(['01', '21', '00 08', '00 01', '0a 0b', '1b', '30 00'])('refuses %s after the end', (rest) => {
    const { length } = bytesOf(rest)
    expect(refusal(() => readPadded(bytesOf(`02 01 07 ${rest}`), 'the file', budget()))).toBe(
      `INVALID_ENCODING: the file has ${length} bytes after its end`,
    )
  })
})

describe('readFirst', () => {
  test('reads the first element, whatever comes after it', () => {
    expect(readFirst(bytesOf('02 01 07 02 01 08'), 'the file', budget()).bytes).toEqual(bytesOf('02 01 07'))
  })

  test('reads no more levels than it is asked for', () => {
    const bytes = bytesOf('30 07 30 05 30 03 02 01 07')
    const levelsOf = ({ children }: BerElement): number =>
      children.length === 0 ? 1 : 1 + Math.max(...children.map(levelsOf))
    expect([1, 2, 3, 4, 5].map((levels) => levelsOf(readFirst(bytes, 'the file', budget(), levels)))).toEqual(
      [1, 2, 3, 4, 4],
    )
    expect(levelsOf(readPadded(bytes, 'the file', budget(), 2))).toBe(2)
    // What is not read is not charged, and may be anything.
    const few = { depth: 8, elements: 1 }
    expect(readFirst(bytesOf('30 02 ff ff'), 'the file', few, 1).content).toEqual(bytesOf('ff ff'))
  })

  test('of indefinite length it reads all', () => {
    const bytes = bytesOf('30 80 30 80 02 01 07 00 00 00 00')
    expect(readFirst(bytes, 'the file', budget(), 1).children[0]?.children).toHaveLength(1)
  })
})

test('malformed keeps a cause, and has no property for none', () => {
  const cause = new Error('below')
  expect(malformed('the file', 'is wrong', cause)).toMatchObject({
    code: 'INVALID_ENCODING',
    message: 'the file is wrong',
    cause,
  })
  expect(Object.hasOwn(malformed('the file', 'is wrong'), 'cause')).toBe(false)
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
