import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { Batches } from '../../src/writer/batches.ts'

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] }))
afterEach(() => void vi.useRealTimers())

/** A disk whose writes end when the test says so. */
function disk(): {
  readonly batches: Batches
  readonly written: (readonly string[])[]
  readonly events: string[]
  /** Ends the write in progress. */
  readonly end: (error?: unknown) => Promise<void>
} {
  const written: (readonly string[])[] = []
  const events: string[] = []
  let settle: ((error?: unknown) => void) | null = null
  const batches = new Batches({
    write(lines) {
      expect(settle).toBeNull()
      written.push(lines)
      return new Promise((resolve, reject) => {
        settle = (error) => (error === undefined ? resolve() : reject(error))
      })
    },
    path: () => '/audit/file',
    onFailed: ({ message }) => events.push(message),
    onRecovered: () => events.push('recovered'),
  })
  const end = async (error?: unknown): Promise<void> => {
    await until(() => settle !== null)
    const last = settle
    settle = null
    last?.(error)
    await turn()
  }
  return { batches, written, events, end }
}

/** Not vi.waitUntil, which moves the time on. */
async function until(isSo: () => boolean): Promise<void> {
  // oxlint-disable-next-line no-await-in-loop
  while (!isSo()) await turn()
}

/** The next turn of the event loop. */
function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

const full = Object.assign(new Error('full'), { code: 'ENOSPC' })

test('lines of one turn of the event loop are written at once, and lines that come meanwhile as the next batch', async () => {
  const { batches, written, end } = disk()
  const first = [batches.add('a'), batches.add('b')]
  expect(first[0]).toBe(first[1])
  await until(() => written.length === 1)
  const second = [batches.add('c'), batches.addLast('mark'), batches.add('d')]
  await turn()
  expect(written).toHaveLength(1)
  await end()
  await Promise.all(first)
  await end()
  await Promise.all(second)
  expect(written).toEqual([
    ['a', 'b'],
    ['c', 'd', 'mark'],
  ])
  const third = batches.add('e')
  await end()
  await third
  expect(written.at(-1)).toEqual(['e'])
})

describe('when a write fails', () => {
  test('its lines and those that wait are refused, and what follows for a second', async () => {
    const { batches, written, end } = disk()
    const first = batches.add('a')
    await until(() => written.length === 1)
    const waiting = batches.add('b')
    await end(full)
    const expected = {
      code: 'UNAVAILABLE',
      retryAfter: 1,
      message: '/audit/file cannot be written (ENOSPC: no space is left on the disk)',
    }
    await expect(first).rejects.toMatchObject(expected)
    await expect(waiting).rejects.toMatchObject(expected)
    expect(written).toEqual([['a']])
    expect(() => batches.assertWritable()).toThrow(expected.message)
    vi.advanceTimersByTime(999)
    expect(() => batches.assertWritable()).toThrow(expected.message)
    vi.advanceTimersByTime(1)
    batches.assertWritable()
    // Until a write has succeeded.
    expect(batches.isWritable).toBe(false)
  })

  test('that is reported once until a write succeeds', async () => {
    const { batches, events, end } = disk()
    const message = '/audit/file cannot be written (ENOSPC: no space is left on the disk)'
    for (const error of [full, full, undefined, undefined, full]) {
      void batches.add('a')
      // oxlint-disable-next-line no-await-in-loop
      await end(error)
    }
    expect(events).toEqual([message, 'recovered', message])
  })
})

test('a disk that does not answer refuses tokens after three seconds, and takes them when it answers', async () => {
  const { batches, written, events, end } = disk()
  const first = batches.add('a')
  await until(() => written.length === 1)
  const waiting = batches.add('b')
  vi.advanceTimersByTime(2999)
  batches.assertWritable()
  expect([batches.isWritable, events]).toEqual([true, []])
  vi.advanceTimersByTime(1)
  const expected = {
    code: 'UNAVAILABLE',
    message: '/audit/file cannot be written: the disk has not answered for 3 seconds',
  }
  await expect(first).rejects.toMatchObject(expected)
  await expect(waiting).rejects.toMatchObject(expected)
  vi.advanceTimersByTime(60_000)
  expect(() => batches.assertWritable()).toThrow(expected.message)
  expect([batches.isWritable, events]).toEqual([false, [expected.message]])
  await end()
  batches.assertWritable()
  expect([batches.isWritable, events]).toEqual([true, [expected.message, 'recovered']])
  const next = batches.add('c')
  await end()
  await next
  expect(written).toEqual([['a'], ['c']])
})

test('at most 10,000 lines wait', async () => {
  const { batches, written, end } = disk()
  void batches.add('first')
  await until(() => written.length === 1)
  for (let line = 0; line < 10_000; line++) {
    batches.assertWritable()
    void batches.add('x')
  }
  expect(() => batches.assertWritable()).toThrow('10000 lines of the audit log are waiting to be written')
  await end()
  await until(() => written.length === 2)
  batches.assertWritable()
})

test('lines that are recorded one after another leave the event loop its turns', async () => {
  const batches = new Batches({
    write: () => Promise.resolve(),
    path: () => '/audit/file',
    onFailed: () => undefined,
    onRecovered: () => undefined,
  })
  await batches.add('a')
  let hasTurned = false
  setImmediate(() => (hasTurned = true))
  await batches.add('b')
  expect(hasTurned).toBe(true)
})
