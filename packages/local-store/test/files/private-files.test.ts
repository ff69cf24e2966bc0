import { execFileSync } from 'node:child_process'
import { chmod, chown, mkdir, stat, symlink, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { failure } from '@sealwright/test-kit/errors'
import { scratchFolder } from '@sealwright/test-kit/folders'
import { lacksModes, lacksPython, run } from '@sealwright/test-kit/tools'
import { describe, expect, test, vi } from 'vitest'
import { ownerOnly, ownerWrites, unchecked } from '../../src/files/access-rule.ts'
import { readPrivateFile, readPrivateFolder } from '../../src/files/private-files.ts'
import { asOrdinaryUser, giveToOrdinaryUser, nobody } from '../support/ordinary-user.ts'

const text = 'not really a key'

async function privateFile(folder: string, name = 'a.pfx'): Promise<string> {
  const path = join(folder, name)
  await writeFile(path, text, { mode: 0o600 })
  return path
}

describe('a file with a private key', () => {
  test('is read with the time it was modified', async () => {
    const path = await privateFile(scratchFolder())
    const file = await readPrivateFile(path, ownerOnly)
    expect(Buffer.from(file?.bytes ?? []).toString()).toBe(text)
    expect(file?.modifiedAt.getTime()).toBeGreaterThan(Date.now() - 60_000)
  })

  test('is null when it is proven absent', async () => {
    const folder = scratchFolder()
    expect(await readPrivateFile(join(folder, 'a.pfx'), ownerOnly)).toBeNull()
    expect(await readPrivateFile(join(folder, 'no', 'folder', 'a.pfx'), ownerOnly)).toBeNull()
  })

  test.skipIf(lacksModes).each([0o640, 0o660, 0o604, 0o620, 0o602, 0o610, 0o644, 0o666, 0o777, 0o440])(
    'of mode %o is refused with the chmod to type [needs POSIX modes]',
    async (mode) => {
      const path = await privateFile(scratchFolder())
      await chmod(path, mode)
      const message = await failure('UNSAFE_PERMISSIONS', () => readPrivateFile(path, ownerOnly))
      expect(message).toContain(`the file ${path} has mode ${mode.toString(8)}, `)
      expect(message.endsWith(`run: chmod 600 ${path}`)).toBe(true)
      // The command that the message says does mend test.
      execFileSync('sh', ['-c', message.replace(/^.*run: /, '')])
      expect(await readPrivateFile(path, ownerOnly)).not.toBeNull()
    },
  )

  test.skipIf(lacksModes)('has its path quoted in the command to type [needs POSIX modes]', async () => {
    const path = await privateFile(scratchFolder(), "it's $HOME; a key.pfx")
    await chmod(path, 0o644)
    const message = await failure('UNSAFE_PERMISSIONS', () => readPrivateFile(path, ownerOnly))
    execFileSync('sh', ['-c', message.replace(/^.*run: /, '')])
    expect(await readPrivateFile(path, ownerOnly)).not.toBeNull()
  })

  test.skipIf(lacksModes)(
    'is read through a link, and judged by what the link leads to [needs POSIX modes]',
    async () => {
      const folder = scratchFolder()
      const path = await privateFile(folder)
      const link = join(folder, 'link.pfx')
      await symlink('a.pfx', link)
      expect(await readPrivateFile(link, ownerOnly)).not.toBeNull()
      await chmod(path, 0o644)
      await failure('UNSAFE_PERMISSIONS', () => readPrivateFile(link, ownerOnly))
      expect(await readPrivateFile(link, unchecked)).not.toBeNull()
    },
  )

  test.skipIf(lacksModes)(
    'is not absent when a link in its place leads nowhere [needs POSIX modes]',
    async () => {
      const link = join(scratchFolder(), 'link.pfx')
      await symlink('elsewhere.pfx', link)
      const message = await failure('UNAVAILABLE', () => readPrivateFile(link, ownerOnly))
      expect(message).toContain(link)
    },
  )

  test.skipIf(lacksModes)(
    'is not absent when a link in its place leads in a circle [needs POSIX modes]',
    async () => {
      const link = join(scratchFolder(), 'link.pfx')
      await symlink('link.pfx', link)
      expect(await failure('UNAVAILABLE', () => readPrivateFile(link, ownerOnly))).toContain(
        `${link} (ELOOP)`,
      )
    },
  )

  test.skipIf(lacksModes)('is not absent when its folder is a file [needs POSIX modes]', async () => {
    const path = await privateFile(scratchFolder())
    const message = await failure('UNAVAILABLE', () => readPrivateFile(join(path, 'a.pfx'), ownerOnly))
    expect(message).toContain(`${join(path, 'a.pfx')} (ENOTDIR)`)
  })

  // As systemd does for a service with a user of its own.
  test.skipIf(process.geteuid?.() !== 0 || lacksPython('import os; os.setxattr'))(
    'of root that an access control list opens to this user is read as a credential of systemd only [needs root, Linux, python3]',
    async () => {
      const grantRead = [
        'import os, struct, sys',
        'entries = [(1, 4, 2**32 - 1), (2, 4, int(sys.argv[2])), (4, 0, 2**32 - 1), (16, 4, 2**32 - 1), (32, 0, 2**32 - 1)]',
        'acl = struct.pack("<I", 2) + b"".join(struct.pack("<HHI", *entry) for entry in entries)',
        'os.setxattr(sys.argv[1], "system.posix_acl_access", acl)',
      ].join('\n')
      const folder = scratchFolder()
      await chmod(folder, 0o755)
      const path = await privateFile(folder)
      run(['python3', '-c', grantRead, path, String(nobody)])
      expect((await stat(path)).mode & 0o777).toBe(0o440)
      const read = (): Promise<unknown> => asOrdinaryUser(() => readPrivateFile(path, ownerOnly))
      await failure('UNSAFE_PERMISSIONS', read)
      vi.stubEnv('CREDENTIALS_DIRECTORY', folder)
      try {
        expect(await read()).not.toBeNull()
      } finally {
        vi.unstubAllEnvs()
      }
    },
  )

  test.skipIf(process.geteuid?.() !== 0)('of another user is refused [needs root]', async () => {
    const folder = scratchFolder()
    const path = await privateFile(folder)
    await giveToOrdinaryUser(folder)
    await chown(path, 12345, 65534)
    // Without reading rights the system refuses; with them Sealwright does.
    await asOrdinaryUser(() => failure('ACCESS_DENIED', () => readPrivateFile(path, ownerOnly)))
    await chmod(path, 0o640)
    const message = await asOrdinaryUser(() =>
      failure('UNSAFE_PERMISSIONS', () => readPrivateFile(path, ownerOnly)),
    )
    expect(message).toContain('is owned by user 12345')
    expect(message).toContain(`chown 65534 ${path}`)
  })

  test('has a bounded size', async () => {
    const path = await privateFile(scratchFolder())
    await truncate(path, 1024 * 1024)
    expect((await readPrivateFile(path, ownerOnly))?.bytes.length).toBe(1024 * 1024)
    await truncate(path, 1024 * 1024 + 1)
    const message = await failure('LIMIT_EXCEEDED', () => readPrivateFile(path, ownerOnly))
    expect(message).toContain(path)
  })

  test.skipIf(lacksModes)('is neither a folder nor a pipe nor a device [needs POSIX modes]', async () => {
    const folder = scratchFolder()
    const [pipe, inner] = [join(folder, 'pipe.pfx'), join(folder, 'folder.pfx')]
    execFileSync('mkfifo', ['-m', '600', pipe])
    await mkdir(inner, { mode: 0o700 })
    expect(await failure('INVALID_ENCODING', () => readPrivateFile(pipe, ownerOnly))).toContain('not a file')
    expect(await failure('INVALID_ENCODING', () => readPrivateFile(inner, ownerOnly))).toContain('not a file')
    expect(await failure('INVALID_ENCODING', () => readPrivateFile('/dev/zero', unchecked))).toContain(
      'not a file',
    )
  })
})

describe('a folder of private keys', () => {
  test('shows its names sorted', async () => {
    const folder = scratchFolder()
    await Promise.all(['b.pfx', 'a.pfx', 'c'].map((name) => privateFile(folder, name)))
    expect(await readPrivateFolder(folder, ownerOnly)).toEqual(['a.pfx', 'b.pfx', 'c'])
  })

  test('is null when it is proven absent', async () => {
    expect(await readPrivateFolder(join(scratchFolder(), 'no', 'folder'), ownerOnly)).toBeNull()
  })

  test('that is made at the same instant is absent or empty', async () => {
    const folder = scratchFolder()
    const seen = await Promise.all(
      Array.from({ length: 200 }, async (_, index) => {
        const path = join(folder, `${index}`)
        const [names] = await Promise.all([readPrivateFolder(path, ownerOnly), mkdir(path, { mode: 0o700 })])
        return names ?? []
      }),
    )
    expect(seen.flat()).toEqual([])
  })

  test.skipIf(lacksModes).each([0o750, 0o705, 0o755, 0o711, 0o770, 0o1777])(
    'of mode %o is refused with the chmod to type [needs POSIX modes]',
    async (mode) => {
      const folder = scratchFolder()
      await chmod(folder, mode)
      const message = await failure('UNSAFE_PERMISSIONS', () => readPrivateFolder(folder, ownerOnly))
      expect(message.endsWith(`run: chmod 700 ${folder}`)).toBe(true)
    },
  )

  test.skipIf(lacksModes)(
    'may be readable by others where .NET makes it, but not writable [needs POSIX modes]',
    async () => {
      const folder = scratchFolder()
      await chmod(folder, 0o755)
      expect(await readPrivateFolder(folder, ownerWrites)).toEqual([])
      await chmod(folder, 0o775)
      await failure('UNSAFE_PERMISSIONS', () => readPrivateFolder(folder, ownerWrites))
      expect(await readPrivateFolder(folder, unchecked)).toEqual([])
    },
  )

  test.skipIf(lacksModes).each([0o000, 0o300])(
    'of mode %o, which cannot be read, is not empty [needs POSIX modes]',
    async (mode) => {
      const folder = scratchFolder()
      await giveToOrdinaryUser(folder)
      await chmod(folder, mode)
      const message = await asOrdinaryUser(() =>
        failure('ACCESS_DENIED', () => readPrivateFolder(folder, ownerOnly)),
      )
      expect(message).toContain(folder)
      await chmod(folder, 0o700)
    },
  )

  test.skipIf(lacksModes)(
    'of mode 600 shows names of files that are not absent [needs POSIX modes]',
    async () => {
      const folder = scratchFolder()
      const path = await privateFile(folder)
      await giveToOrdinaryUser(folder, path)
      await chmod(folder, 0o600)
      await asOrdinaryUser(async () => {
        expect(await readPrivateFolder(folder, ownerOnly)).toEqual(['a.pfx'])
        expect(await failure('ACCESS_DENIED', () => readPrivateFile(path, ownerOnly))).toContain(path)
        // Not even a name that is not there can be told to be absent.
        await failure('ACCESS_DENIED', () => readPrivateFile(join(folder, 'b.pfx'), ownerOnly))
      })
      await chmod(folder, 0o700)
    },
  )

  test.skipIf(lacksModes)(
    'is not empty when a file or a link to nowhere is in its place [needs POSIX modes]',
    async () => {
      const folder = scratchFolder()
      const file = await privateFile(folder)
      await symlink('elsewhere', join(folder, 'link'))
      const link = join(folder, 'link')
      expect(await failure('UNAVAILABLE', () => readPrivateFolder(file, ownerOnly))).toContain(file)
      expect(await failure('UNAVAILABLE', () => readPrivateFolder(link, ownerOnly))).toContain(link)
    },
  )
})
