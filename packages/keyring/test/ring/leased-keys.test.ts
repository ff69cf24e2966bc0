import type { SigningKey } from '@sealwright/core'
import { expect, test } from 'vitest'
import type { RingKey } from '../../src/keys/ring-keys.ts'
import { LeasedKeys } from '../../src/ring/leased-keys.ts'
import { MemoryStore } from '../support/memory-store.ts'
import { ringKey } from '../support/ring-keys.ts'

const store = new MemoryStore()
const key: SigningKey = await store.add('a')
const other = await store.add('b')
const rsa = await store.add('c', { keyType: 'rsa-2048' })
const { certificates } = key

const of = (facts: Partial<SigningKey>): RingKey => ({ ...ringKey('a'), key: { ...key, ...facts } })
const leased = (): LeasedKeys =>
  new LeasedKeys(
    () => 0,
    () => ({ from: 0, until: 1 }),
  )

test('a key is the same object as long as readings say the same of it', () => {
  const keys = leased()
  const first = keys.get(of({}), null)
  expect(
    keys.get(of({ certificates: [...certificates], createdAt: new Date(Number(key.createdAt)) }), null),
  ).toBe(first)
  expect(keys.get(of({}), 'ES256')).not.toBe(first)
})

test.each<[string, Partial<SigningKey>]>([
  ['version', { version: 'another' }],
  ['location', { location: 'another' }],
  ['notBefore', { notBefore: new Date(0) }],
  ['notAfter', { notAfter: null }],
  ['createdAt', { createdAt: new Date(0) }],
  ['createdAt, which is not known any more', { createdAt: null }],
  ['certificate', { certificates: other.certificates }],
  ['chain, which is longer', { certificates: [...certificates, ...other.certificates] }],
  ['chain, which is shorter', { certificates: [] }],
])('a key with another %s is another object', (_name, facts) => {
  const keys = leased()
  const first = keys.get(of({}), null)
  const changed = keys.get(of(facts), null)
  expect(changed).not.toBe(first)
  expect(changed).toMatchObject(facts)
  expect(keys.get(of(facts), null)).toBe(changed)
  expect(keys.get(of({}), null)).not.toBe(changed)
})

const chain = (second: SigningKey): RingKey => of({ certificates: [...certificates, ...second.certificates] })

test('each certificate of a chain counts', () => {
  const keys = leased()
  expect(keys.get(chain(rsa), null)).not.toBe(keys.get(chain(other), null))
})

test('a key that is gone is forgotten, and one that is still there is not', () => {
  const keys = leased()
  const [first, second] = [keys.get(of({}), null), keys.get({ ...ringKey('b'), key: other }, null)]
  keys.recall([of({})])
  expect(keys.get(of({}), null)).toBe(first)
  expect(keys.get({ ...ringKey('b'), key: other }, null)).not.toBe(second)
})

test('a key signs the algorithm that the JWK Set has it for', () => {
  const keys = leased()
  const named = (name: string | null): SigningKey => keys.get({ ...ringKey('c'), key: rsa }, name)
  expect(named(null).algorithms.map(({ name }) => name)).toEqual(['RS256'])
  expect(named('PS256').algorithms.map(({ name }) => name)).toEqual(['PS256'])
  expect(() => named(null).signer('PS256')).toThrow(`publishes the key ${rsa.keyId} for RS256 only`)
  expect(named('PS256').signer().algorithm.name).toBe('PS256')
})
