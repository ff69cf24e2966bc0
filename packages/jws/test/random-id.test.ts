import type * as Crypto from 'node:crypto'
import { expect, test, vi } from 'vitest'
import { randomId } from '../src/random-id.ts'

const calls = vi.hoisted((): number[] => [])

vi.mock('node:crypto', async (importOriginal) => {
  const crypto = await importOriginal<typeof Crypto>()
  const randomBytes = (size: number): Buffer => {
    calls.push(size)
    return crypto.randomBytes(size)
  }
  return { ...crypto, randomBytes }
})

test('ids have 22 characters of base64url, of which all 64 come at every place, and none comes twice', () => {
  const ids = Array.from({ length: 20_000 }, randomId)
  expect(new Set(ids).size).toBe(ids.length)
  expect(ids.every((id) => /^[\w-]{22}$/.test(id))).toBe(true)
  // A character missing at one place by chance: 64 × (63/64)^20000, about 10^-135.
  for (let place = 0; place < 22; place++) expect(new Set(ids.map((id) => id[place])).size).toBe(64)
})

test('hundreds of ids come of one call of OpenSSL', () => {
  calls.length = 0
  for (let ids = 0; ids < 20 * 372; ids++) randomId()
  expect(calls).toEqual(Array.from({ length: 20 }, () => 6144))
})
