import { expect, test } from 'vitest'
import { randomId } from '../src/random-id.ts'

test('ids have 22 characters of base64url, of which all 64 come at every place, and none comes twice', () => {
  const ids = Array.from({ length: 20_000 }, randomId)
  expect(new Set(ids).size).toBe(ids.length)
  expect(ids.every((id) => /^[\w-]{22}$/.test(id))).toBe(true)
  // A character missing at one place by chance: 64 × (63/64)^20000, about 10^-135.
  for (let place = 0; place < 22; place++) expect(new Set(ids.map((id) => id[place])).size).toBe(64)
})
