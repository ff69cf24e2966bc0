import { chmod, mkdir, readdir, readFile, stat, symlink, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { failure } from '@sealwright/test-kit/errors'
import { scratchFolder } from '@sealwright/test-kit/folders'
import { lacksModes } from '@sealwright/test-kit/tools'
import { describe, expect, test } from 'vitest'
import { ownerOnly } from '../../src/files/access-rule.ts'
import type { FileState } from '../../src/files/file-state.ts'
import { createKeyFile, removeFile } from '../../src/files/key-file.ts'
import { asOrdinaryUser, giveToOrdinaryUser } from '../support/ordinary-user.ts'

const bytes = new TextEncoder().encode('contents')

describe('writing a new file', () => {
  test.skipIf(lacksModes)(
    'makes it with mode 600 in folders with mode 700, whatever the umask [needs POSIX modes]',
    async () => {
      const root = scratchFolder()
      const folder = join(root, 'a', 'b', 'c')
      const umask = process.umask(0)
      let written: FileState | null
      try {
        written = await createKeyFile(join(folder, 'k.pfx'), ownerOnly, bytes)
      } finally {
        process.umask(umask)
      }
      expect(await readdir(folder)).toEqual(['k.pfx'])
      expect(await readFile(join(folder, 'k.pfx'), 'utf8')).toBe('contents')
      expect((await stat(join(folder, 'k.pfx'))).mtime).toEqual(written?.modifiedAt)
      const modes = await Promise.all(
        [join(folder, 'k.pfx'), folder, join(root, 'a', 'b'), join(root, 'a')].map(
          async (path) => (await stat(path)).mode,
        ),
      )
      expect(modes.map((mode) => (mode & 0o777).toString(8))).toEqual(['600', '700', '700', '700'])
    },
  )

  test('leaves alone what is there, and nothing else behind', async () => {
    const folder = scratchFolder()
    await writeFile(join(folder, 'k.pfx'), 'before')
    expect(await createKeyFile(join(folder, 'k.pfx'), ownerOnly, bytes)).toBeNull()
    expect(await readFile(join(folder, 'k.pfx'), 'utf8')).toBe('before')
    expect(await readdir(folder)).toEqual(['k.pfx'])
  })

  test.skipIf(lacksModes)(
    'writes nothing into a folder that others can reach [needs POSIX modes]',
    async () => {
      const folder = join(scratchFolder(), 'made-meanwhile')
      await mkdir(folder)
      await chmod(folder, 0o755)
      await failure('UNSAFE_PERMISSIONS', () => createKeyFile(join(folder, 'k.pfx'), ownerOnly, bytes))
      expect(await readdir(folder)).toEqual([])
    },
  )

  test('counts a link to nowhere as there', async () => {
    const folder = scratchFolder()
    await symlink('elsewhere', join(folder, 'k.pfx'))
    expect(await createKeyFile(join(folder, 'k.pfx'), ownerOnly, bytes)).toBeNull()
    expect(await readdir(folder)).toEqual(['k.pfx'])
  })

  test('lets one of a hundred writers succeed', async () => {
    const folder = join(scratchFolder(), 'new')
    const written = await Promise.all(
      Array.from({ length: 100 }, (_, writer) =>
        createKeyFile(join(folder, 'k.pfx'), ownerOnly, Buffer.from(`${writer}`.repeat(1000))),
      ),
    )
    expect(written.filter((state) => state !== null)).toHaveLength(1)
    expect(await readdir(folder)).toEqual(['k.pfx'])
    expect(await readFile(join(folder, 'k.pfx'), 'utf8')).toBe(
      `${written.findIndex((state) => state !== null)}`.repeat(1000),
    )
  })

  test('removes what killed writers left an hour ago, and nothing else', async () => {
    const folder = scratchFolder()
    const old = `.sealwright-${'0'.repeat(32)}.tmp`
    const recent = `.sealwright-${'1'.repeat(32)}.tmp`
    const others = [
      '.sealwright-notes.tmp',
      `sealwright-${'0'.repeat(32)}.tmp`,
      `x.sealwright-${'0'.repeat(32)}.tmp`,
      `.sealwright-${'0'.repeat(32)}.tmp2`,
      'other.pfx',
    ]
    await Promise.all([old, recent, ...others].map((name) => writeFile(join(folder, name), '')))
    const longAgo = new Date(Date.now() - 2 * 60 * 60 * 1000)
    await Promise.all([old, ...others].map((name) => utimes(join(folder, name), longAgo, longAgo)))
    const almostAnHourAgo = new Date(Date.now() - 50 * 60 * 1000)
    await utimes(join(folder, recent), almostAnHourAgo, almostAnHourAgo)
    await createKeyFile(join(folder, 'k.pfx'), ownerOnly, bytes)
    expect((await readdir(folder)).toSorted()).toEqual([recent, ...others, 'k.pfx'].toSorted())
  })

  test('makes no folder behind a link that leads nowhere', async () => {
    const root = scratchFolder()
    await symlink('unmounted', join(root, 'volume'))
    const [volume, folder] = [join(root, 'volume'), join(root, 'volume', 'keys')]
    expect(await failure('UNAVAILABLE', () => createKeyFile(join(folder, 'k.pfx'), ownerOnly, bytes))).toBe(
      `cannot create the folder ${folder}: ${volume} is a symbolic link whose target is missing`,
    )
    await failure('UNAVAILABLE', () => createKeyFile(join(join(root, 'volume'), 'k.pfx'), ownerOnly, bytes))
    expect(await readdir(root)).toEqual(['volume'])
  })

  test.skipIf(lacksModes)('says when the folder does not let it [needs POSIX modes]', async () => {
    const root = scratchFolder()
    const folder = join(root, 'keys')
    await mkdir(folder)
    await giveToOrdinaryUser(root, folder)
    await chmod(folder, 0o500)
    await chmod(root, 0o500)
    await asOrdinaryUser(async () => {
      await failure('ACCESS_DENIED', () => createKeyFile(join(folder, 'k.pfx'), ownerOnly, bytes))
      await failure('ACCESS_DENIED', () =>
        createKeyFile(join(join(root, 'other'), 'k.pfx'), ownerOnly, bytes),
      )
    })
    await chmod(root, 0o700)
    await chmod(folder, 0o700)
    expect(await readdir(folder)).toEqual([])
  })
})

describe('removing a file', () => {
  test('says whether there was one', async () => {
    const folder = scratchFolder()
    await writeFile(join(folder, 'k.pfx'), '')
    expect(await removeFile(join(folder, 'k.pfx'))).toBe(true)
    expect(await removeFile(join(folder, 'k.pfx'))).toBe(false)
  })
})
