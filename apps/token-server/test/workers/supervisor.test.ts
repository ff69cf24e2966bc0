import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { maximumFailures, settledAfter } from '../../src/workers/restarts.ts'
import { Supervisor, type WorkerEvents, type WorkerProcess } from '../../src/workers/supervisor.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

interface Started extends WorkerEvents {
  readonly number: number
  readonly isFirst: boolean
  readonly told: string[]
}

/** A supervisor of processes that only note what they are told. */
function supervise(count: number): {
  readonly supervisor: Supervisor
  readonly started: Started[]
  readonly lines: string[]
  readonly givenUp: string[]
} {
  const started: Started[] = []
  const lines: string[] = []
  const givenUp: string[] = []
  const note = (_details: object, message: string): void => void lines.push(message)
  const supervisor = new Supervisor({
    count,
    log: { warn: note, error: note },
    onGiveUp: (reason) => givenUp.push(reason),
    now: () => Date.now(),
    start(number, isFirst, events): WorkerProcess {
      const told: string[] = []
      started.push({ number, isFirst, told, ...events })
      return {
        tell: (topic) => told.push(topic),
        kill() {
          told.push('kill')
          queueMicrotask(() => events.ended({ code: null, signal: 'SIGKILL' }))
        },
      }
    },
  })
  supervisor.start()
  return { supervisor, started, lines, givenUp }
}

const messageOf = (error: Error): string => error.message

const numbers = (started: readonly Started[]): number[] => started.map(({ number }) => number)

test('the others start when the first worker is ready, and none of them is the first', () => {
  const { started } = supervise(3)
  expect(numbers(started)).toEqual([1])
  started[0]?.ready(5001)
  expect(started.map(({ number, isFirst }) => [number, isFirst])).toEqual([
    [1, true],
    [2, false],
    [3, false],
  ])
})

test('one that ends is replaced at once, and the others stay as they are', () => {
  const { started, lines } = supervise(2)
  started[0]?.ready(5001)
  started[1]?.ready(5001)
  vi.advanceTimersByTime(settledAfter)
  started[0]?.ended({ code: null, signal: 'SIGSEGV' })
  vi.advanceTimersByTime(0)
  expect(started.map(({ number, isFirst }) => [number, isFirst]).at(-1)).toEqual([1, false])
  expect(started).toHaveLength(3)
  expect(started[1]?.told).toEqual([])
  expect(lines).toEqual(['a worker has ended and is replaced'])
})

test('one that cannot be replaced is tried later each time, for as long as another has started well', () => {
  const { started, givenUp } = supervise(2)
  started[0]?.ready(5001)
  vi.advanceTimersByTime(settledAfter)
  const waits: number[] = []
  for (let failure = 0; failure < 2 * maximumFailures; failure++) {
    const from = Date.now()
    const before = started.length
    started.at(-1)?.failed('the vault is away')
    started.at(-1)?.ended({ code: 1, signal: null })
    while (started.length === before) vi.advanceTimersToNextTimer()
    waits.push(Date.now() - from)
  }
  expect(waits.slice(0, 5)).toEqual([0, 100, 200, 400, 800])
  expect(Math.max(...waits)).toBe(30_000)
  expect(givenUp).toEqual([])
})

test('workers that end again and again before they have started well are given up, with the reason', async () => {
  const { started, givenUp } = supervise(2)
  let ended = 0
  while (ended < started.length && givenUp.length === 0) {
    const running = started.slice(ended)
    ended = started.length
    for (const worker of running) worker.ready(5001)
    for (const worker of running) worker.ended({ code: 7, signal: null })
    // eslint-disable-next-line no-await-in-loop
    await vi.advanceTimersByTimeAsync(30_000)
  }
  expect(givenUp).toEqual([
    expect.stringMatching(
      /^worker \d ended 10 times in a row before it had run for 10 s: it ended with exit code 7$/,
    ),
  ])
  const count = started.length
  await vi.advanceTimersByTimeAsync(60_000)
  expect(started).toHaveLength(count)
})

test('a first worker that says why it cannot start is not tried again', async () => {
  const { started, givenUp } = supervise(2)
  started[0]?.failed('SIGNING_KEY is wrong')
  started[0]?.ended({ code: 1, signal: null })
  await vi.advanceTimersByTimeAsync(60_000)
  expect(givenUp).toEqual(['SIGNING_KEY is wrong'])
  expect(started).toHaveLength(1)
})

test('a process that cannot be started counts as a start that failed: the first ends the server, another is tried again', async () => {
  const lines: object[] = []
  const givenUp: string[] = []
  const running: { end?: () => void } = {}
  let attempts = 0
  const start = (failing: (attempt: number) => boolean): void => {
    new Supervisor({
      count: 1,
      log: { warn: (details) => lines.push(details), error: (details) => lines.push(details) },
      onGiveUp: (reason) => givenUp.push(reason),
      start(_number, _isFirst, events): WorkerProcess {
        if (failing(++attempts)) throw new Error('spawn ENOMEM')
        running.end = () => events.ended({ code: 1, signal: null })
        events.ready(5001)
        return { tell: () => undefined, kill: () => undefined }
      },
    }).start()
  }
  start(() => true)
  await vi.advanceTimersByTimeAsync(60_000)
  expect({ givenUp, attempts }).toEqual({ givenUp: ['spawn ENOMEM'], attempts: 1 })

  attempts = 0
  start((attempt) => attempt === 2)
  running.end?.()
  await vi.advanceTimersByTimeAsync(60_000)
  expect({ givenUp: givenUp.length, attempts }).toEqual({ givenUp: 1, attempts: 3 })
  expect(lines.at(-1)).toMatchObject({ worker: 1, reason: 'spawn ENOMEM' })
})

test('a replacement that listens on another port ends the server', async () => {
  const { started, givenUp } = supervise(1)
  started[0]?.ready(5001)
  started[0]?.ended({ code: 1, signal: null })
  await vi.advanceTimersByTimeAsync(0)
  started[1]?.ready(5002)
  await vi.advanceTimersByTimeAsync(0)
  expect(givenUp).toEqual(['the port 5001 was lost; set PORT to a port other than 0'])
})

test('on close all are told, none is replaced, and it waits for the last', async () => {
  const { supervisor, started } = supervise(2)
  started[0]?.ready(5001)
  started[1]?.ready(5001)
  let isClosed = false
  const closing = supervisor.close(1000).then(() => (isClosed = true))
  expect(started.map(({ told }) => told)).toEqual([['close'], ['close']])
  started[0]?.ended({ code: 0, signal: null })
  await vi.advanceTimersByTimeAsync(999)
  expect(isClosed).toBe(false)
  started[1]?.ended({ code: 0, signal: null })
  await closing
  expect(started).toHaveLength(2)
})

test.each([
  { of: 'a worker that has started', isReady: true, outcome: 'a worker could not finish' },
  // On a busy machine it may not have read the message by then.
  { of: 'only a worker that has not started', isReady: false, outcome: 'closed' },
])('on close what is left after the grace period is killed; $of: $outcome', async ({ isReady, outcome }) => {
  const { supervisor, started, lines } = supervise(2)
  started[0]?.ready(5001)
  if (isReady) started[1]?.ready(5001)
  const closing = supervisor.close(1000).then(() => 'closed', messageOf)
  started[0]?.ended({ code: 0, signal: null })
  await vi.advanceTimersByTimeAsync(1000)
  expect(await closing).toBe(outcome)
  expect(started[1]?.told).toEqual(['close', 'kill'])
  expect(lines).toEqual(isReady ? ['a worker could not finish'] : [])
})

test('on close a worker that waits for its restart is not started, and one that has not started yet has nothing to finish', async () => {
  const { supervisor, started } = supervise(2)
  started[0]?.ready(5001)
  started[0]?.ended({ code: 1, signal: null })
  const closing = supervisor.close(1000)
  started[1]?.ended({ code: null, signal: 'SIGINT' })
  await closing
  await vi.advanceTimersByTimeAsync(60_000)
  expect(started).toHaveLength(2)
})

test('a worker that was starting when it was told to close is told again', async () => {
  const { supervisor, started } = supervise(2)
  started[0]?.ready(5001)
  const closing = supervisor.close(1000)
  started[1]?.ready(5001)
  expect(started.map(({ told }) => told)).toEqual([['close'], ['close', 'close']])
  for (const worker of started) worker.ended({ code: 0, signal: null })
  await closing
})

test('a reload is told to all, and to one that is starting as soon as it is ready', () => {
  const { supervisor, started } = supervise(2)
  started[0]?.ready(5001)
  supervisor.reload()
  expect(started.map(({ told }) => told)).toEqual([['reload'], []])
  started[1]?.ready(5001)
  expect(started[1]?.told).toEqual(['reload'])
})

test('all are told to drain, and so is one that starts meanwhile', () => {
  const { supervisor, started } = supervise(2)
  started[0]?.ready(5001)
  supervisor.drain()
  started[1]?.ready(5001)
  expect(started[0]?.told).toEqual(['drain'])
  expect(started[1]?.told.at(-1)).toBe('drain')
})

test('while the server drains, a worker that has finished is not replaced, and one that has crashed is', async () => {
  const { supervisor, started, lines } = supervise(2)
  started[0]?.ready(5001)
  started[1]?.ready(5001)
  supervisor.drain()
  started[0]?.ended({ code: 0, signal: null })
  started[1]?.ended({ code: 1, signal: null })
  vi.advanceTimersByTime(0)
  expect(numbers(started)).toEqual([1, 2, 2])
  expect(lines).toEqual(['a worker has ended and is replaced'])
  const closing = supervisor.close(1000)
  started[2]?.ended({ code: 0, signal: null })
  await closing
})

test('workers that are ended because the supervisor gives up are not blamed', async () => {
  const { started, lines, givenUp } = supervise(2)
  started[0]?.ready(5001)
  started[1]?.ready(5002)
  await vi.waitFor(() => expect(givenUp).toHaveLength(1))
  expect(lines).toEqual([])
})
