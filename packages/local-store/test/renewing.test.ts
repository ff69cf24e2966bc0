import { createPrivateKey } from 'node:crypto'
import type * as FsPromises from 'node:fs/promises'
import { lstat, mkdir, readdir, readFile, rename, symlink, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { createLocalSigner } from '@sealwright/core'
import { failure } from '@sealwright/test-kit/errors'
import { scratchFolder } from '@sealwright/test-kit/folders'
import { lacksModes } from '@sealwright/test-kit/tools'
import { createSelfSignedCertificate, readPkcs12, writePkcs12 } from '@sealwright/x509'
import { afterEach, expect, test, vi } from 'vitest'
import { openFolderStore, type FolderStore } from '../src/index.ts'
import { filesIn } from './support/files.ts'

/** Runs once, when a store has read what is there and opens a temporary file to write. */
let meanwhile: (() => Promise<void>) | undefined

/** Whether the next files get no name. */
let cannotLink = false

/** Whether folders cannot be flushed. */
let cannotFlush = false

vi.mock('node:fs/promises', async (importOriginal) => {
  const fs = await importOriginal<typeof FsPromises>()
  const open: typeof fs.open = async (path, flags, mode) => {
    const run = String(path).endsWith('.tmp') ? meanwhile : undefined
    if (run !== undefined) {
      meanwhile = undefined
      await run()
    }
    if (cannotFlush && flags === 'r') throw Object.assign(new Error('EMFILE'), { code: 'EMFILE' })
    return fs.open(path, flags, mode)
  }
  const link: typeof fs.link = async (from, to) => {
    if (cannotLink) throw Object.assign(new Error('EIO'), { code: 'EIO', syscall: 'link' })
    await fs.link(from, to)
  }
  return { ...fs, open, link }
})
afterEach(() => {
  meanwhile = undefined
  cannotLink = false
  cannotFlush = false
})

const keyType = 'ec-p256'

/** A store with the key `k`, and a PFX with another certificate of that key. */
async function storeToRenew(): Promise<{ store: FolderStore; folder: string; renewal: Uint8Array }> {
  const folder = join(scratchFolder(), 'keys')
  const store = await openFolderStore(folder)
  await store.create('k', { keyType })
  const [key] = (await readPkcs12(await store.exportPkcs12('k', ''), '')).keys
  const privateKey = key?.privateKey ?? createPrivateKey('')
  const certificate = await createSelfSignedCertificate(createLocalSigner(privateKey), {
    subject: 'CN=renewed',
  })
  const contents = { privateKey, certificates: [certificate], friendlyName: 'k' }
  return { store, folder, renewal: await writePkcs12(contents, '', { iterations: 1 }) }
}

test('a key that another process puts in the place of the renewed one meanwhile stays', async () => {
  const { store, folder, renewal } = await storeToRenew()
  const other = await openFolderStore(folder)
  let theirs: string | undefined
  meanwhile = async () => {
    await other.delete('k')
    theirs = (await other.create('k', { keyType })).keyId
  }
  expect(await failure('ALREADY_EXISTS', () => store.importPkcs12('k', renewal, ''))).toBe(
    `the certificate of "k" was not renewed: another process has changed ${join(folder, 'k.pfx')} since it was read; check it and import again`,
  )
  expect((await store.get('k'))?.keyId).toBe(theirs)
  expect(await filesIn(folder)).toEqual(['k.pfx'])
})

test('a key that another process deletes meanwhile is not written again', async () => {
  const { store, folder, renewal } = await storeToRenew()
  meanwhile = () => unlink(join(folder, 'k.pfx'))
  await failure('ALREADY_EXISTS', () => store.importPkcs12('k', renewal, ''))
  expect(await filesIn(folder)).toEqual([])
})

test.skipIf(lacksModes)('a symbolic link stays, and its target is renewed [needs POSIX modes]', async () => {
  const { store, folder, renewal } = await storeToRenew()
  const [path, elsewhere] = [join(folder, 'k.pfx'), join(folder, '..', 'elsewhere')]
  await mkdir(elsewhere, { mode: 0o700 })
  await rename(path, join(elsewhere, 'target.pfx'))
  await symlink('../elsewhere/target.pfx', path)
  const renewed = await store.importPkcs12('k', renewal, '')
  expect(renewed).toMatchObject({ location: path })
  expect((await store.get('k'))?.version).toBe(renewed.version)
  expect((await lstat(path)).isSymbolicLink()).toBe(true)
  const [key] = (await readPkcs12(await readFile(join(elsewhere, 'target.pfx')), '')).keys
  expect(key?.certificates[0]?.subject).toBe('CN=renewed')
  expect(await readdir(elsewhere)).toEqual(['target.pfx'])
  expect(await filesIn(folder)).toEqual(['k.pfx'])
})

test('a key whose file gets no name leaves no record of its arrival', async () => {
  const { store, folder } = await storeToRenew()
  const before = await readdir(folder)
  cannotLink = true
  await failure('UNAVAILABLE', () => store.create('other', { keyType }))
  await failure('UNAVAILABLE', () => store.rotate('k'))
  expect(await readdir(folder)).toEqual(before)
})

test('a key whose folder cannot be flushed is reported, and keeps the record of its arrival', async () => {
  const { store, folder } = await storeToRenew()
  cannotFlush = true
  const before = Date.now()
  expect(await failure('UNAVAILABLE', () => store.create('other', { keyType }))).toBe(
    `${join(folder, 'other.pfx')} was written, but may be lost in a power failure (EMFILE)`,
  )
  await failure('UNAVAILABLE', () => store.rotate('k'))
  for (const name of ['other', 'k']) {
    // oxlint-disable-next-line no-await-in-loop
    expect((await store.get(name))?.createdAt?.getTime()).toBeGreaterThanOrEqual(before)
  }
})
