import { expect, test } from 'vitest'
import { ReplayGuard } from '../../src/oauth/replay-guard.ts'

const at = (milliseconds: number): Date => new Date(Date.UTC(2030, 0) + milliseconds)

test('an identifier is remembered for its lifetime, whenever it was noted', () => {
  for (let noted = 0; noted < 300; noted += 7) {
    const guard = new ReplayGuard(100, 1000)
    guard.note('first', at(0))
    expect(guard.note('id', at(noted))).toBe('new')
    for (let later = noted; later < noted + 100; later += 9) {
      expect(guard.note('id', at(later))).toBe('replayed')
      guard.note(`other ${later}`, at(later))
    }
  }
})

test('an identifier is forgotten after twice its lifetime', () => {
  const guard = new ReplayGuard(100, 1000)
  guard.note('id', at(0))
  guard.note('other', at(150))
  expect(guard.note('id', at(250))).toBe('new')
})

test('a full guard takes no more, forgets nothing, and empties with time', () => {
  const guard = new ReplayGuard(100, 2)
  expect([guard.note('a', at(0)), guard.note('b', at(1)), guard.note('c', at(2))]).toEqual([
    'new',
    'new',
    'full',
  ])
  expect(guard.note('a', at(3))).toBe('replayed')
  expect(guard.note('c', at(100))).toBe('new')
})

test('a clock that is set back does not empty it', () => {
  const guard = new ReplayGuard(100, 2)
  guard.note('a', at(0))
  expect(guard.note('a', at(-1000))).toBe('replayed')
})
