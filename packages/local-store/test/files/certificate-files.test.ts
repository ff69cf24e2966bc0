import { chmodSync, copyFileSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { scratchFolder } from '@sealwright/test-kit/folders'
import { lacksModes } from '@sealwright/test-kit/tools'
import type * as X509 from '@sealwright/x509'
import { readPkcs12 } from '@sealwright/x509'
import { beforeEach, expect, test, vi } from 'vitest'
import { openFolderStore, type FolderStore } from '../../src/index.ts'

vi.mock('@sealwright/x509', async (original) => {
  const real = await original<typeof X509>()
  return { ...real, readPkcs12: vi.fn<typeof real.readPkcs12>(real.readPkcs12) }
})

const decrypted = vi.mocked(readPkcs12)

async function storeOfTwo(): Promise<{
  folder: string
  store: FolderStore
  pathOf: (name: string) => string
}> {
  const folder = scratchFolder()
  const writer = await openFolderStore(folder)
  await writer.create('a', { keyType: 'ec-p256' })
  await writer.create('b', { keyType: 'ec-p256' })
  const store = await openFolderStore(folder)
  decrypted.mockClear()
  return { folder, store, pathOf: (name) => join(folder, `${name}.pfx`) }
}

async function keyIds(store: FolderStore): Promise<readonly string[]> {
  return (await store.list()).map(({ keyId }) => keyId).toSorted()
}

beforeEach(() => {
  decrypted.mockClear()
})

test('a file that stays as it is is decrypted once, however it is read', async () => {
  const { store } = await storeOfTwo()
  const first = await keyIds(store)
  expect(await keyIds(store)).toEqual(first)
  await store.get('a')
  await store.list({ name: 'b' })
  expect(decrypted).toHaveBeenCalledTimes(2)
})

test('a file that the store has just written is not decrypted, unless it is written again', async () => {
  const { store, pathOf } = await storeOfTwo()
  const made = [await store.rotate('a'), await store.create('c', { keyType: 'ec-p256' })]
  expect(await keyIds(store)).toEqual(expect.arrayContaining(made.map(({ keyId }) => keyId)))
  expect(decrypted).toHaveBeenCalledTimes(2)
  const other = await openFolderStore(dirname(pathOf('c')))
  expect(await other.get('c')).toMatchObject({ keyId: made[1]?.keyId, name: 'c', version: made[1]?.version })
  writeFileSync(pathOf('c'), readFileSync(pathOf('b')))
  expect((await store.get('c'))?.keyId).toBe((await store.get('b'))?.keyId)
})

test('a file with other bytes is decrypted again, also if its time is that of before', async () => {
  const { store, pathOf } = await storeOfTwo()
  const [a, b] = [await store.get('a'), await store.get('b')]
  const { atime, mtime } = statSync(pathOf('a'))
  writeFileSync(pathOf('a'), readFileSync(pathOf('b')))
  utimesSync(pathOf('a'), atime, mtime)
  expect((await store.get('a'))?.keyId).toBe(b?.keyId)
  expect(b?.keyId).not.toBe(a?.keyId)
})

test('a file that is gone is forgotten, and one that comes back is decrypted', async () => {
  const { folder, store, pathOf } = await storeOfTwo()
  const before = await keyIds(store)
  copyFileSync(pathOf('a'), join(folder, 'kept'))
  rmSync(pathOf('a'))
  expect(await store.get('a')).toBeNull()
  expect(await keyIds(store)).toHaveLength(1)
  copyFileSync(join(folder, 'kept'), pathOf('a'))
  expect(await keyIds(store)).toEqual(before)
  expect(decrypted).toHaveBeenCalledTimes(3)
})

test('a key that the store deletes and makes again is read from its new file', async () => {
  const { store } = await storeOfTwo()
  const before = await store.get('a')
  await store.delete('a')
  expect(await store.get('a')).toBeNull()
  const made = await store.create('a', { keyType: 'ec-p256' })
  expect(made.keyId).not.toBe(before?.keyId)
  expect((await store.get('a'))?.keyId).toBe(made.keyId)
})

test('nothing is kept of a file that is deleted while it is decrypted', async () => {
  const { folder, store, pathOf } = await storeOfTwo()
  const real = decrypted.getMockImplementation() ?? readPkcs12
  copyFileSync(pathOf('a'), join(folder, 'kept'))
  decrypted.mockImplementationOnce(async (...args) => {
    await store.delete('a')
    return real(...args)
  })
  await store.get('a')
  copyFileSync(join(folder, 'kept'), pathOf('a'))
  decrypted.mockClear()
  await store.get('a')
  await store.get('a')
  expect(decrypted).toHaveBeenCalledTimes(1)
})

test('a file is no key if its name only contains the extension of one', async () => {
  const { folder, store, pathOf } = await storeOfTwo()
  const before = await keyIds(store)
  for (const name of ['a.pfx.bak', 'a.p12~', '.a.pfx']) copyFileSync(pathOf('a'), join(folder, name))
  expect(await keyIds(store)).toEqual(before)
})

test('a broken file is an error each time, until it is repaired', async () => {
  const { store, pathOf } = await storeOfTwo()
  await keyIds(store)
  const good = readFileSync(pathOf('a'))
  writeFileSync(pathOf('a'), good.subarray(0, 100))
  for (let count = 0; count < 2; count++) {
    await expect(store.list()).rejects.toMatchObject({ code: 'INVALID_ENCODING' })
  }
  writeFileSync(pathOf('a'), good)
  expect(await keyIds(store)).toHaveLength(2)
})

test.skipIf(lacksModes)('access is checked each time [needs POSIX modes]', async () => {
  const { folder, store } = await storeOfTwo()
  await keyIds(store)
  chmodSync(join(folder, 'a.pfx'), 0o644)
  await expect(store.list()).rejects.toMatchObject({ code: 'UNSAFE_PERMISSIONS' })
})
