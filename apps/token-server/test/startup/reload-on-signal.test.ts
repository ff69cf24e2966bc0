import { expect, onTestFinished, test, vi } from 'vitest'
import { reloadOnSignal } from '../../src/startup/reload-on-signal.ts'

function hangUp(): boolean {
  onTestFinished(() => void process.removeAllListeners('SIGHUP'))
  return process.emit('SIGHUP')
}

test('SIGHUP reloads a server that has started', () => {
  const reload = vi.fn<() => void>()
  reloadOnSignal(false)(reload)
  expect(reload).not.toHaveBeenCalled()
  expect(hangUp()).toBe(true)
  expect(reload).toHaveBeenCalledTimes(1)
})

test('SIGHUP during the start is remembered, and does not end the process', () => {
  const reload = vi.fn<() => void>()
  const started = reloadOnSignal(false)
  expect([hangUp(), hangUp()]).toEqual([true, true])
  started(reload)
  expect(reload).toHaveBeenCalledTimes(1)
})

test('at a terminal SIGHUP does what it does to any process', () => {
  reloadOnSignal(true)(() => undefined)
  expect(hangUp()).toBe(false)
})
