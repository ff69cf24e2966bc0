import { SealwrightError } from '@sealwright/core'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import type { KeyRingEvent } from '../../src/index.ts'
import type { KeySet } from '../../src/keys/key-set.ts'
import type { RingKey } from '../../src/keys/ring-keys.ts'
import type { Source } from '../../src/keys/sources.ts'
import { revocationCost, Rotation } from '../../src/ring/rotation.ts'
import { keyOf, sourceOf } from '../support/fake-sources.ts'
import { daily, day, ringKey, stateOn } from '../support/ring-keys.ts'

const policy = { ...daily, rotationInterval: 30 * 86_400 }
/** The day on which the successor of a key of day 0 is made. */
const due = 30 - 2
const interval = policy.refreshInterval * 1_000

/** The keys of some sources on a day, which a test changes. */
function start(days: number, sources: Source[], keys: RingKey[]) {
  const random = vi.spyOn(Math, 'random').mockReturnValue(0.5)
  onTestFinished(() => random.mockRestore())
  const world = { now: days * day, keys, newest: 'first' as string | undefined, reads: 0 }
  const events: KeyRingEvent[] = []
  // What a rotation asks of the set.
  const keySet: Pick<KeySet, 'newestIn'> = { newestIn: () => world.newest }
  const rotation = new Rotation(sources, keySet as KeySet, policy, (event) => events.push(event))
  const state = () => stateOn(world.now / day, world.keys)
  const perform = (read: () => void = () => undefined): Promise<boolean> =>
    rotation.perform(
      state,
      () => world.now,
      async () => {
        world.reads++
        read()
      },
    )
  return { world, events, rotation, state, perform }
}

function storeOf(rotate: Source['rotate'], options: Partial<Source> = {}): Source {
  return sourceOf('a store', { creates: true, rotate, ...options })
}

const of = (source: Source, key: RingKey): RingKey => ({ ...key, sources: [source] })

describe('the turn of an instance', () => {
  const store = storeOf(async () => keyOf('next'))

  test('comes at random within a refresh interval after a version is due, and is kept', () => {
    const { world, rotation, state } = start(due - 1, [store], [of(store, ringKey('a'))])
    const times = (): number[] => [
      rotation.nextDue(state(), world.now),
      rotation.nextTurn(state(), world.now),
    ]
    expect(times()).toEqual([due * day, due * day])
    world.now = due * day
    expect(times()).toEqual([due * day, due * day + interval / 2])
    world.now += 1_000
    expect(times()[1]).toBe(due * day + interval / 2)
    // Another instance was quicker: the next one is drawn anew.
    world.keys = [of(store, ringKey('a')), of(store, ringKey('b', { made: due }))]
    expect(times()).toEqual([58 * day, 58 * day])
  })

  test('is that of the lane that is due first', () => {
    const shards = [
      of(store, ringKey('a', { made: 5 })),
      of(store, ringKey('b', { algorithms: ['Ed25519'] })),
      of(store, ringKey('c', { made: 7, shard: '', algorithms: ['RS256'] })),
    ]
    const { world, rotation } = start(1, [store], shards)
    const state = stateOn(1, shards, ['ES256', 'Ed25519', 'RS256'])
    // Keys that are added to an issuer are announced first.
    expect(rotation.nextDue(state, world.now)).toBe(due * day)
    expect(rotation.nextDue(stateOn(1, []), world.now)).toBe(Infinity)
    expect(rotation.nextTurn(stateOn(1, []), world.now)).toBe(Infinity)
  })
})

describe('what is due', () => {
  test('is made once its turn has come, after the newest version, if the sources still want it', async () => {
    const asked: unknown[] = []
    const store = storeOf(async (after, signal) => {
      asked.push([after, signal])
      return keyOf('next')
    })
    const { world, events, rotation, state, perform } = start(due, [store], [of(store, ringKey('a'))])
    expect(await perform()).toBe(false)
    world.now += interval / 2
    const keys = world.keys
    expect(await perform(() => (world.keys = [...keys, of(store, ringKey('b', { made: due }))]))).toBe(false)
    expect([world.reads, asked]).toEqual([1, []])

    world.keys = keys
    expect(rotation.nextTurn(state(), world.now)).toBe(world.now + interval / 2)
    world.now += interval / 2
    expect(await perform()).toBe(true)
    expect([world.reads, asked]).toEqual([2, [['first', expect.any(AbortSignal)]]])
    expect(events).toEqual([{ type: 'created', location: 'a store', keyIds: ['next'] }])
    // It is listed by then.
    expect(rotation.nextTurn(state(), world.now)).toBe(world.now + interval)
  })

  test('and cannot be made is reported each time, with the time since which it is due', async () => {
    const error = new SealwrightError('ACCESS_DENIED', 'read-only')
    const store = storeOf(() => Promise.reject(error))
    const { world, events, perform } = start(due + 1, [store], [of(store, ringKey('a'))])
    for (let attempt = 1; attempt <= 2; attempt++) {
      await perform()
      world.now += interval
      expect(await perform()).toBe(false)
      const dueAt = new Date(due * day)
      expect(events.splice(0)).toContainEqual({ type: 'rotation-failed', location: 'a store', dueAt, error })
    }
    // Nothing can sign: it is due now.
    world.keys = [of(store, ringKey('a', { enabled: false }))]
    world.now += interval
    await perform()
    expect(events).toMatchObject([{ type: 'rotation-failed', dueAt: new Date(world.now) }])
  })

  test('and is refused as made already is reported when the refusal comes again for the same version', async () => {
    const error = new SealwrightError('ALREADY_EXISTS', 'another one is there')
    const store = storeOf(() => Promise.reject(error))
    const { world, events, perform } = start(due, [store], [of(store, ringKey('a'))])
    await perform()
    const attempt = async (newest: string | undefined): Promise<[boolean, number]> => {
      world.now += interval
      world.newest = newest
      return [await perform(), events.splice(0).length]
    }
    expect(await attempt('first')).toEqual([true, 0])
    expect(await attempt('second')).toEqual([true, 0])
    expect(await attempt('second')).toEqual([false, 1])
    expect(await attempt('third')).toEqual([true, 0])
  })

  test('and nothing makes is reported once for each version', async () => {
    for (const store of [
      storeOf(async () => keyOf('next'), { creates: false }),
      storeOf(async () => keyOf('next'), { signs: false }),
      storeOf(async () => keyOf('next'), { shard: 'another' }),
    ]) {
      const { world, events, rotation, state, perform } = start(due, [store], [of(store, ringKey('a'))])
      expect(await perform()).toBe(false)
      expect(events).toEqual([
        {
          type: 'rotation-failed',
          location: 'the key ring',
          dueAt: new Date(due * day),
          error: expect.objectContaining({
            code: 'UNSUPPORTED_OPERATION',
            message: 'no source of the key ring creates keys; set `create` on one',
          }),
        },
      ])
      expect(rotation.nextTurn(state(), world.now)).toBe(Infinity)
      expect(await perform()).toBe(false)
      expect(events).toHaveLength(1)
    }
  })
})

test('the source that makes the keys of a lane is the first that has one of its keys', () => {
  const [first, second] = [storeOf(null), storeOf(null)]
  const { rotation } = start(1, [first, second], [])
  const home = (...sources: Source[]) =>
    rotation.homeOf({ shard: '', keys: sources.map((source) => of(source, ringKey('a'))) })
  expect(home(second)).toBe(second)
  expect(home(second, first)).toBe(first)
  expect(home(sourceOf('elsewhere'))).toBeNull()
})

describe('a version is refused', () => {
  const store = storeOf(async () => keyOf('next'))
  const many = (length: number): RingKey[] =>
    Array.from({ length }, (_, index) => of(store, ringKey(`k${index}`, { signs: false })))

  test('when the JWK Set is full', async () => {
    const { rotation, state, world } = start(1, [store], many(100))
    await expect(rotation.rotate(store, state())).rejects.toMatchObject({
      code: 'LIMIT_EXCEEDED',
      message: 'the JWK Set already holds 100 keys',
    })
    // Those that are not in it do not count.
    world.keys = [...many(99), ringKey('off', { enabled: false })]
    await rotation.rotate(store, state())
  })

  test('of a store that makes none', async () => {
    const { rotation, state } = start(1, [], [])
    await expect(rotation.rotate(storeOf(null), state())).rejects.toMatchObject({
      code: 'UNSUPPORTED_OPERATION',
      message: 'a store cannot create a new version; add a source with the next key',
    })
  })
})

describe('the cost of a revocation', () => {
  const places = [storeOf(null, { disable: async () => undefined })]

  /** What it costs to revoke a key on a day. */
  function costOn(days: number, keyId: string, keys: RingKey[], algorithms: string[] = []) {
    const { rotation } = start(days, [], keys)
    const without = keys.map((each) => (each.key.keyId === keyId ? { ...each, enabled: false } : each))
    // What is asked of them.
    const parts = {
      keySet: { holdersOf: () => places.map((source) => ({ source, versions: ['1'] })) },
      decision: {
        look: () => ({ state: stateOn(days, keys, algorithms) }),
        lookWithout: () => stateOn(days, without, algorithms),
      },
    }
    return revocationCost(keyId, {
      ...(parts as unknown as Pick<Parameters<typeof revocationCost>[1], 'keySet' | 'decision'>),
      rotation,
      policy: daily,
      clock: { now: () => days * day, elapsed: () => 0 },
    })
  }

  // maxSetAge + jwksMaxAge + clockSkew of the policy.
  const longest = (86_400 + 3_600 + 60) / 86_400
  const [a, b] = [ringKey('a'), ringKey('b', { made: 90 })]
  const both = ringKey('both', { made: 90, algorithms: ['RS256', 'PS256'] })

  test.each<[string, number, string, RingKey[], string[], boolean, number | null]>([
    ['the only key needs a successor, which is not announced', 10, 'a', [a], [], true, 12],
    ['one that is announced takes over early', 91, 'a', [a, b], ['b'], false, 92],
    ['one that is retiring signs again', 92.5, 'b', [a, b], ['a'], false, null],
    ['one that is retired is known to nobody', 95, 'b', [a, b], ['a'], true, 95 + longest],
    ['a key that is retired signs nothing', 95, 'a', [a, b], ['b'], false, null],
    ['a key that is announced signs nothing yet', 91, 'b', [a, b], ['a'], false, null],
  ])('%s', (_name, days, keyId, keys, signing, needsSuccessor, refused) => {
    expect(costOn(days, keyId, keys)).toEqual({
      keyId,
      acceptedUntil: new Date(days * day + (86_400 + 3_600) * 1_000),
      signing,
      refusedUntil: refused === null ? null : new Date(Math.round(refused * day)),
      needsSuccessor,
    })
  })

  test('is that of the algorithm that it costs most', () => {
    const algorithms = ['RS256', 'PS256']
    const retired = ringKey('old', { algorithms: ['PS256'] })
    // A new key for RS256 is announced for two days; the retired one for PS256 is known after one.
    expect(costOn(100, 'both', [retired, both], algorithms)).toMatchObject({
      signing: ['old'],
      refusedUntil: new Date(102 * day),
    })
    // Of two that are announced, the newer one signs.
    const next = [
      ringKey('next', { made: 99, algorithms }),
      ringKey('later', { made: 99.5, algorithms: ['PS256'] }),
    ]
    expect(costOn(100, 'both', [both, ...next], algorithms)).toMatchObject({
      signing: ['next', 'later'],
      refusedUntil: new Date(101.5 * day),
      needsSuccessor: false,
    })
  })

  test('is not known where no place that has the key can disable it', () => {
    const able = places.splice(0, 1, sourceOf('a folder'), sourceOf('a file'))
    expect(() => costOn(10, 'a', [a])).toThrow(
      expect.objectContaining({
        code: 'UNSUPPORTED_OPERATION',
        message:
          'a folder and a file cannot disable keys: list the kid in the option revoked of every instance, or remove the key there',
      }),
    )
    places.splice(0, 2)
    expect(() => costOn(10, 'a', [a])).toThrow(
      expect.objectContaining({ code: 'NOT_FOUND', message: 'the key ring has no key with that kid' }),
    )
    places.push(...able)
  })
})
