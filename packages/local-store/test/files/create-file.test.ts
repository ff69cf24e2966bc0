import type * as FsPromises from 'node:fs/promises'
import { mkdir, readdir, readFile, rename, stat, utimes, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { failure, rejection } from '@sealwright/test-kit/errors'
import { scratchFolder } from '@sealwright/test-kit/folders'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { ownerOnly, unchecked } from '../../src/files/access-rule.ts'
import { createPrivateFile, replacePrivateFile } from '../../src/files/create-file.ts'
import { fileState } from '../../src/files/file-state.ts'
import { createKeyFile, removeFile } from '../../src/files/key-file.ts'

/** What happened to the file system, in order. */
let calls: string[] = []
/** The `errno` that the next call of that kind fails with. */
let failing: Partial<Record<Call, string>> = {}
/** The `errno` that link(2) reports although it has succeeded. */
let lostAnswer: string | undefined
/** Whether the next files cannot be looked at. */
let cannotLook = false
/** How many files and folders are open. */
let open = 0

type Call = 'link' | 'open folder' | 'sync file' | 'sync folder'

function check(call: Call, syscall: string): void {
  if (call !== 'open folder') calls.push(call)
  const code = failing[call]
  if (code !== undefined) throw Object.assign(new Error(code), { code, syscall })
}

vi.mock('node:fs/promises', async (importOriginal) => {
  const fs = await importOriginal<typeof FsPromises>()
  const recordedOpen: typeof fs.open = async (path, flags, mode) => {
    if (flags === 'r') check('open folder', 'open')
    const handle = await fs.open(path, flags, mode)
    open++
    const [sync, close] = [handle.sync.bind(handle), handle.close.bind(handle)]
    handle.close = () => {
      open--
      return close()
    }
    const kind = flags === 'r' ? 'sync folder' : 'sync file'
    handle.sync = async () => {
      check(kind, 'fsync')
      await sync()
    }
    return handle
  }
  const link: typeof fs.link = async (from, to) => {
    check('link', 'link')
    await fs.link(from, to)
    if (lostAnswer !== undefined) throw Object.assign(new Error(), { code: lostAnswer, syscall: 'link' })
  }
  const lstat = (async (path: string, options: object) => {
    if (cannotLook) throw Object.assign(new Error(), { code: 'ESTALE' })
    return fs.lstat(path, options)
  }) as typeof fs.lstat
  const recordedRename: typeof fs.rename = async (from, to) => {
    calls.push('rename')
    await fs.rename(from, to)
  }
  return { ...fs, open: recordedOpen, link, lstat, rename: recordedRename }
})

const bytes = Buffer.from('contents')

async function identityOf(path: string): Promise<string> {
  return fileState(await stat(path)).identity
}

beforeEach(() => {
  calls = []
  failing = {}
})
afterEach(() => {
  failing = {}
  lostAnswer = undefined
  cannotLook = false
  vi.restoreAllMocks()
  if (open !== 0) throw new Error(`${open} files are left open`)
})

describe('a new file', () => {
  test('is flushed before it gets its name, and its folder after', async () => {
    await createKeyFile(join(scratchFolder(), 'k'), ownerOnly, bytes)
    expect(calls).toEqual(['sync file', 'link', 'sync folder'])
  })

  test('of a key flushes each folder that it makes, from the top', async () => {
    await createKeyFile(join(scratchFolder(), 'a', 'b', 'k.pfx'), ownerOnly, bytes)
    expect(calls).toEqual(['sync folder', 'sync folder', 'sync file', 'link', 'sync folder'])
  })

  test('that cannot be flushed gets no name and leaves nothing behind', async () => {
    const folder = scratchFolder()
    failing = { 'sync file': 'EIO' }
    expect(await failure('UNAVAILABLE', () => createKeyFile(join(folder, 'k.pfx'), ownerOnly, bytes))).toBe(
      `cannot write ${join(folder, 'k.pfx')} (EIO)`,
    )
    expect(await readdir(folder)).toEqual([])
  })

  test('whose folder cannot be flushed is not reported as written', async () => {
    const folder = scratchFolder()
    failing = { 'sync folder': 'EIO' }
    expect(await failure('UNAVAILABLE', () => createKeyFile(join(folder, 'k.pfx'), ownerOnly, bytes))).toBe(
      `${join(folder, 'k.pfx')} was written, but may be lost in a power failure (EIO)`,
    )
    expect(await readdir(folder)).toEqual(['k.pfx'])
    const path = join(folder, 'new', 'k.pfx')
    expect(await failure('UNAVAILABLE', () => createKeyFile(path, ownerOnly, bytes))).toBe(
      `cannot flush the folder ${folder} (EIO)`,
    )
  })

  test.each(['EINVAL', 'ENOTSUP'])('is written where folders cannot be flushed (%s)', async (code) => {
    const folder = scratchFolder()
    failing = { 'sync folder': code }
    expect(await createKeyFile(join(folder, 'k.pfx'), ownerOnly, bytes)).not.toBeNull()
  })

  test('is written where the folder may be written but not read, so that it cannot be flushed', async () => {
    const path = join(scratchFolder(), 'k')
    failing = { 'open folder': 'EACCES' }
    await createKeyFile(path, unchecked, bytes)
    expect(calls).toEqual(['sync file', 'link'])
    failing = { 'open folder': 'EMFILE' }
    expect(await rejection(createKeyFile(`${path}2`, unchecked, bytes))).toMatchObject({
      cause: { code: 'EMFILE' },
    })
  })

  test('is not followed by a flush of its folder on Windows, which has none', async () => {
    const path = join(scratchFolder(), 'k')
    vi.spyOn(process, 'platform', 'get').mockReturnValue('win32')
    await createKeyFile(path, ownerOnly, bytes)
    expect(calls).toEqual(['sync file', 'link'])
  })

  test('has the time and the identity of the file under its name', async () => {
    const path = join(scratchFolder(), 'k')
    const state = await createPrivateFile(path, bytes)
    expect(state).toEqual(fileState(await stat(path)))
    const replaced = await replacePrivateFile(path, Buffer.from('other'), state.identity)
    expect(replaced).toEqual(fileState(await stat(path)))
    expect(replaced?.identity).not.toBe(state.identity)
  })

  test.each(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS'])(
    'of a key is refused on a file system without hard links (%s)',
    async (code) => {
      const folder = scratchFolder()
      failing = { link: code }
      const message = await failure('UNSUPPORTED_OPERATION', () =>
        createKeyFile(join(folder, 'k.pfx'), ownerOnly, bytes),
      )
      expect(message).toBe(
        `the file system of ${folder} has no hard links, so two writers could replace each other's key; keep the keys on a local file system, or share one key through a key vault`,
      )
      expect(await rejection(createKeyFile(join(folder, 'k.pfx'), ownerOnly, bytes))).toMatchObject({
        cause: { code },
      })
      expect(await readdir(folder)).toEqual([])
    },
  )

  test('is written in place without hard links where that is asked for, and never replaces a file', async () => {
    const folder = scratchFolder()
    const path = join(folder, 'k')
    failing = { link: 'EPERM' }
    await createPrivateFile(path, bytes, { withoutHardLinks: 'in-place' })
    expect((await stat(path)).mode & 0o777).toBe(0o600)
    expect(calls).toEqual(['sync file', 'link', 'sync file'])
    const again = createPrivateFile(path, 'other', { withoutHardLinks: 'in-place' })
    expect(await rejection(again)).toMatchObject({ code: 'EEXIST' })
    expect(await readFile(path, 'utf8')).toBe('contents')
    expect(await readdir(folder)).toEqual(['k'])
  })

  test.each(['EIO', 'EMLINK', 'EACCES'])(
    'that cannot be linked for another reason (%s) is not written in place',
    async (code) => {
      const folder = scratchFolder()
      failing = { link: code }
      const writing = createPrivateFile(join(folder, 'k'), bytes, { withoutHardLinks: 'in-place' })
      expect(await rejection(writing)).toMatchObject({ code })
      const error = code === 'EACCES' ? 'ACCESS_DENIED' : 'UNAVAILABLE'
      await failure(error, () => createKeyFile(join(folder, 'k.pfx'), ownerOnly, bytes))
      expect(await readdir(folder)).toEqual([])
    },
  )

  test('does not take EPERM of another call for a lack of hard links', async () => {
    const folder = scratchFolder()
    failing = { 'sync file': 'EPERM' }
    await failure('ACCESS_DENIED', () => createKeyFile(join(folder, 'k.pfx'), ownerOnly, bytes))
    const writing = createPrivateFile(join(folder, 'k'), bytes, { withoutHardLinks: 'in-place' })
    expect(await rejection(writing)).toMatchObject({ code: 'EPERM' })
    expect(calls).not.toContain('link')
  })

  test.each(['EEXIST', 'EIO', 'ESTALE'])(
    'is there when link(2) reports %s after it succeeded, as on NFS',
    async (code) => {
      const path = join(scratchFolder(), 'k.pfx')
      let undone = 0
      const beforeLink = async () => async () => void undone++
      lostAnswer = code
      const state = await createKeyFile(path, ownerOnly, bytes, beforeLink)
      expect(state).toEqual(fileState(await stat(path)))
      expect(undone).toBe(0)
      lostAnswer = undefined
      expect(await createKeyFile(path, ownerOnly, bytes, beforeLink)).toBeNull()
      expect(undone).toBe(1)
    },
  )

  test('of which cannot be told whether it is there is not taken for absent', async () => {
    const folder = scratchFolder()
    let undone = 0
    lostAnswer = 'EEXIST'
    cannotLook = true
    const writing = createKeyFile(
      join(folder, 'k.pfx'),
      ownerOnly,
      bytes,
      async () => async () => void undone++,
    )
    expect(await rejection(writing)).toMatchObject({ code: 'UNAVAILABLE', cause: { code: 'ESTALE' } })
    expect(undone).toBe(0)
  })

  test('is not made when what runs before it gets its name fails', async () => {
    const folder = scratchFolder()
    await expect(
      createPrivateFile(join(folder, 'k'), bytes, { beforeLink: () => Promise.reject(new Error('not now')) }),
    ).rejects.toThrow('not now')
    expect(await readdir(folder)).toEqual([])
  })
})

describe('a replaced file', () => {
  test('is flushed before it takes its place, and its folder after', async () => {
    const path = join(scratchFolder(), 'k')
    await writeFile(path, 'before')
    calls = []
    await replacePrivateFile(path, bytes, await identityOf(path))
    expect(calls).toEqual(['sync file', 'rename', 'sync folder'])
    expect(await readFile(path, 'utf8')).toBe('contents')
    expect((await stat(path)).mode & 0o777).toBe(0o600)
  })

  test('stays as it was when the new one cannot be flushed', async () => {
    const folder = scratchFolder()
    await writeFile(join(folder, 'k'), 'before')
    failing = { 'sync file': 'EIO' }
    const path = join(folder, 'k')
    const identity = await identityOf(path)
    expect(await rejection(replacePrivateFile(path, bytes, identity))).toMatchObject({ code: 'EIO' })
    expect(await readFile(path, 'utf8')).toBe('before')
    expect(await readdir(folder)).toEqual(['k'])
  })

  test.each([
    ['was changed', (path: string) => writeFile(path, 'others')],
    ['was changed and is as long as before', (path: string) => writeFile(path, 'behind')],
    [
      'is another one',
      async (path: string) => {
        await writeFile(`${path}2`, 'others')
        await rename(`${path}2`, path)
      },
    ],
  ])('stays when it %s since it was read', async (_, change) => {
    const path = join(scratchFolder(), 'k')
    await writeFile(path, 'before')
    // File systems count in ticks of some milliseconds.
    await utimes(path, new Date(0), new Date(0))
    const identity = await identityOf(path)
    await change(path)
    const others = await readFile(path, 'utf8')
    calls = []
    expect(await replacePrivateFile(path, bytes, identity)).toBeNull()
    expect(calls).toEqual(['sync file'])
    expect(await readFile(path, 'utf8')).toBe(others)
    expect(await readdir(dirname(path))).toEqual(['k'])
  })
})

describe('a removed file', () => {
  test('is gone once its folder is flushed; a folder that is in its place stays', async () => {
    const folder = scratchFolder()
    await writeFile(join(folder, 'k'), '')
    calls = []
    expect(await removeFile(join(folder, 'k'))).toBe(true)
    expect(calls).toEqual(['sync folder'])
    await mkdir(join(folder, 'd'))
    await failure(process.platform === 'linux' ? 'UNAVAILABLE' : 'ACCESS_DENIED', () =>
      removeFile(join(folder, 'd')),
    )
    expect(await readdir(folder)).toEqual(['d'])
  })
})
