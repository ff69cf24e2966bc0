import { expect, test, vi } from 'vitest'
import { LogOutput, type WriteBytes } from '../../src/logging/log-output.ts'

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

test('flush gives up when nothing is written', async () => {
  const { write } = manualOutput()
  const output = new LogOutput(write)
  output.write('a\n')
  expect(await output.flush(20)).toBe(false)
})
