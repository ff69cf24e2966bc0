import {
  SealwrightError,
  type Backend,
  type KeyStore,
  type OpenKeyOptions,
  type SigningKey,
} from '@sealwright/core'
import { describe, expect, test } from 'vitest'
import { openSource, type KeyRingSource } from '../../src/keys/sources.ts'
import { MemoryStore } from '../support/memory-store.ts'
import { create } from '../support/policy.ts'

const { signal } = new AbortController()

describe('a source', () => {
  test.each([
    [{ uri: 5 }, 'source.uri must be a string'],
    [{ uri: 'file:a', name: 'a' }, 'source.name is not an option'],
    [{ uri: 'file:a', password: 5 }, 'source.password must be'],
    [{}, 'source.uri must be a string'],
    [{ key: {} }, 'source.key must be a SigningKey'],
    [{ key: undefined, password: 'a' }, 'source.password is not an option'],
    [{ store: new MemoryStore() }, 'source.name must be a string'],
    [{ store: 'file:a', name: 'a' }, 'source.store must be an object'],
    [{ store: new MemoryStore(), name: 'a', password: 'a' }, 'source.password is not an option'],
    [{ store: new MemoryStore(), name: 'a', create: true }, 'source.create must be an object'],
    [{ store: new MemoryStore(), name: 'a', createdAt: '2030-01-01' }, 'source.createdAt must be a'],
    [{ store: new MemoryStore(), name: 'a', signs: 'no' }, 'source.signs must be true or false'],
    [{ store: new MemoryStore(), name: 'a', shard: 1 }, 'source.shard must be a string'],
    [
      { store: new MemoryStore(), name: 'a', signs: false, create },
      'a source with `signs: false` cannot create keys',
    ],
  ])('%o is refused', async (source, message) => {
    await expect(openSource(source as unknown as KeyRingSource, [])).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining(message),
    })
  })

  test('signs and creates nothing unless it is told otherwise', async () => {
    const store = new MemoryStore()
    const key = await store.add('a')
    expect(await openSource({ store, name: 'a' }, [])).toMatchObject({
      location: 'a in memory',
      signs: true,
      shard: '',
      createdAt: null,
      creates: false,
      delegates: false,
    })
    const createdAt = new Date()
    const other = await openSource({ store, name: 'a', signs: false, shard: 'one', createdAt }, [])
    expect(other).toMatchObject({ signs: false, shard: 'one', createdAt })
    expect(await openSource({ store, name: 'a', create }, [])).toMatchObject({ creates: true })
    const fixed = await openSource({ key }, [])
    expect(fixed).toMatchObject({ location: 'memory/a', rotate: null, disable: null })
    expect(await fixed.list(signal)).toEqual([key])
    expect(await fixed.getOrCreate(signal)).toBeUndefined()
  })
})

describe('a store', () => {
  test('lists the versions of one name, rotates and disables them', async () => {
    const store = new MemoryStore()
    const source = await openSource({ store, name: 'a' }, [])
    await store.add('b')
    const first = await store.add('a')
    const second = await source.rotate?.(first.version, signal)
    expect((await source.list(signal)).map(({ version }) => version)).toEqual([
      second?.version,
      first.version,
    ])
    await source.disable?.(first.version)
    expect(first.enabled).toBe(false)
  })

  test('that cannot rotate or disable says so', async () => {
    const { location } = new MemoryStore()
    const store: KeyStore = {
      location,
      get: async () => null,
      list: async () => [],
      create: () => Promise.reject(new SealwrightError('ACCESS_DENIED', 'read-only')),
    }
    const source = await openSource({ store, name: 'a', create }, [])
    expect(source).toMatchObject({ rotate: null, disable: null })
    await expect(source.getOrCreate(signal)).rejects.toMatchObject({ code: 'ACCESS_DENIED' })
  })

  test('creates a key as it is told to, or finds that of a quicker instance', async () => {
    const store = new MemoryStore()
    const source = await openSource({ store, name: 'a', create: { validityDays: 7 } }, [])
    await Promise.all([source.getOrCreate(signal), source.getOrCreate(signal)])
    const [key = expect.fail()] = store.versions
    expect(store.versions).toHaveLength(1)
    expect(Number(key.notAfter) - Number(key.createdAt)).toBeCloseTo(7 * 86_400_000, -5)
  })

  test('that tells by itself which of several creators won is asked to', async () => {
    const store = new MemoryStore()
    const asked: unknown[] = []
    const getOrCreate = async (...args: unknown[]): Promise<void> => void asked.push(args)
    const source = await openSource({ store: Object.assign(store, { getOrCreate }), name: 'a', create }, [])
    await source.getOrCreate(signal)
    expect(asked).toEqual([['a', { ...create, signal }]])
    expect(store.versions).toEqual([])
  })
})

/** It opens `one:a`, once that is created, and sees what it is asked for. */
class OneBackend implements Backend {
  readonly name = 'a backend'
  readonly forms = ['one:NAME']
  readonly asked: OpenKeyOptions[] = []
  readonly #store = new MemoryStore()

  accepts(uri: string): boolean {
    return uri.startsWith('one:')
  }

  async open(_uri: string, options: OpenKeyOptions): Promise<SigningKey> {
    this.asked.push(options)
    const key = await this.#store.get('a')
    if (key !== null) return key
    if (options.create === undefined) throw new SealwrightError('NOT_FOUND', 'no key')
    return this.#store.add('a', options.create)
  }
}

describe('a signing URI', () => {
  test('is one key, which is created when it is absent', async () => {
    const backend = new OneBackend()
    const source = await openSource({ uri: 'one:a', create, password: 'secret' }, [backend])
    expect(source).toMatchObject({ location: 'the signing key', rotate: null, disable: null })
    expect(await source.list(signal)).toEqual([])
    await source.getOrCreate(signal)
    expect((await source.list(signal)).map(({ name }) => name)).toEqual(['a'])
    // It can contain a password, so only the backend says where the key is.
    expect(source.location).toBe('memory/a')
    const { asked } = backend
    expect(asked.map((each) => each.create)).toEqual([undefined, create, undefined])
    for (const each of asked) expect(each).toMatchObject({ password: 'secret', signal })
  })

  test('of a key that is absent and not created is an error, as is any other failure', async () => {
    const backend = new OneBackend()
    const source = await openSource({ uri: 'one:a' }, [backend])
    await expect(source.list(signal)).rejects.toMatchObject({ code: 'NOT_FOUND' })
    backend.open = () => Promise.reject(new SealwrightError('ACCESS_DENIED', 'no'))
    const creating = await openSource({ uri: 'one:a', create }, [backend])
    await expect(creating.list(signal)).rejects.toMatchObject({ code: 'ACCESS_DENIED' })
  })

  test('of a name in a store is all of its versions, with a version only that one', async () => {
    const store = new MemoryStore()
    const [first, second] = [await store.add('a'), await store.add('a')]
    const backend = Object.assign(new OneBackend(), {
      async locate(uri: string, { password }: OpenKeyOptions) {
        if (password !== 'secret') throw new SealwrightError('ACCESS_DENIED', 'no')
        const [, name = '', version = null] = uri.split(/[:@]/)
        return name === 'nowhere' ? null : { store, name, version }
      },
      open: async () => first,
    })
    const open = (uri: string) => openSource({ uri, password: 'secret' }, [backend])
    const all = await open('one:a')
    expect(all.location).toBe('a in memory')
    expect((await all.list(signal)).map(({ version }) => version)).toEqual([second.version, first.version])
    for (const uri of [`one:a@${first.version}`, 'one:nowhere'])
      expect(await (await open(uri)).list(signal)).toEqual([first])
    // Two backends that both take it are a mistake, which opening it reports.
    const twice = await openSource({ uri: 'one:a', password: 'secret' }, [backend, backend])
    await expect(twice.list(signal)).rejects.toThrow(
      'both a backend and a backend claim the signing key one:…',
    )
  })
})
