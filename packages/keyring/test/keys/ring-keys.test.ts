import type { SigningKey } from '@sealwright/core'
import { describe, expect, test } from 'vitest'
import { mergeKeys, type RingKey } from '../../src/keys/ring-keys.ts'
import type { Source } from '../../src/keys/sources.ts'
import { keyOf, sourceOf } from '../support/fake-sources.ts'

const at = (day: number): Date => new Date(day * 86_400_000)

/** The certificate of a delegate by that key of the ring. */
const by = (keyId: string): Partial<SigningKey> => ({
  certificates: [{ issuer: `CN=${keyId}`, verify: () => true }] as unknown as SigningKey['certificates'],
})

function merge(
  sources: readonly (readonly [Source, ...SigningKey[]])[],
  {
    revoked = [],
    seen = [],
    maxDelegates = 16,
    times = [at(3).getTime()],
  }: { revoked?: string[]; seen?: [string, Date][]; maxDelegates?: number; times?: number[] } = {},
): RingKey[] {
  const shown = sources.map(([source, ...keys]) => ({ source, keys }))
  return mergeKeys(shown, new Set(revoked), new Map(seen), { maxDelegates, times })
}

describe('the copies of a key', () => {
  const [first, second] = [sourceOf('first', { shard: 'one' }), sourceOf('second', { shard: 'two' })]

  test('are one key: the copy of the first source signs, the earliest creation counts', () => {
    const copies = [keyOf('a', { createdAt: at(3), version: '9' }), keyOf('a', { createdAt: at(2) })] as const
    const [merged, ...others] = merge([
      [first, copies[0]],
      [second, copies[1]],
    ])
    expect(others).toEqual([])
    expect(merged).toMatchObject({ id: '9 a', shard: 'one', signs: true, enabled: true, delegatedBy: null })
    expect(merged?.key).toBe(copies[0])
    expect(merged?.sources).toEqual([first, second])
    expect(merged?.createdAt).toEqual(at(2))
  })

  test.each<[string, Partial<Source>, Partial<SigningKey>, string, boolean]>([
    ['only publishes', { signs: false }, {}, 'two', true],
    ['has it disabled', {}, { enabled: false }, 'two', false],
  ])('another one signs where the first %s', (_name, options, facts, shard, enabled) => {
    const [merged] = merge([
      [sourceOf('first', { shard: 'one', ...options }), keyOf('a', facts)],
      [second, keyOf('a')],
    ])
    expect(merged).toMatchObject({ shard, signs: true, enabled })
  })

  test('are published only if no source signs with them', () => {
    const published = sourceOf('published', { signs: false })
    expect(merge([[published, keyOf('a', { enabled: false })]])[0]).toMatchObject({
      signs: false,
      enabled: false,
    })
    expect(
      merge([
        [published, keyOf('a')],
        [first, keyOf('a', { enabled: false })],
      ])[0],
    ).toMatchObject({ signs: true, enabled: false })
  })

  test('in one source are its newest version, as of its oldest', () => {
    const newest = keyOf('a', { version: '2', createdAt: at(5), notAfter: at(9) })
    const oldest = keyOf('a', { enabled: false, createdAt: at(1) })
    const [merged] = merge([[first, newest, oldest]])
    expect(merged).toMatchObject({ id: '2 a', enabled: true, notAfter: at(9) })
    expect(merged?.key).toBe(newest)
    expect(merged?.createdAt).toEqual(at(1))
  })

  test.each<[string, Date | null, [string, Date][], Date | null]>([
    ['unknown as soon as one copy does not say', null, [], null],
    ['when its source was told', at(4), [], at(4)],
    ['when it was first seen', at(4), [['a', at(6)]], at(6)],
  ])('were created %s', (_name, createdAt, seen, expected) => {
    const undated = keyOf('a', { createdAt: null })
    const [merged] = merge([[sourceOf('first', { createdAt }), keyOf('a'), undated]], { seen })
    expect(merged?.createdAt).toEqual(expected)
  })

  test('are revoked by the operator', () => {
    expect(
      merge([[first, keyOf('a'), keyOf('b')]], { revoked: ['a'] }).map(({ enabled }) => enabled),
    ).toEqual([true, false])
  })
})

test('two keys without a creation time are refused, unless one of them never signs', () => {
  const undated = { createdAt: null }
  const first = [sourceOf('first'), keyOf('a', undated)] as const
  expect(() => merge([first, [sourceOf('second'), keyOf('b', undated)]])).toThrow(
    'the place of a and the place of b have no creation time, so their order is unknown; set createdAt of the newer one to the ' +
      'time at which every instance had it',
  )
  expect(merge([first, [sourceOf('second', { signs: false }), keyOf('b', undated)]])).toHaveLength(2)
})

const idsOf = (keys: RingKey[]): string[] =>
  keys.flatMap(({ key, delegatedBy }) => (delegatedBy === null ? [] : key.keyId))

describe('delegates', () => {
  const registry = sourceOf('the registry', { delegates: true, signs: false })
  const own = [sourceOf('a store'), keyOf('own'), keyOf('other')] as const
  const delegate = (keyId: string, day: number, facts: Partial<SigningKey> = {}): SigningKey =>
    keyOf(keyId, { notBefore: at(day), createdAt: at(day), notAfter: at(day + 10), ...by('own'), ...facts })

  test('are published with the key that certified them, and never sign', () => {
    const key = delegate('d', 2, { version: 'digest' })
    const merged = merge([[registry, key], own])
    expect(merged.map((each) => each.key.keyId)).toEqual(['other', 'own', 'd'])
    expect(merged[2]).toEqual({
      id: 'digest d',
      key,
      shard: '',
      signs: false,
      sources: [registry],
      delegatedBy: 'own',
      createdAt: at(2),
      notBefore: at(2),
      notAfter: at(12),
      enabled: true,
    })
  })

  test.each<[string, SigningKey, string[]]>([
    ['a stranger', delegate('d', 2, by('stranger')), []],
    ['nobody', delegate('d', 2, { certificates: [] }), []],
    ['a key of the ring, for a key of the ring', delegate('other', 2), []],
    ['a key of the ring', delegate('d', 2, by('other')), ['d']],
  ])('count if they were certified by a key of the ring: %s', (_name, key, ids) => {
    expect(idsOf(merge([own, [registry, key]]))).toEqual(ids)
  })

  const countAt = (...times: number[]): string[] =>
    idsOf(merge([own, [registry, delegate('d', 2)]], { times }))
  test('count from their beginning on, at each of the possible times', () => {
    const begins = at(2).getTime()
    expect(countAt(begins - 1)).toEqual([])
    expect(countAt(begins)).toEqual(['d'])
    expect(countAt(begins - 1, begins)).toEqual(['d'])
  })

  const countUntil = (notAfter: Date | null): string[] =>
    idsOf(
      merge([
        [own[0], keyOf('own', { notAfter })],
        [registry, delegate('d', 2)],
      ]),
    )
  test('do not count beyond the end of the key that certified them', () => {
    expect(countUntil(at(12))).toEqual(['d'])
    expect(countUntil(new Date(at(12).getTime() - 1))).toEqual([])
    expect(countUntil(null)).toEqual(['d'])
  })

  test('are not certified by a key that the ring only publishes', () => {
    const published = [sourceOf('published', { signs: false }), keyOf('own')] as const
    expect(idsOf(merge([published, [registry, delegate('d', 2)]]))).toEqual([])
  })

  test.each<[string, string[], boolean]>([
    ['with the key that certified them', ['own'], false],
    ['by themselves', ['d'], false],
    ['by nothing else', ['other'], true],
  ])('are revoked %s', (_name, revoked, enabled) => {
    const merged = merge([own, [registry, delegate('d', 2)]], { revoked })
    expect(merged.find(({ key }) => key.keyId === 'd')?.enabled).toBe(enabled)
  })

  const [a, b, c] = [delegate('a', 3), delegate('b', 2), delegate('c', 2)]
  test.each([[[a, b, c]], [[c, b, a]], [[b, a, c]]])(
    'above the limit are left out: the oldest count',
    (keys) => {
      expect(idsOf(merge([own, [registry, ...keys]]))).toEqual(['b', 'c', 'a'])
      expect(idsOf(merge([own, [registry, ...keys]], { maxDelegates: 2 }))).toEqual(['b', 'c'])
    },
  )

  test('of one key take one place, and a revoked one keeps it', () => {
    const again = delegate('b', 2.5)
    const keys = [registry, b, again, c, a] as const
    expect(idsOf(merge([own, keys], { maxDelegates: 2 }))).toEqual(['b', 'c'])
    expect(idsOf(merge([own, keys], { maxDelegates: 2, revoked: ['b'] }))).toEqual(['b', 'c'])
  })

  test('that have ended give up their places, at each of the possible times', () => {
    const keys = [own, [registry, a, b, c]] as const
    const end = at(12).getTime()
    expect(idsOf(merge(keys, { maxDelegates: 1, times: [end - 1] }))).toEqual(['b'])
    expect(idsOf(merge(keys, { maxDelegates: 1, times: [end] }))).toEqual(['a'])
    expect(idsOf(merge(keys, { maxDelegates: 1, times: [end - 1, end] }))).toEqual(['b', 'a'])
    expect(idsOf(merge([own, [registry, delegate('d', 2, { notAfter: null })]]))).toEqual([])
  })
})
