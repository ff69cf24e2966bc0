import { expect, test } from 'vitest'
import { SealGap } from '../../src/verifier/seal-gap.ts'

const at = (seconds: number): string => new Date(1_800_000_000_000 + 1000 * seconds).toISOString()

test('a seal covers the tokens before its mark', () => {
  const gap = new SealGap()
  gap.addTokens(2, at(0))
  gap.addTokens(3, at(1))
  expect(gap).toMatchObject({ unsealed: 5, since: at(0) })
  gap.mark()
  gap.addTokens(1, at(2))
  gap.addTokens(1, at(3))
  expect(gap).toMatchObject({ unsealed: 7, since: at(0) })
  gap.seal()
  expect(gap).toMatchObject({ unsealed: 2, since: at(2) })
  gap.mark()
  gap.seal()
  expect(gap).toMatchObject({ unsealed: 0, since: null })
})

test('a gap is too long after ten intervals and a minute, until a seal comes', () => {
  const gap = new SealGap()
  gap.interval = 10
  gap.reach(at(10_000))
  gap.addTokens(1, at(0))
  gap.reach(at(160))
  expect(gap.isTooLong).toBe(false)
  gap.reach(at(161))
  gap.reach(at(1))
  expect(gap.isTooLong).toBe(true)
  gap.mark()
  gap.seal()
  expect(gap.isTooLong).toBe(false)
  gap.reach(at(10_000))
  expect(gap.isTooLong).toBe(false)
})
