import { chmod, chown, mkdir, readdir, stat, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { scratchFolder } from '@sealwright/test-kit/folders'
import { expect, test } from 'vitest'
import { openFolderStore, type FolderStore } from '@sealwright/local-store'
import { createPrivateFile, replacePrivateFile } from '../../src/files/create-file.ts'
import { fileState } from '../../src/files/file-state.ts'
import { asOrdinaryUser, nobody } from '../support/ordinary-user.ts'

const isRoot = process.geteuid?.() === 0
const keyType = 'ec-p256'

/** A folder of a user that is not root. Its parent lets that user through. */
async function folderOfService(): Promise<string> {
  const parent = scratchFolder()
  await chmod(parent, 0o755)
  const folder = join(parent, 'keys')
  await mkdir(folder, { mode: 0o700 })
  await chown(folder, nobody, nobody)
  return folder
}

async function ownersIn(folder: string): Promise<readonly string[]> {
  const names = await readdir(folder)
  const owners = await Promise.all(names.map((name) => stat(join(folder, name))))
  return [...new Set(owners.map(({ uid, gid, mode }) => `${uid} ${gid} ${(mode & 0o777).toString(8)}`))]
}

const own = `${nobody} ${nobody} 600`

test.skipIf(!isRoot)(
  'what root writes into the folder of a service, the service can read [needs root]',
  async () => {
    const folder = await folderOfService()
    const store = await openFolderStore(folder)
    await store.create('k', { keyType })
    const second = await store.rotate('k')
    await store.disable('k', second.version)
    // A key, its next version, their arrivals, and the record that one is disabled.
    expect(await readdir(folder)).toHaveLength(5)
    expect(await ownersIn(folder)).toEqual([own])
    const seen = await asOrdinaryUser(async () => (await openFolderStore(folder)).list())
    expect(seen.map(({ enabled }) => enabled)).toEqual([false, true])
    await asOrdinaryUser(async () => (await openFolderStore(folder)).delete('k'))
    expect(await readdir(folder)).toEqual([])
  },
)

test.skipIf(!isRoot)(
  'a certificate that root renews stays in a file of the service [needs root]',
  async () => {
    const folder = await folderOfService()
    const store = await openFolderStore(folder)
    await asOrdinaryUser(async () => (await openFolderStore(folder)).create('k', { keyType }))
    const path = join(folder, 'k.pfx')
    const identity = fileState(await stat(path)).identity
    expect(await replacePrivateFile(path, await exported(store), identity)).not.toBeNull()
    expect(await ownersIn(folder)).toEqual([own])
  },
)

test.skipIf(!isRoot)(
  'a folder that root makes belongs to the owner of the folder around it [needs root]',
  async () => {
    const around = await folderOfService()
    const folder = join(around, 'a', 'b')
    await (await openFolderStore(folder)).create('k', { keyType })
    const owners = await Promise.all([join(around, 'a'), folder].map((path) => stat(path)))
    expect(owners.map(({ uid, mode }) => `${uid} ${(mode & 0o777).toString(8)}`)).toEqual([
      `${nobody} 700`,
      `${nobody} 700`,
    ])
    const found = await asOrdinaryUser(async () => (await openFolderStore(folder)).get('k'))
    expect(found?.name).toBe('k')
  },
)

test.skipIf(!isRoot)(
  'root gives no file away that was there, and none that is not a key of a store [needs root]',
  async () => {
    const folder = await folderOfService()
    const store = await openFolderStore(folder)
    const { keyId, version } = await store.create('k', { keyType })
    const elsewhere = join(scratchFolder(), 'elsewhere')
    await writeFile(elsewhere, 'of root')
    await symlink(elsewhere, join(folder, `.k.${keyId}.disabled`))
    await store.disable('k', version)
    await createPrivateFile(join(folder, 'export'), 'x')
    expect((await stat(elsewhere)).uid).toBe(0)
    expect((await stat(join(folder, 'export'))).uid).toBe(0)
  },
)

async function exported(store: FolderStore): Promise<Uint8Array> {
  return store.exportPkcs12('k', '')
}
