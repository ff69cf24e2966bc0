import { open, readdir, type FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { failure } from '@sealwright/test-kit/errors'
import { scratchFolder } from '@sealwright/test-kit/folders'
import { afterEach, expect, test, vi } from 'vitest'
import { writeOutputs } from '../../src/files/files.ts'
import type { Terminal } from '../../src/terminal/terminal.ts'

afterEach(() => {
  vi.restoreAllMocks()
})

const terminal: Terminal = {
  stdin: Readable.from([]),
  out: () => undefined,
  error: () => undefined,
  env: {},
  questions: null,
  colors: false,
  screen: false,
}

test('a file whose folder cannot be flushed is reported, and does not stay', async () => {
  const folder = scratchFolder()
  const handle = await open(folder, 'r')
  await handle.close()
  // The first call flushes the file, the second one its folder.
  const flushed = vi.spyOn(Object.getPrototypeOf(handle) as FileHandle, 'sync')
  flushed.mockResolvedValueOnce()
  flushed.mockRejectedValueOnce(Object.assign(new Error(), { code: 'EIO' }))
  const path = join(folder, 'key.pem')
  expect(
    await failure('UNAVAILABLE', () => writeOutputs([{ path, content: 'secret' }], terminal, false)),
  ).toBe(`${path} cannot be written: EIO`)
  expect(flushed).toHaveBeenCalledTimes(2)
  expect(await readdir(folder)).toEqual([])
})
