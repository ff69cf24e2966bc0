import { readFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { scratchFolder } from '@sealwright/test-kit/folders'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { createLogFile } from '../../src/writer/log-file.ts'

beforeEach(() => void vi.useFakeTimers({ toFake: ['performance'] }))
afterEach(() => void vi.useRealTimers())

/** A file whose writes in this thread take that long, and a function that says which thread wrote. */
async function file(): Promise<{
  readonly path: string
  readonly disk: { milliseconds: number; atOnce: number }
  readonly writtenBy: (text: string) => Promise<'this thread' | 'another one'>
}> {
  const path = join(scratchFolder(), 'log')
  const disk = { milliseconds: 0, atOnce: Infinity }
  const log = await createLogFile(path, (fd: number, bytes: Buffer, offset: number) => {
    vi.advanceTimersByTime(disk.milliseconds)
    return writeSync(fd, bytes, offset, Math.min(bytes.length - offset, disk.atOnce))
  })
  return {
    path,
    disk,
    async writtenBy(text) {
      const pending = log.append(Buffer.from(text))
      await pending
      return pending === undefined ? 'this thread' : 'another one'
    },
  }
}

test('for ten seconds after a slow write another thread writes, and then this one again', async () => {
  const { path, disk, writtenBy } = await file()
  disk.milliseconds = 9
  expect(await writtenBy('a')).toBe('this thread')
  disk.milliseconds = 10
  expect(await writtenBy('b')).toBe('this thread')
  vi.advanceTimersByTime(9_999)
  expect(await writtenBy('c')).toBe('another one')
  vi.advanceTimersByTime(1)
  expect(await writtenBy('d')).toBe('this thread')
  expect(readFileSync(path, 'utf8')).toBe('abcd')
})

test('a write that ends early goes on', async () => {
  const { path, disk, writtenBy } = await file()
  disk.atOnce = 3
  expect(await writtenBy('a batch of lines')).toBe('this thread')
  expect(readFileSync(path, 'utf8')).toBe('a batch of lines')
})

test('after a slow write of another thread there are ten more seconds', async () => {
  const { disk, writtenBy } = await file()
  disk.milliseconds = 10
  await writtenBy('a')
  vi.advanceTimersByTime(5_000)
  const pending = writtenBy('b')
  // Not over yet: the file is written to after this turn of the event loop.
  vi.advanceTimersByTime(10)
  expect(await pending).toBe('another one')
  vi.advanceTimersByTime(9_999)
  expect(await writtenBy('c')).toBe('another one')
})
