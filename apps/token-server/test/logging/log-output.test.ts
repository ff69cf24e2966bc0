import { execFileSync } from 'node:child_process'
import { closeSync, constants, openSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Writable } from 'node:stream'
import { scratchFolder } from '@sealwright/test-kit/folders'
import { lacks } from '@sealwright/test-kit/tools'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { LogOutput, standardOutput, type WriteBytes } from '../../src/logging/log-output.ts'

const nothing = (): void => undefined

/** Something to write to whose every write ends when the test says so. */
function manualOutput(): {
  readonly write: WriteBytes
  readonly written: string[]
  readonly finish: (code?: string, bytes?: number) => void
} {
  const written: string[] = []
  let finish: (code?: string, bytes?: number) => void = nothing
  const write: WriteBytes = (bytes, done) => {
    finish = (code, count = code === undefined ? bytes.length : 0) => {
      finish = nothing
      written.push(bytes.subarray(0, count).toString())
      done(code === undefined ? null : Object.assign(new Error(code), { code }), count)
    }
  }
  return { write, written, finish: (code, bytes) => finish(code, bytes) }
}

test('lines are written in order, those that wait in one piece', async () => {
  const { write, written, finish } = manualOutput()
  const output = new LogOutput(write)
  for (const line of ['1\n', '2\n', '3\n']) output.write(line)
  finish()
  const flushed = output.flush(1000)
  finish()
  expect(await flushed).toBe(true)
  expect(written).toEqual(['1\n', '2\n3\n'])
})

test('the rest of a write that was cut short comes next', () => {
  const { write, written, finish } = manualOutput()
  const output = new LogOutput(write)
  output.write('abc\n')
  output.write('def\n')
  finish(undefined, 2)
  finish()
  expect(written.join('')).toBe('abc\ndef\n')
})

test('of several lines in one buffer each is counted when they are dropped', () => {
  const { write, written, finish } = manualOutput()
  const output = new LogOutput(write, { maximumBytes: 10 })
  output.write(Buffer.from('1\n2\n3\n'))
  output.write(Buffer.from('a\nb\nc\n'))
  finish()
  finish()
  expect(written[0]).toBe('1\n2\n3\n')
  expect(JSON.parse(written[1] ?? '')).toMatchObject({ lines: 3, msg: 'log lines were dropped' })
})

test.each([
  ['ENOSPC', 1000],
  ['EAGAIN', 50],
  ['EPIPE', 1000],
])(
  'after %s it is tried again %i ms later; lines beyond the limit are dropped and counted',
  (code, delay) => {
    vi.useFakeTimers()
    try {
      const { write, written, finish } = manualOutput()
      const output = new LogOutput(write, { maximumBytes: 10 })
      output.write('12345\n')
      output.write('dropped\n')
      output.write('6\n')
      finish(code)
      vi.advanceTimersByTime(delay - 1)
      output.write('dropped too\n')
      finish() // nothing is being written
      expect(written).toEqual([''])
      vi.advanceTimersByTime(1)
      finish()
      finish()
      expect(written[1]).toBe('12345\n6\n')
      expect(JSON.parse(written[2] ?? '')).toMatchObject({
        level: 40,
        lines: 2,
        msg: 'log lines were dropped',
      })
    } finally {
      vi.useRealTimers()
    }
  },
)

test('lines as long as the queue are written, one after the other', async () => {
  const { write, written, finish } = manualOutput()
  const output = new LogOutput(write, { maximumBytes: 10 })
  expect(await output.flush(1000)).toBe(true)
  for (const line of ['123456789\n', '987654321\n']) {
    output.write(line)
    finish()
  }
  expect(written).toEqual(['123456789\n', '987654321\n'])
})

test('neither a flush that is over nor a write that is tried again keeps the process running', async () => {
  const starting = vi.spyOn(globalThis, 'setTimeout')
  const clearing = vi.spyOn(globalThis, 'clearTimeout')
  onTestFinished(() => {
    starting.mockRestore()
    clearing.mockRestore()
  })
  const timers = (): readonly NodeJS.Timeout[] =>
    starting.mock.results.map((result) => result.value as NodeJS.Timeout)
  const { write, finish } = manualOutput()
  const output = new LogOutput(write)
  output.write('a\n')
  const flushed = output.flush(1000)
  finish()
  expect(await flushed).toBe(true)
  expect(clearing.mock.calls).toEqual(timers().map((timer) => [timer]))
  starting.mockClear()
  output.write('b\n')
  finish('ENOSPC')
  expect(timers().map((timer) => timer.hasRef())).toEqual([false])
})

test('flush gives up when nothing is written', async () => {
  const { write } = manualOutput()
  const output = new LogOutput(write)
  output.write('a\n')
  expect(await output.flush(20)).toBe(false)
})

/** Stands for `process.stdout`, with the descriptor of this file. */
function stdout(path: string, flags: string | number): { stream: Writable & { fd: number }; sent: string[] } {
  const fd = openSync(path, flags)
  onTestFinished(() => closeSync(fd))
  const sent: string[] = []
  const stream = new Writable({
    write(chunk: Buffer, _encoding, done) {
      sent.push(chunk.toString())
      done(chunk.includes('gone') ? new Error('EPIPE') : null)
    },
  })
  return { stream: Object.assign(stream, { fd }), sent }
}

const result = (write: WriteBytes, text: string): Promise<readonly [string | null, number]> =>
  new Promise((resolve) =>
    write(Buffer.from(text), (error, written) => resolve([error && (error.code ?? error.message), written])),
  )

describe('the standard output', () => {
  test('of a file or a device is written by its descriptor', async () => {
    const path = join(scratchFolder(), 'log')
    const { stream, sent } = stdout(path, 'w')
    expect(await result(standardOutput(stream), 'a line\n')).toEqual([null, 7])
    expect(readFileSync(path, 'utf8')).toBe('a line\n')
    expect(await result(standardOutput(stdout(path, 'r').stream), 'a line\n')).toEqual(['EBADF', 0])
    const device = stdout('/dev/null', 'w')
    expect(await result(standardOutput(device.stream), 'a line\n')).toEqual([null, 7])
    expect([sent, device.sent]).toEqual([[], []])
  })

  test.skipIf(lacks('mkfifo'))(
    'that is a pipe is written by its stream, which does not block [needs mkfifo]',
    async () => {
      const path = join(scratchFolder(), 'pipe')
      execFileSync('mkfifo', [path])
      const { stream, sent } = stdout(path, constants.O_RDWR | constants.O_NONBLOCK)
      const write = standardOutput(stream)
      expect(await result(write, 'a line\n')).toEqual([null, 7])
      // That the reader is gone does not end the process.
      expect(await result(write, 'gone\n')).toEqual(['EPIPE', 0])
      expect(sent).toEqual(['a line\n', 'gone\n'])
    },
  )
})
