import { expect, test } from 'vitest'
import { tags } from '../../src/asn1/ber.ts'
import { SequenceReader } from '../../src/asn1/sequence-reader.ts'
import { bytesOf, read, refusal } from '../support/ber.ts'
import { constructed, encode, int, octets, oid, sequence, type Tlv } from '../support/tlv.ts'

const reader = (...fields: readonly Tlv[]): SequenceReader =>
  new SequenceReader(read(encode(sequence(...fields))), 'S')

test('takes fields in order and knows its end', () => {
  const fields = reader(
    int(1),
    octets([2]),
    oid('1.2.3'),
    sequence(int(4)),
    constructed(0xa1, int(5)),
    int(6),
  )
  expect(fields.optional(tags.set)).toBeNull()
  expect(fields.integer('one')).toBe(1)
  expect(refusal(() => fields.end())).toBe('INVALID_ENCODING: S has too many fields')
  expect(fields.octetString('two')).toEqual(Uint8Array.of(2))
  expect(fields.objectIdentifier('three')).toBe('1.2.3')
  const inner = fields.sequence('four')
  expect(inner.integer('number')).toBe(4)
  inner.end()
  expect(fields.explicit(tags.context1, 'five').bytes).toEqual(bytesOf('02 01 05'))
  expect(fields.optional(tags.integer)?.content).toEqual(Uint8Array.of(6))
  fields.end()
  expect(fields.optional(tags.integer)).toBeNull()
  expect(refusal(() => fields.any('seven'))).toBe('INVALID_ENCODING: S has no seven')
})

test.each(['31 00', '04 00'])('%s is no SEQUENCE', (bytes) => {
  expect(refusal(() => new SequenceReader(read(bytes), 'S'))).toBe('INVALID_ENCODING: S is not a SEQUENCE')
})

test.each<[string, (fields: SequenceReader) => unknown, string]>([
  ['an INTEGER', (fields) => fields.integer('n'), 'S n is not an INTEGER'],
  ['an OCTET STRING', (fields) => fields.octetString('o'), 'S o is not an OCTET STRING'],
  ['an OID', (fields) => fields.objectIdentifier('i'), 'S i is not an OBJECT IDENTIFIER'],
  ['a SEQUENCE', (fields) => fields.sequence('s'), 'S s is not a SEQUENCE'],
  [
    'a tagged value',
    (fields) => fields.explicit(tags.context0, 't'),
    'S t is not a single value with the expected tag',
  ],
])('names the field that is not %s', (_, take, message) => {
  expect(refusal(() => take(reader(constructed(0x31))))).toBe(`INVALID_ENCODING: ${message}`)
})

test('what is inside of a field is named with it', () => {
  const fields = reader(sequence(octets([])))
  expect(refusal(() => fields.sequence('s').integer('n'))).toBe('INVALID_ENCODING: S s n is not an INTEGER')
})
