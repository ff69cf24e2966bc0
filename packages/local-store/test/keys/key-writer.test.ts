import type { KeyObject } from 'node:crypto'
import type * as FsPromises from 'node:fs/promises'
import { readdir, readFile, unlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createLocalSigner, openSigningKey, type SigningKey } from '@sealwright/core'
import { failure, rejection } from '@sealwright/test-kit/errors'
import { scratchFolder } from '@sealwright/test-kit/folders'
import { createSelfSignedCertificate, generatePrivateKey, writePkcs12 } from '@sealwright/x509'
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest'
import { localStore, openFolderStore, type FolderStore } from '../../src/index.ts'
import { arrivalsIn, filesIn } from '../support/files.ts'

/** Runs once, when a store has looked at its folder and begins to write a file. */
let meanwhile: (() => Promise<unknown>) | undefined
/** Runs once, when a file could not get its name. */
let afterRefusal: (() => Promise<unknown>) | undefined

async function runOnce(action: typeof meanwhile): Promise<void> {
  if (action === meanwhile) meanwhile = undefined
  if (action === afterRefusal) afterRefusal = undefined
  await action?.()
}

vi.mock('node:fs/promises', async (importOriginal) => {
  const fs = await importOriginal<typeof FsPromises>()
  const open: typeof fs.open = async (path, flags, mode) => {
    if (String(path).endsWith('.tmp') && meanwhile !== undefined) await runOnce(meanwhile)
    return fs.open(path, flags, mode)
  }
  const link: typeof fs.link = async (from, to) => {
    try {
      await fs.link(from, to)
    } catch (error) {
      await runOnce(afterRefusal)
      throw error
    }
  }
  return { ...fs, open, link }
})
beforeEach(() => {
  meanwhile = undefined
  afterRefusal = undefined
})
afterEach(() => {
  if (meanwhile !== undefined || afterRefusal !== undefined) throw new Error('something has not run')
})

const keyType = 'ec-p256'

/** A store, and another over the same folder, as another process has it. */
async function twoStores(): Promise<{
  store: FolderStore
  other: FolderStore
  folder: string
  path: string
}> {
  const folder = join(scratchFolder(), 'keys')
  const [store, other] = [await openFolderStore(folder), await openFolderStore(folder)]
  return { store, other, folder, path: join(folder, 'k.pfx') }
}

async function pfxOf(privateKey: KeyObject): Promise<Uint8Array> {
  const certificate = await createSelfSignedCertificate(createLocalSigner(privateKey), { subject: 'CN=x' })
  return writePkcs12({ privateKey, certificates: [certificate] }, '', { iterations: 1 })
}

const taken = (path: string): string =>
  `the key "k" was not written: ${path} already exists and was not changed`
const made = (path: string): string => `the key "k" was not rotated: another process has just created ${path}`

describe('creating', () => {
  test('a name that is taken says by which file', async () => {
    const { store, path } = await twoStores()
    await store.create('K', { keyType })
    expect(await failure('ALREADY_EXISTS', () => store.create('k', { keyType }))).toBe(taken(path))
  })

  test('a name that another process takes meanwhile leaves its key', async () => {
    const { store, other, folder, path } = await twoStores()
    let theirs: SigningKey | undefined
    meanwhile = async () => {
      theirs = await other.create('k', { keyType })
    }
    expect(await failure('ALREADY_EXISTS', () => store.create('k', { keyType }))).toBe(taken(path))
    expect((await store.get('k'))?.keyId).toBe(theirs?.keyId)
    expect([await filesIn(folder), await arrivalsIn(folder)]).toMatchObject([['k.pfx'], { length: 1 }])
  })

  test.each([0, 1.5, NaN, 36_501])('for %d days is refused', async (validityDays) => {
    const { store } = await twoStores()
    expect(await failure('INVALID_ARGUMENT', () => store.create('k', { keyType, validityDays }))).toBe(
      'options.validityDays must be a whole number of days from 1 to 36500',
    )
  })

  test.each([1, 36_500])('for %d days is possible', async (validityDays) => {
    const { store } = await twoStores()
    const { notBefore, notAfter } = await store.create('k', { keyType, validityDays })
    expect(notAfter.getTime() - notBefore.getTime()).toBe(validityDays * 86_400_000 - 1000)
  })

  test('with an unknown type or option is refused', async () => {
    const { store } = await twoStores()
    expect(await failure('UNSUPPORTED_KEY', () => store.create('k', { keyType: 'dsa' as never }))).toContain(
      'unknown key type; use one of rsa-2048, ',
    )
    expect(await failure('INVALID_ARGUMENT', () => store.create('k', { days: 7 } as never))).toBe(
      'options.days is not an option; the options are keyType, subject, validityDays, signal',
    )
    expect(await failure('INVALID_ARGUMENT', () => store.rotate('k', { befor: '' } as never))).toBe(
      'options.befor is not an option; the options are after, signal',
    )
  })
})

describe('importing', () => {
  test('over another key says which file has the name', async () => {
    const { store, path } = await twoStores()
    await store.create('k', { keyType })
    const pfx = await pfxOf(await generatePrivateKey(keyType))
    expect(await failure('ALREADY_EXISTS', () => store.importPkcs12('k', pfx, ''))).toBe(taken(path))
  })

  test('what is not bytes is refused', async () => {
    const { store } = await twoStores()
    expect(await failure('INVALID_ARGUMENT', () => store.importPkcs12('k', 'pfx' as never, ''))).toBe(
      'pkcs12 must be a Uint8Array',
    )
  })

  test('a key that another process imports meanwhile is that key', async () => {
    const { store, other, folder } = await twoStores()
    const pfx = await pfxOf(await generatePrivateKey(keyType))
    let theirs: SigningKey | undefined
    meanwhile = async () => {
      theirs = await other.importPkcs12('k', pfx, '')
    }
    const key = await store.importPkcs12('k', pfx, '')
    expect([key.keyId, key.version, key.location]).toEqual([theirs?.keyId, theirs?.version, theirs?.location])
    expect(key.createdAt).toEqual(theirs?.createdAt)
    expect(await filesIn(folder)).toEqual(['k.pfx'])
  })

  test('a name that another key takes meanwhile leaves that key', async () => {
    const { store, other, path } = await twoStores()
    const pfx = await pfxOf(await generatePrivateKey(keyType))
    meanwhile = () => other.create('k', { keyType })
    expect(await failure('ALREADY_EXISTS', () => store.importPkcs12('k', pfx, ''))).toBe(taken(path))
  })

  test('a name that is taken and deleted meanwhile is refused', async () => {
    const { store, other, folder, path } = await twoStores()
    const pfx = await pfxOf(await generatePrivateKey(keyType))
    meanwhile = () => other.create('k', { keyType })
    afterRefusal = () => other.delete('k')
    expect(await failure('ALREADY_EXISTS', () => store.importPkcs12('k', pfx, ''))).toBe(taken(path))
    expect(await readdir(folder)).toEqual([])
  })

  test('a second certificate of a key with several versions renews the version that has the key', async () => {
    const { store } = await twoStores()
    const privateKey = await generatePrivateKey(keyType)
    const first = await store.importPkcs12('k', await pfxOf(privateKey), '')
    const second = await store.rotate('k')
    const renewed = await store.importPkcs12('k', await pfxOf(privateKey), '')
    expect(renewed).toMatchObject({ keyId: first.keyId, location: first.location })
    expect((await store.get('k'))?.keyId).toBe(second.keyId)
  })
})

describe('rotating', () => {
  test('after a version that is not the newest any more makes none', async () => {
    const { store, folder } = await twoStores()
    const first = await store.create('k', { keyType })
    const second = await store.rotate('K', { after: first.version })
    expect(await failure('ALREADY_EXISTS', () => store.rotate('k', { after: first.version }))).toBe(
      made(second.location),
    )
    expect(await filesIn(folder)).toEqual(['k.pfx', 'k.v2.pfx'])
  })

  test('while another process does leaves its version', async () => {
    const { store, other, folder } = await twoStores()
    await store.create('k', { keyType })
    meanwhile = () => other.rotate('k')
    expect(await failure('ALREADY_EXISTS', () => store.rotate('k'))).toBe(made(join(folder, 'k.v2.pfx')))
    expect([await filesIn(folder), await arrivalsIn(folder)]).toMatchObject([
      ['k.pfx', 'k.v2.pfx'],
      { length: 2 },
    ])
  })

  test('is refused when the clock is more than a minute behind the newest version', async () => {
    vi.useFakeTimers({ toFake: ['Date'] })
    onTestFinished(() => {
      vi.useRealTimers()
    })
    const { store, path } = await twoStores()
    const { createdAt } = await store.create('k', { keyType })
    const time = createdAt?.getTime() ?? NaN
    vi.setSystemTime(time - 60_000)
    expect(await failure('UNAVAILABLE', () => store.rotate('k'))).toBe(
      `${path} was created at ${new Date(time).toISOString()}, which is in the future; correct the clock of this machine, then rotate`,
    )
    vi.setSystemTime(time - 59_999)
    expect((await store.rotate('k')).createdAt).toEqual(new Date(time + 1))
  })

  test('a key that was put there by hand dates the new version now', async () => {
    const { store, path, folder } = await twoStores()
    await store.create('other', { keyType })
    await writeFile(path, await readFile(join(folder, 'other.pfx')), { mode: 0o600 })
    const before = Date.now()
    const { createdAt } = await store.rotate('k')
    expect(createdAt?.getTime()).toBeGreaterThanOrEqual(before)
    expect(createdAt?.getTime()).toBeLessThanOrEqual(Date.now())
  })
})

function openOrCreate(
  folder: string,
  signals: { readonly open?: AbortSignal; readonly create?: AbortSignal } = {},
): Promise<SigningKey> {
  return openSigningKey(`store:${folder}?name=k`, {
    backends: [localStore()],
    create: { keyType, signal: signals.create },
    signal: signals.open,
  })
}

describe('opening store:FOLDER with `create`', () => {
  test('takes the key that another process creates meanwhile', async () => {
    const { other, folder } = await twoStores()
    let theirs: SigningKey | undefined
    meanwhile = async () => {
      theirs = await other.create('k', { keyType })
    }
    expect((await openOrCreate(folder)).keyId).toBe(theirs?.keyId)
  })

  test('is refused when that key is deleted at once', async () => {
    const { other, folder, path } = await twoStores()
    meanwhile = () => other.create('k', { keyType })
    afterRefusal = () => unlink(path)
    expect(await failure('ALREADY_EXISTS', () => openOrCreate(folder))).toBe(taken(path))
  })

  test.each([
    ['open', 5],
    ['create', 2],
  ] as const)('stops when the signal of `%s` is aborted, whenever that is', async (which, points) => {
    const { folder } = await twoStores()
    const reason = new Error('enough')
    for (let at = 1; at <= points; at++) {
      let looks = 0
      const throwIfAborted = (): void => {
        if (++looks === at) throw reason
      }
      const signal = Object.assign(new AbortController().signal, { throwIfAborted })
      expect(await rejection(openOrCreate(folder, { [which]: signal }))).toBe(reason)
      expect(await readdir(join(folder, '..'))).toEqual([])
    }
    expect((await openOrCreate(folder)).name).toBe('k')
  })
})
