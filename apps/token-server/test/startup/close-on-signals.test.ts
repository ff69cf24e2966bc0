import { expect, onTestFinished, test, vi } from 'vitest'
import { LogOutput } from '../../src/logging/log-output.ts'
import { logTo } from '../../src/logging/open-log.ts'
import { closeOnRequest, closeOnSignals, type CloseOptions } from '../../src/startup/close-on-signals.ts'

/** How the process would have ended. */
function exits(): () => readonly unknown[] {
  const exit = vi.spyOn(process, 'exit').mockReturnValue(undefined as never)
  const before = new Map(process.eventNames().map((name) => [name, process.listeners(name as 'exit')]))
  onTestFinished(() => {
    exit.mockRestore()
    for (const name of process.eventNames())
      for (const listener of process.listeners(name as 'exit'))
        if (before.get(name)?.includes(listener) !== true) process.off(name, listener)
  })
  return () => exit.mock.calls.flat()
}

/** A log that is never written. */
const stuckLog = (): CloseOptions['log'] => logTo(new LogOutput(() => undefined), 'info', false)

const never = (): Promise<never> => new Promise(() => undefined)

/** Calls what handles a signal, as the signal does. */
function send(signal: 'SIGTERM' | 'SIGINT'): void {
  process.listeners(signal).at(-1)?.(signal)
}

test.each([
  ['SIGTERM', 10],
  // Only SIGTERM waits for load balancers.
  ['SIGINT', 600_000],
] as const)(
  'after %s a close that does not end is ended, with exit code 1, though the log is stuck',
  async (signal, delay) => {
    const ended = exits()
    const begin = vi.fn<() => void>()
    closeOnSignals({ close: never, log: stuckLog(), delay: 20, drain: { begin, delay } })
    send(signal)
    await expect.poll(ended).toEqual([1])
    expect(begin).toHaveBeenCalledOnce()
  },
)

test('a worker that is told to close, and does not, is ended with exit code 1', async () => {
  const ended = exits()
  closeOnRequest({ close: never, log: stuckLog(), delay: 20 })()
  await expect.poll(() => ended()[0]).toBe(1)
})

test.each([
  ['rejects', () => Promise.reject(new Error('the audit log is full')), [], ['could not close']],
  ['does not end', never, [], ['did not close within 0.02 s']],
  [
    'meets another error',
    never,
    ['uncaughtException'],
    ['another error while closing', 'did not close within 0.02 s'],
  ],
] as const)('when a close %s, the log says why the exit code is 1', async (_what, close, events, reasons) => {
  const ended = exits()
  const lines: string[] = []
  const output = new LogOutput((bytes, done) => {
    lines.push(...bytes.toString().trim().split('\n'))
    done(null, bytes.length)
  })
  closeOnSignals({ close, log: logTo(output, 'info', false), delay: 20 })
  send('SIGINT')
  for (const event of events) process.listeners(event).at(-1)?.(new Error('a second one'), event)
  await expect.poll(ended).toContain(1)
  await expect
    .poll(() => lines.map((line) => (JSON.parse(line) as { msg: string }).msg))
    .toEqual(['closing', ...reasons])
})

test('a second signal ends the process with exit code 1, and the log says so', async () => {
  const ended = exits()
  const lines: string[] = []
  const output = new LogOutput((bytes, done) => {
    lines.push(...bytes.toString().trim().split('\n'))
    done(null, bytes.length)
  })
  closeOnSignals({ close: never, log: logTo(output, 'info', false), delay: 60_000 })
  send('SIGINT')
  send('SIGINT')
  await expect.poll(ended).toEqual([1])
  await expect.poll(() => lines.join()).toContain('ended by a second signal')
})
