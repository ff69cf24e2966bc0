import { expect, test } from 'vitest'
import { ReplayGuard, type UseTime } from '../../src/replay/replay-guard.ts'
import type { Use } from '../../src/replay/replay-store.ts'

/** Both clocks, the wall's off by that much. */
const at = (milliseconds: number, wallOffset = 0): UseTime => ({
  wall: 1_900_000_000_000 + milliseconds + wallOffset,
  monotonic: milliseconds,
})

/** Uses an identifier that expires 100 ms after the moment by the clock on the wall. */
function use(guard: ReplayGuard, id: string, time: UseTime): Use['kind'] {
  return guard.use(id, time.wall + 100, time).kind
}

test('an identifier is remembered for its lifetime, whenever it was used', () => {
  for (let used = 0; used < 300; used += 7) {
    const guard = new ReplayGuard(100, 1000)
    use(guard, 'first', at(0))
    expect(use(guard, 'id', at(used))).toBe('first')
    for (let later = used; later < used + 100; later += 9) {
      expect(use(guard, 'id', at(later))).toBe('replay')
      use(guard, `other ${later}`, at(later))
    }
  }
})

test('an identifier is forgotten some time after it has expired', () => {
  const guard = new ReplayGuard(100, 1000)
  use(guard, 'id', at(0))
  use(guard, 'other', at(150))
  expect(use(guard, 'id', at(301))).toBe('first')
})

test('a full guard takes no more, forgets nothing, and says when it will have room', () => {
  const guard = new ReplayGuard(10_000, 2)
  const expires = at(10_000).wall
  expect(guard.use('a', expires, at(0)).kind).toBe('first')
  expect(guard.use('b', expires, at(1)).kind).toBe('first')
  expect(guard.use('c', expires, at(2))).toEqual({ kind: 'full', retryAfter: 10 })
  expect(guard.use('c', expires, at(9_500))).toEqual({ kind: 'full', retryAfter: 1 })
  expect(guard.use('a', expires, at(9_999)).kind).toBe('replay')
  expect(guard.use('c', expires + 10_000, at(10_500)).kind).toBe('first')
  // The first two are still remembered while the next generation fills.
  expect(guard.use('a', expires, at(10_500)).kind).toBe('replay')
  expect(guard.use('d', expires, at(10_501)).kind).toBe('first')
  expect(guard.use('e', expires, at(10_502))).toEqual({ kind: 'full', retryAfter: 10 })
})

test('nothing is forgotten before its lifetime is over, nor at the moment when it expires', () => {
  const guard = new ReplayGuard(100, 1)
  const expires = at(200).wall
  expect(guard.use('a', expires, at(0)).kind).toBe('first')
  expect(guard.use('b', expires, at(99))).toEqual({ kind: 'full', retryAfter: 1 })
  expect(guard.use('b', expires, at(100)).kind).toBe('first')
  expect(guard.use('a', expires, at(200)).kind).toBe('replay')
  expect(guard.use('c', expires, at(200))).toEqual({ kind: 'full', retryAfter: 1 })
  expect(guard.use('c', expires, at(201)).kind).toBe('first')
})

test('a wall clock that is set forward and back does not empty it', () => {
  const guard = new ReplayGuard(100, 1000)
  use(guard, 'a', at(0))
  const ahead = 25 * 60_000
  for (let i = 1; i <= 5; i++) use(guard, `ahead ${i}`, at(i, ahead))
  expect(use(guard, 'a', at(10))).toBe('replay')
})

test('a wall clock that is set back keeps an identifier for as long as it is valid by that clock', () => {
  const guard = new ReplayGuard(100, 1000)
  const behind = -30_000
  const expires = at(100).wall
  guard.use('a', expires, at(0))
  for (let later = 50; later < 20_000; later += 130) use(guard, `other ${later}`, at(later, behind))
  expect(guard.use('a', expires, at(20_000, behind)).kind).toBe('replay')
})
