import { describe, expect, test, vi } from 'vitest'
import {
  openKeyRing,
  type KeyRingOptions,
  type KeyRingPolicyOptions,
  type KeyRingSource,
} from '../../src/index.ts'
import { MemoryStore } from '../support/memory-store.ts'
import { create, policy } from '../support/policy.ts'
import { openTestRing, pass, useVirtualTime } from '../support/virtual-clock.ts'

const delegates = { location: 'the registry', list: async () => [], publish: async () => undefined }

const inShards = (...shards: string[]): KeyRingSource[] =>
  shards.map((shard) => ({ store: new MemoryStore(), name: 'a', create, shard }))

describe('a ring is not opened', () => {
  const sourcesRule = 'sources must be an array of objects, each with store, key or uri'

  test.each([[{}], ['file:a'], [[null]], [['file:a']], [undefined]])(
    'for the sources %o',
    async (sources) => {
      await expect(openKeyRing(sources as never)).rejects.toMatchObject({
        code: 'INVALID_ARGUMENT',
        message: sourcesRule,
      })
    },
  )

  test.each<[unknown, string]>([
    [{ backends: 'local' }, 'options.backends must be an array'],
    [{ algorithms: [256] }, 'options.algorithms[0] must be a string'],
    [{ aliases: ['a'] }, 'options.aliases must be a function'],
    [{ revoked: 'kid' }, 'options.revoked must be an array'],
    [{ delegates: './registry' }, 'options.delegates must be an object'],
    [{ onEvent: [] }, 'options.onEvent must be a function'],
    [{ automatic: 'yes' }, 'options.automatic must be true or false'],
    [{ clock: Date.now }, 'options.clock must be an object'],
    [{ issuer: 'a' }, 'options.issuer is not an option; the options are backends, '],
    [
      { maxDelegates: '16' },
      'options.maxDelegates must be a whole number from 1 to 99, not of type string: the ring publishes up to 0 keys of its own, ' +
        'and verifiers read at most 100',
    ],
    [{ maxDelegates: 100 }, 'options.maxDelegates must be a whole number from 1 to 99, not 100'],
    [{ maxDelegates: 1.5 }, 'options.maxDelegates must be a whole number from 1 to 99, not 1.5'],
    // One key for each algorithm, with its successor.
    [
      { delegates, algorithms: ['ES256', 'EdDSA'], maxDelegates: 97 },
      'from 1 to 96, not 97: the ring publishes up to 4 keys of its own',
    ],
  ])('with the options %o', async (options, message) => {
    const sources = [{ store: new MemoryStore(), name: 'a', create }]
    await expect(openKeyRing(sources, {}, options as KeyRingOptions)).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining(message),
    })
  })

  test('with a policy that publishes too many keys for its algorithms and shards', async () => {
    const many = { ...policy, rotationInterval: 32 }
    const opening = (given: KeyRingSource[], algorithms: string[]) => openKeyRing(given, many, { algorithms })
    await expect(opening(inShards('one', 'two'), [])).rejects.toThrow('up to 102 keys: 2 × ')
    await expect(opening(inShards('one'), ['ES256', 'EdDSA'])).rejects.toThrow('up to 102 keys: 2 × ')
  })

  test('for an algorithm that none of its keys has', async () => {
    useVirtualTime()
    const sources = [{ store: new MemoryStore(), name: 'a', create }]
    await expect(openTestRing(sources, policy, { algorithms: ['EdDSA'] })).rejects.toMatchObject({
      code: 'UNSUPPORTED_ALGORITHM',
      message: 'no key of the ring signs EdDSA; its keys sign ES256',
    })
    const two = [
      ...sources,
      { store: new MemoryStore(), name: 'b', create: { keyType: 'rsa-2048' } as const },
    ]
    await expect(openTestRing(two, policy, { algorithms: ['EdDSA'] })).rejects.toThrow(
      /^no key of the ring signs EdDSA; its keys sign (ES256, )?RS256, .*PS512/,
    )
    await openTestRing(sources, policy, { delegates, maxDelegates: 1 })
  })

  test('without a key that signs, and says where it looked', async () => {
    const [store, theirs] = [new MemoryStore(), new MemoryStore('theirs')]
    await theirs.add('b')
    const sources = [
      { store, name: 'a' },
      { store: theirs, name: 'b', signs: false },
    ]
    await expect(openTestRing(sources, policy)).rejects.toMatchObject({
      code: 'NOT_FOUND',
      message: expect.stringMatching(/a in memory, b in theirs.* no source creates one$/),
    })
  })

  test('with certificates that end before their keys could be used', async () => {
    useVirtualTime()
    const days = 10
    const opening = (more: KeyRingPolicyOptions) =>
      openTestRing([{ store: new MemoryStore(), name: 'a', create: { validityDays: days } }], {
        ...policy,
        rotationInterval: null,
        ...more,
      })
    const announcement = days * 86_400 - 680
    await expect(opening({ announcement })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: 'create.validityDays is 10 (864000 s), but announcement + retention are 864000 s',
    })
    await opening({ announcement: announcement - 1 })
  })
})

test('a source that creates no certificates has none that end too early', async () => {
  useVirtualTime()
  const store = new MemoryStore()
  await store.add('a')
  const { ring } = await openTestRing([{ store, name: 'a' }], {
    ...policy,
    rotationInterval: null,
    announcement: 800 * 86_400,
  })
  expect(ring.status().ready).toBe(true)
})

test('a source that only publishes takes up no place of the keys that sign', async () => {
  useVirtualTime()
  const theirs = new MemoryStore('theirs')
  await theirs.add('b')
  const published = { store: theirs, name: 'b', signs: false, shard: 'theirs' }
  const open = (maxDelegates: number) =>
    openTestRing([...inShards('one'), published], policy, { delegates, maxDelegates })
  await open(98)
  await expect(open(99)).rejects.toThrow(
    'from 1 to 98, not 99: the ring publishes up to 2 keys of its own, and verifiers read at most 100',
  )
})

test('an algorithm that is named twice counts once', async () => {
  useVirtualTime()
  const { ring } = await openTestRing([{ store: new MemoryStore(), name: 'a', create }], policy, {
    algorithms: ['ES256', 'ES256'],
  })
  expect(ring.status().keys).toMatchObject([{ algorithms: ['ES256'] }])
  expect(() => ring.perKey(() => 0, 'EdDSA')).toThrow('the key ring was not opened for EdDSA; it signs ES256')
})

test('a ring without algorithms signs the default of its key alone', async () => {
  useVirtualTime()
  const { ring } = await openTestRing([{ store: new MemoryStore(), name: 'a', create }], policy)
  expect(() => ring.signingKey('ES256')).toThrow(
    'the key ring was not opened for ES256; it signs the default of its key',
  )
})

test('a ring that is closed leaves no timer behind', async () => {
  useVirtualTime()
  const { ring } = await openTestRing([{ store: new MemoryStore(), name: 'a', create }], policy)
  expect(vi.getTimerCount()).toBe(1)
  ring.close()
  expect(vi.getTimerCount()).toBe(0)
})

/** A store that lists what was created only after so many more reads. */
async function openSlow(reads: number): ReturnType<typeof openTestRing> {
  const store = new MemoryStore()
  const list = store.list.bind(store)
  let waiting = reads
  store.list = async (options) => {
    const all = await list(options)
    return all.length > 0 && waiting-- > 0 ? [] : all
  }
  const opened: unknown[] = []
  const opening = openTestRing([{ store, name: 'a', create }], policy).finally(() => opened.push('done'))
  opening.catch(() => undefined)
  while (opened.length === 0) await pass(1)
  return opening
}

describe('the first key', () => {
  test('may be listed a little after it was created', async () => {
    useVirtualTime()
    const { ring, events } = await openSlow(7)
    expect(ring.status().keys).toHaveLength(1)
    expect(events.filter(({ type }) => type === 'created')).toHaveLength(1)
  })

  test('has to be listed in the end', async () => {
    useVirtualTime()
    await expect(openSlow(8)).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      message: 'the key that was just created in a in memory is not listed there',
    })
  })

  test('of several sources is created in each, and reported once', async () => {
    useVirtualTime()
    const [one, two] = [new MemoryStore('one'), new MemoryStore('two')]
    const { events } = await openTestRing(
      [
        { store: one, name: 'a', shard: '1', create },
        { store: two, name: 'b', shard: '2', create },
      ],
      policy,
    )
    expect(events.filter(({ type }) => type === 'created')).toEqual([
      {
        type: 'created',
        location: 'a in one, b in two',
        keyIds: [one.versions[0]?.keyId, two.versions[0]?.keyId],
      },
    ])
  })

  test('is created beside the keys of other sources, and reported alone', async () => {
    useVirtualTime()
    const [one, two] = [new MemoryStore('one'), new MemoryStore('two')]
    await one.add('a')
    const { events } = await openTestRing(
      [
        { store: one, name: 'a', shard: '1', create },
        { store: two, name: 'b', shard: '2', create },
      ],
      policy,
    )
    expect(events.filter(({ type }) => type === 'created')).toEqual([
      { type: 'created', location: 'b in two', keyIds: [two.versions[0]?.keyId] },
    ])
  })

  test('that is some seconds old is asked for again, as its creator may find out that it came second', async () => {
    for (const [age, keys, asked] of [
      [9, 1, 1],
      [11, 1, 0],
      // It has been rotated since.
      [9, 2, 0],
    ] as const) {
      const store = new MemoryStore()
      for (let key = 0; key < keys; key++)
        (await store.add('a')).createdAt = new Date(Date.now() - age * 1_000)
      const before = store.versions.length
      let creations = 0
      const created = store.create.bind(store)
      store.create = (...args) => {
        creations++
        return created(...args)
      }
      const { events } = await openTestRing([{ store, name: 'a', create }], policy)
      expect([creations, store.versions.length]).toEqual([asked, before])
      expect(events.filter(({ type }) => type === 'created')).toEqual([])
    }
  })
})
