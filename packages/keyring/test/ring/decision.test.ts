import { describe, expect, test } from 'vitest'
import type { KeySet } from '../../src/keys/key-set.ts'
import type { RingKey } from '../../src/keys/ring-keys.ts'
import { Decision, isActive } from '../../src/ring/decision.ts'
import { daily, day, ringKey, stateOn } from '../support/ring-keys.ts'

const second = 1_000

/** A decision about keys that a test changes, on a clock that it moves. The keys have been read at the time `read`. */
function decide(days: number, ...keys: RingKey[]) {
  const world = {
    keys,
    elapsed: days * day,
    ahead: 0,
    read: (days * day) as number | null,
    problem: 'no answer',
  }
  const jumps: number[] = []
  // What a decision reads of the set.
  const keySet: Pick<KeySet, 'age' | 'keys' | 'problem'> = {
    age: () => (world.read === null ? Infinity : world.elapsed - world.read),
    get keys() {
      return world.keys
    },
    get problem() {
      return world.problem
    },
  }
  const clock = { now: () => world.elapsed + world.ahead, elapsed: () => world.elapsed }
  const decision = new Decision(keySet as KeySet, daily, [], clock, (by) => jumps.push(by))
  const active = (): string | undefined => decision.now().state.lanes[0]?.timeline.active?.key.keyId
  return { world, jumps, decision, active }
}

describe('a decision', () => {
  test('holds for a minute, or until something is read', () => {
    const { world, decision } = decide(10, ringKey('a'))
    const moment = decision.now()
    expect(moment).toMatchObject({ from: 10 * day, until: 10 * day + 60 * second, otherwise: null })
    world.elapsed += 60 * second - 1
    expect(decision.now()).toBe(moment)
    world.elapsed += 1
    const next = decision.now()
    expect(next).not.toBe(moment)
    expect(decision.now()).toBe(next)
    decision.forget()
    expect(decision.now()).not.toBe(next)
  })

  test('does not hold for a time before it', () => {
    const { world, decision } = decide(10, ringKey('a'))
    const moment = decision.now()
    world.ahead = -1
    expect(decision.now()).not.toBe(moment)
  })

  test('holds until the next key takes over, and no longer than the keys are young enough', () => {
    const { world, decision, active } = decide(12 - 1 / 86_400, ringKey('a'), ringKey('b', { made: 10 }))
    expect(decision.now().until).toBe(12 * day)
    expect(active()).toBe('a')
    world.elapsed += second
    expect(active()).toBe('b')
    world.read = world.elapsed - daily.maxSetAge * second + 5 * second
    decision.forget()
    expect(decision.now().until - world.elapsed).toBe(5 * second)
  })

  test('is none on keys that are too old, or that were never read', () => {
    const { world, decision } = decide(10, ringKey('a'))
    world.read = world.elapsed - daily.maxSetAge * second + 1
    decision.now()
    world.elapsed += 1
    decision.forget()
    expect(decision.freshness()).toEqual({ age: daily.maxSetAge * second, left: 0 })
    expect(() => decision.now()).toThrow(
      expect.objectContaining({
        code: 'UNAVAILABLE',
        message: 'the keys of the ring are 86400 s old; it stops signing and serving keys after 86400 s',
        retryAfter: 5,
        cause: 'no answer',
      }),
    )
    world.read = null
    expect(() => decision.now()).toThrow('the key ring has not read its sources yet')
    // It can still be looked at.
    expect(decision.look().state.entries).toHaveLength(1)
  })
})

describe('a clock that is set', () => {
  test('is reported once, in seconds, and the state at both times is decided for a second at a time', () => {
    const { world, jumps, decision } = decide(10, ringKey('a'), ringKey('b', { made: 9 }))
    decision.now()
    expect(jumps).toEqual([])
    world.ahead = 3 * day + 400
    world.elapsed += 60 * second
    const moment = decision.now()
    expect(moment.until - moment.from).toBe(second)
    expect(isActive(moment.state, ringKeyOf(world.keys, 'b'), null)).toBe(true)
    expect(moment.otherwise && isActive(moment.otherwise, ringKeyOf(world.keys, 'a'), null)).toBe(true)
    world.elapsed += second
    decision.now()
    expect(jumps).toEqual([3 * 86_400])
    world.ahead = 0
    decision.forget()
    expect(decision.now().otherwise).toBeNull()
    world.ahead = -2 * day
    decision.forget()
    decision.now()
    expect(jumps).toEqual([3 * 86_400, -2 * 86_400])
  })

  test('by less than clocks may differ was not set', () => {
    const { world, jumps, decision } = decide(10, ringKey('a'))
    decision.now()
    world.ahead = (daily.clockSkew - 1) * second
    decision.forget()
    expect(decision.now().otherwise).toBeNull()
    expect(jumps).toEqual([])
  })

  test('the state holds no longer than it does at the other time', () => {
    const { world, decision } = decide(11, ringKey('a'), ringKey('b', { made: 9 + 0.25 / 86_400 }))
    decision.now()
    world.ahead = -5 * day
    decision.forget()
    const moment = decision.now()
    expect(moment.until - moment.from).toBe(0.25 * second)
  })
})

test('a key was active just now if it was within the clock skew, by every clock', () => {
  const [a, b] = [ringKey('a'), ringKey('b', { made: 10 })]
  const { world, decision } = decide(12, a, b)
  const was = (key: RingKey): boolean => decision.wasActive(key, null)
  world.elapsed += (daily.clockSkew - 1) * second
  expect([was(a), was(b)]).toEqual([true, true])
  world.elapsed += 2 * second
  expect([was(a), was(b)]).toEqual([false, true])
  world.ahead = -day
  expect([was(a), was(b)]).toEqual([false, false])
})

test('a key is active for the algorithm that it signs, and for no other', () => {
  const [es, ed] = [ringKey('es'), ringKey('ed', { algorithms: ['Ed25519'] })]
  const state = stateOn(10, [es, ed], ['ES256', 'Ed25519'])
  expect([isActive(state, es, 'ES256'), isActive(state, es, 'Ed25519'), isActive(state, es, null)]).toEqual([
    true,
    false,
    false,
  ])
})

function ringKeyOf(keys: readonly RingKey[], keyId: string): RingKey {
  const found = keys.find(({ key }) => key.keyId === keyId)
  if (found === undefined) throw new Error(`no key ${keyId}`)
  return found
}
