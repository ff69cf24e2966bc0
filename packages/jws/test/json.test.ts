import { runInNewContext } from 'node:vm'
import { isSealwrightError } from '@sealwright/core'
import { describe, expect, test } from 'vitest'
import { prependMembers, stringifyObject } from '../src/json.ts'

function refusal(value: object): string {
  try {
    return `accepted as ${stringifyObject(value, 'claims')}`
  } catch (error) {
    return isSealwrightError(error, 'INVALID_ARGUMENT') ? error.message : `threw ${String(error)}`
  }
}

/** Objects and arrays within each other, an object outermost. */
function nested(depth: number): object {
  let value: object = {}
  for (let level = depth - 1; level > 0; level--) value = level % 2 === 0 ? [value] : { a: value }
  return value
}

describe('what JSON carries is written as JSON.stringify writes it', () => {
  test.for<object>([
    {},
    { sub: 'alice', admin: false, level: 3, ratio: 0.25, tiny: 5e-324, negative: -7, nothing: null },
    { roles: ['a', 'b', []], address: { zip: '1234AB', geo: { lat: 52.1, lon: -0.5 } } },
    { largest: Number.MAX_SAFE_INTEGER, smallest: Number.MIN_SAFE_INTEGER },
    { text: 'quote " backslash \\ newline \n NUL \0 grüße 日本 😀 \u2028' },
    { 'https://example.com/claims': { 'a b': 1 }, '': 2, '😀': 3 },
    { looksLikeAnEscape: '\\ud800', '\\udfff': 1 },
    Object.assign(Object.create(null) as object, { sub: 'alice' }),
    Object.freeze({ list: Object.freeze([1, 2]) }),
    { toJSON: 'a claim of that name' },
  ])('%j', (value) => {
    const text = stringifyObject(value, 'claims')
    expect(text).toBe(JSON.stringify(value))
    expect(JSON.parse(text)).toEqual({ ...value })
  })

  test('an own __proto__ is a member like any other', () => {
    const value = JSON.parse('{"__proto__":{"admin":true}}') as object
    expect(stringifyObject(value, 'claims')).toBe('{"__proto__":{"admin":true}}')
    expect({}).not.toHaveProperty('admin')
  })

  test('32 levels, and the same object in two places', () => {
    const shared = { a: 1 }
    expect(stringifyObject({ x: shared, y: [shared] }, 'claims')).toBe('{"x":{"a":1},"y":[{"a":1}]}')
    const deepest = nested(32)
    expect(stringifyObject(deepest, 'claims')).toBe(JSON.stringify(deepest))
  })

  test('symbol keys and what is not enumerable are no data', () => {
    const value = Object.defineProperty({ a: 1, [Symbol('note')]: () => 1 }, 'hidden', { value: 1n })
    expect(stringifyObject(value, 'claims')).toBe('{"a":1}')
  })

  test('members of Object.prototype are not in the text', () => {
    const prototype = Object.prototype as Record<string, unknown>
    prototype['extend'] = () => 'helper'
    try {
      expect(stringifyObject({ a: { b: 1 } }, 'claims')).toBe('{"a":{"b":1}}')
    } finally {
      delete prototype['extend']
    }
  })
})

describe('what JSON cannot represent is refused with its path', () => {
  const cycle: Record<string, unknown> = {}
  cycle['self'] = [cycle]
  const sparse: unknown[] = ['a']
  sparse[2] = 'c'
  class Money {
    readonly amount = 1
  }

  test.for<[string, object]>([
    ['claims.n is NaN', { n: Number.NaN }],
    ['claims.n is Infinity', { n: Number.POSITIVE_INFINITY }],
    ['claims.address.zip is -Infinity', { address: { zip: Number.NEGATIVE_INFINITY } }],
    ['claims.n is an integer beyond 2^53−1', { n: 2 ** 53 }],
    ['claims.n is an integer beyond 2^53−1', { n: -1e300 }],
    ['claims.list[1].big is a bigint', { list: [{}, { big: 1n }] }],
    ['claims.sub is undefined', { sub: undefined }],
    ['claims.list[0] is undefined', { list: [undefined] }],
    ['claims.f is a function', { f: () => 1 }],
    ['claims.s is a symbol', { s: Symbol('s') }],
    ['claims.list[1] is a hole', { list: sparse }],
    ['claims.list[0] is a hole', { list: Array.from({ length: 0 }).concat(Array(3)) }],
    ['claims.when is a Date', { when: new Date() }],
    ['claims.when is a Date', { when: new Date(Number.NaN) }],
    ['claims.url has a toJSON method', { url: new URL('https://example.com') }],
    ['claims.bytes has a toJSON method', { bytes: Buffer.from('a') }],
    ['claims has a toJSON method', { toJSON: () => ({ admin: true }) }],
    ['claims.list has a toJSON method', { list: Object.assign([1], { toJSON: () => [2] }) }],
    ['claims.bytes is an instance of a class', { bytes: new Uint8Array(1) }],
    ['claims.map is an instance of a class', { map: new Map([['a', 1]]) }],
    ['claims.set is an instance of a class', { set: new Set([1]) }],
    ['claims.money is an instance of a class', { money: new Money() }],
    ['claims is an instance of a class', new Money()],
    ['claims.text is an instance of a class', { text: Object('boxed') as unknown }],
    ['claims.o is an instance of a class', { o: Object.create({ inherited: 1 }) as unknown }],
    ['claims.pattern is an instance of a class', { pattern: /a/ }],
    ['claims.text has a lone surrogate', { text: 'a\ud83d' }],
    ['claims.list[0].t has a lone surrogate', { list: [{ t: '\udc00\ud83d' }] }],
    ['claims["\\ud83d"] has a lone surrogate in its name', { '\ud83d': 1 }],
    ['claims["a b"]["c.d"] is NaN', { 'a b': { 'c.d': Number.NaN } }],
    ['claims must be an object', ['a']],
  ])('%s', ([message, value]) => {
    expect(refusal(value)).toMatch(message)
  })

  test.for<[string, unknown]>([
    ['null', null],
    ['undefined', undefined],
    ['text', 'claims'],
    ['a number', 1],
  ])('%s is not an object', ([, value]) => {
    expect(refusal(value as object)).toBe('claims must be an object')
  })

  test('33 levels, and a cycle', () => {
    expect(refusal(nested(33))).toMatch(/^claims(\.a|\[0\]){32} is nested deeper than 32 levels$/)
    expect(refusal(cycle)).toMatch(/^claims(\.self|\[0\]){32} is nested deeper than 32 levels$/)
  })

  test('an object of another realm, whose prototype is not ours', () => {
    expect(refusal({ foreign: runInNewContext('({})') as unknown })).toMatch('claims.foreign is an instance')
  })

  test('the value itself is never in the message', () => {
    expect(refusal({ secret: Object.assign([], { toJSON: () => 'hunter2' }) })).not.toContain('hunter2')
    expect(refusal({ secret: 'hunter2\ud800' })).not.toContain('hunter2')
  })
})

test('members are put before those of an object', () => {
  expect(prependMembers('{"a":1', '{"b":2}')).toBe('{"a":1,"b":2}')
  expect(prependMembers('{"a":1', '{}')).toBe('{"a":1}')
})
