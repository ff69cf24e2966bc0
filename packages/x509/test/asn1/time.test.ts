import { describe, expect, test } from 'vitest'
import { encodeDer } from '../../src/asn1/encode.ts'
import { decodeTime, timeOf } from '../../src/asn1/time.ts'
import { read, refusal } from '../support/ber.ts'
import { encode, primitive } from '../support/tlv.ts'

const utcTime = 0x17
const generalizedTime = 0x18

const decode = (tag: number, text: string): Date =>
  decodeTime(read(encode(primitive(tag, Buffer.from(text)))), 'notAfter')

test.each([
  ['1950-01-01T00:00:00.000Z', utcTime, '500101000000Z'],
  ['1999-12-31T23:59:59.000Z', utcTime, '991231235959Z'],
  ['2026-11-25T23:39:54.000Z', utcTime, '261125233954Z'],
  ['2049-12-31T23:59:59.000Z', utcTime, '491231235959Z'],
  ['2050-01-01T00:00:00.000Z', generalizedTime, '20500101000000Z'],
  ['9999-12-31T23:59:59.000Z', generalizedTime, '99991231235959Z'],
])('%s is written and read', (iso, tag, text) => {
  const time = new Date(iso)
  expect(encodeDer(timeOf(time))).toEqual(encode(primitive(tag, Buffer.from(text))))
  expect(decode(tag, text)).toEqual(time)
})

test('years before 1950 are read from GeneralizedTime', () => {
  expect(decode(generalizedTime, '19491231235959Z')).toEqual(new Date('1949-12-31T23:59:59Z'))
})

describe('refused', () => {
  test.each([
    [utcTime, '2611252339Z'],
    [utcTime, '261125233954+0100'],
    [utcTime, '261125233954Z '],
    [utcTime, ' 261125233954Z'],
    [utcTime, '20261125233954Z'],
    [utcTime, '26112523395xZ'],
    [utcTime, ''],
    [generalizedTime, '261125233954Z'],
    [generalizedTime, '20500101000000.5Z'],
    [generalizedTime, '20500101000000'],
    [generalizedTime, ' 20500101000000Z'],
    [generalizedTime, '20500101000000Z '],
    // An IA5String.
    [0x16, '20500101000000Z'],
    [0x16, '261125233954Z'],
  ])('%i %j', (tag, text) => {
    expect(refusal(() => decode(tag, text))).toBe(
      'INVALID_ENCODING: notAfter is not a time in a format of RFC 5280',
    )
  })

  test.each([
    [utcTime, '260230000000Z'],
    [utcTime, '261301000000Z'],
    [utcTime, '260101240000Z'],
    [utcTime, '260101000060Z'],
    [generalizedTime, '20500001000000Z'],
  ])('%i %j, which is no day or hour', (tag, text) => {
    expect(refusal(() => decode(tag, text))).toBe(`INVALID_ENCODING: notAfter is not a valid time: ${text}`)
  })
})
