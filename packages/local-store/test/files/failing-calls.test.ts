import type * as FsPromises from 'node:fs/promises'
import { chmod, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { failure, rejection } from '@sealwright/test-kit/errors'
import { scratchFolder } from '@sealwright/test-kit/folders'
import { lacksModes } from '@sealwright/test-kit/tools'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { ownerOnly, unchecked } from '../../src/files/access-rule.ts'
import { fileState } from '../../src/files/file-state.ts'
import { createKeyFile, removeFile, replaceKeyFile } from '../../src/files/key-file.ts'
import { readPrivateFile, readPrivateFolder } from '../../src/files/private-files.ts'

type Call = 'lstat' | 'mkdir' | 'read' | 'readdir' | 'rename' | 'unlink'

/** The `errno` that the next calls of that kind fail with. */
let failing: Partial<Record<Call, string>> = {}
/** Runs when a file has been opened and looked at, and is not read yet. */
let afterStat: () => Promise<void> = async () => undefined
let made: string[] = []
let opened = 0
let closed = 0

function check(call: Call): void {
  const code = failing[call]
  if (code !== undefined) throw Object.assign(new Error(code), { code, syscall: call })
}

/** The call of `node:fs/promises`, which may fail. */
function checked<Args extends readonly unknown[], Result>(
  call: Call,
  real: (...args: Args) => Promise<Result>,
): (...args: Args) => Promise<Result> {
  return async (...args) => {
    check(call)
    if (call === 'mkdir') made.push(String(args[0]))
    return real(...args)
  }
}

vi.mock('node:fs/promises', async (importOriginal) => {
  const fs = await importOriginal<typeof FsPromises>()
  const open: typeof fs.open = async (path, flags, mode) => {
    const handle = await fs.open(path, flags, mode)
    opened++
    const [look, read, close] = [
      handle.stat.bind(handle),
      handle.read.bind(handle),
      handle.close.bind(handle),
    ]
    handle.stat = (async () => {
      const stats = await look()
      await afterStat()
      return stats
    }) as typeof handle.stat
    handle.read = (...args: Parameters<typeof read>) => {
      check('read')
      return read(...args)
    }
    handle.close = () => {
      closed++
      return close()
    }
    return handle
  }
  return {
    ...fs,
    open,
    lstat: checked('lstat', fs.lstat),
    mkdir: checked('mkdir', fs.mkdir),
    readdir: checked('readdir', fs.readdir),
    rename: checked('rename', fs.rename),
    unlink: checked('unlink', fs.unlink),
  }
})

beforeEach(() => {
  failing = {}
  afterStat = async () => undefined
  made = []
  opened = 0
  closed = 0
})
afterEach(() => {
  failing = {}
  vi.restoreAllMocks()
})

async function keyFile(): Promise<string> {
  const path = join(scratchFolder(), 'k.pfx')
  await writeFile(path, 'contents', { mode: 0o600 })
  return path
}

describe('reading a key file', () => {
  test.each([
    ['grows', 'contents and more'],
    ['shrinks', 'cont'],
  ])('that %s meanwhile is UNAVAILABLE, and closes it', async (_, content) => {
    const path = await keyFile()
    afterStat = () => writeFile(path, content)
    expect(await failure('UNAVAILABLE', () => readPrivateFile(path, ownerOnly))).toBe(
      `the file ${path} changed while it was read; try again`,
    )
    expect([opened, closed]).toEqual([1, 1])
  })

  test('that cannot be read is UNAVAILABLE, and names it', async () => {
    const path = await keyFile()
    failing = { read: 'EIO' }
    expect(await failure('UNAVAILABLE', () => readPrivateFile(path, ownerOnly))).toBe(
      `cannot read ${path} (EIO)`,
    )
    expect([opened, closed]).toEqual([1, 1])
  })

  test('that goes away before it is told whether it was a link is null; where that cannot be told, UNAVAILABLE', async () => {
    const path = join(scratchFolder(), 'k.pfx')
    failing = { lstat: 'ENOENT' }
    expect(await readPrivateFile(path, ownerOnly)).toBeNull()
    failing = { lstat: 'EIO' }
    expect(await failure('UNAVAILABLE', () => readPrivateFile(path, ownerOnly))).toBe(
      `cannot read ${path} (EIO)`,
    )
  })
})

describe('reading a folder', () => {
  test('that goes away meanwhile is null; one that cannot be listed is UNAVAILABLE', async () => {
    const folder = scratchFolder()
    failing = { readdir: 'ENOENT' }
    expect(await readPrivateFolder(folder, ownerOnly)).toBeNull()
    failing = { readdir: 'EIO' }
    expect(await failure('UNAVAILABLE', () => readPrivateFolder(folder, ownerOnly))).toBe(
      `cannot read the folder ${folder} (EIO)`,
    )
    expect([opened, closed]).toEqual([2, 2])
  })

  test.skipIf(lacksModes)(
    'checks its mode, except on Windows, where folders cannot be opened [needs POSIX modes]',
    async () => {
      const folder = scratchFolder()
      await chmod(folder, 0o755)
      await failure('UNSAFE_PERMISSIONS', () => readPrivateFolder(folder, ownerOnly))
      expect([opened, closed]).toEqual([1, 1])
      expect(await readPrivateFolder(folder, unchecked)).toEqual([])
      vi.spyOn(process, 'platform', 'get').mockReturnValue('win32')
      expect(await readPrivateFolder(folder, ownerOnly)).toEqual([])
      expect([opened, closed]).toEqual([2, 2])
    },
  )
})

describe('writing a key file', () => {
  test('makes no folder that is there', async () => {
    const folder = scratchFolder()
    await createKeyFile(join(folder, 'k.pfx'), ownerOnly, Buffer.from('x'))
    expect(made).toEqual([folder])
  })

  test('that fails names what could not be done', async () => {
    const path = await keyFile()
    const { identity } = fileState(await stat(path))
    failing = { mkdir: 'EIO', rename: 'EROFS', unlink: 'EBUSY' }
    const folder = join(path, '..', 'new')
    expect(
      await failure('UNAVAILABLE', () => createKeyFile(join(folder, 'k.pfx'), ownerOnly, Buffer.from('x'))),
    ).toBe(`cannot create the folder ${folder} (EIO)`)
    expect(await failure('ACCESS_DENIED', () => replaceKeyFile(path, Buffer.from('x'), identity))).toBe(
      `cannot write ${path}: the operating system refuses it (EROFS)`,
    )
    expect(await failure('UNAVAILABLE', () => removeFile(path))).toBe(`cannot delete ${path} (EBUSY)`)
  })

  test('that fails keeps the error of the system as its cause', async () => {
    failing = { unlink: 'EBUSY' }
    expect(await rejection(removeFile(await keyFile()))).toMatchObject({ cause: { code: 'EBUSY' } })
  })

  test('runs what is to be done before the file appears', async () => {
    const path = join(scratchFolder(), 'k.pfx')
    const seen: unknown[] = []
    await createKeyFile(path, ownerOnly, Buffer.from('x'), async () => {
      seen.push(await readPrivateFile(path, ownerOnly))
      return async () => undefined
    })
    expect(seen).toEqual([null])
  })
})
