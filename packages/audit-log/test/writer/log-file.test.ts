import { readFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { scratchFolder } from '@sealwright/test-kit/folders'
import { afterEach, beforeEach, expect, onTestFinished, test, vi } from 'vitest'
import { createLogFile } from '../../src/writer/log-file.ts'

beforeEach(() => void vi.useFakeTimers({ toFake: ['performance'] }))
afterEach(() => void vi.useRealTimers())

type Writer = (text: string) => Promise<'this thread' | 'another one'>

/** Files on a disk whose writes in this thread take that long, and a function for each that says which thread wrote. */
function files(): {
  readonly disk: { milliseconds: number; atOnce: number; error: Error | null }
  readonly create: () => Promise<{ readonly path: string; readonly writtenBy: Writer }>
} {
  const folder = scratchFolder()
  const disk: ReturnType<typeof files>['disk'] = { milliseconds: 0, atOnce: Infinity, error: null }
  const state = { careUntil: 0 }
  let count = 0
  return {
    disk,
    async create() {
      const path = join(folder, `log ${++count}`)
      const log = await createLogFile(path, state, (fd, bytes, offset) => {
        vi.advanceTimersByTime(disk.milliseconds)
        if (disk.error !== null) throw disk.error
        return writeSync(fd, bytes, offset, Math.min(bytes.length - offset, disk.atOnce))
      })
      // Node 26 throws where the garbage collector closes a file.
      onTestFinished(() => log.close())
      return {
        path,
        async writtenBy(text) {
          const pending = log.append(Buffer.from(text))
          await pending
          return pending === undefined ? 'this thread' : 'another one'
        },
      }
    },
  }
}

test('for ten seconds after a slow write another thread writes, and then this one again', async () => {
  const { disk, create } = files()
  const { path, writtenBy } = await create()
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
  const { disk, create } = files()
  const { path, writtenBy } = await create()
  disk.atOnce = 3
  expect(await writtenBy('a batch of lines')).toBe('this thread')
  expect(readFileSync(path, 'utf8')).toBe('a batch of lines')
})

test('after a slow write of another thread there are ten more seconds', async () => {
  const { disk, create } = files()
  const { writtenBy } = await create()
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

test('a slow write counts though it fails, and for the next file', async () => {
  const { disk, create } = files()
  const first = await create()
  Object.assign(disk, { milliseconds: 10, error: new Error('EIO') })
  await expect(first.writtenBy('a')).rejects.toThrow('EIO')
  const second = await create()
  expect(await second.writtenBy('b')).toBe('another one')
  vi.advanceTimersByTime(10_000)
  await expect(second.writtenBy('c')).rejects.toThrow('EIO')
})
