import { getEventListeners } from 'node:events'
import { describe, expect, test, vi } from 'vitest'
import { eitherSignal, onAbort, untilAborted } from '../../src/internal.ts'

const never = new Promise<never>(() => undefined)

describe('onAbort', () => {
  test('calls the listener once, unless that is ended before', () => {
    const controller = new AbortController()
    const calls: string[] = []
    onAbort(controller.signal, () => calls.push('listening'))
    const stop = onAbort(controller.signal, () => calls.push('ended'))
    stop()
    controller.abort()
    stop()
    expect(calls).toEqual(['listening'])
    // An aborted signal keeps nothing alive.
    expect(getEventListeners(controller.signal, 'abort')).toEqual([])
  })

  test('takes a signal that is not Node’s own', () => {
    const listeners: (() => void)[] = []
    const signal = { addEventListener: (_: string, listener: () => void) => listeners.push(listener) }
    const calls: string[] = []
    onAbort(signal as unknown as AbortSignal, () => calls.push('aborted'))
    listeners.forEach((listener) => listener())
    expect(calls).toEqual(['aborted'])
  })
})

test('any number may listen to one signal: Node warns of no leak', () => {
  const warn = vi.spyOn(process, 'emitWarning')
  const { signal } = new AbortController()
  for (let count = 0; count < 20; count++) onAbort(signal, () => undefined)
  expect(warn).not.toHaveBeenCalled()
  warn.mockRestore()
})

describe('untilAborted', () => {
  test('gives what the work gives, and listens no longer', async () => {
    const { signal } = new AbortController()
    await expect(untilAborted(Promise.resolve(1), signal)).resolves.toBe(1)
    await expect(untilAborted(Promise.reject(new Error('failed')), signal)).rejects.toThrow('failed')
    expect(getEventListeners(signal, 'abort')).toEqual([])
  })

  test('takes what a store in JavaScript may return instead of a promise', async () => {
    await expect(untilAborted(1, new AbortController().signal)).resolves.toBe(1)
  })

  test('rejects with the reason, whatever becomes of the work', async () => {
    const controller = new AbortController()
    // If its rejection were left unhandled, this test would fail.
    const late = new Promise<never>((_, reject) => setImmediate(() => reject(new Error('too late'))))
    const waits = [never, late].map((work) => untilAborted(work, controller.signal))
    controller.abort('enough')
    expect(await Promise.allSettled(waits)).toEqual(
      waits.map(() => ({ status: 'rejected', reason: 'enough' })),
    )
    await new Promise((resolve) => setImmediate(resolve))
  })
})

test('either of two signals ends the work, and one or none is passed on as it is', () => {
  const [first, second] = [new AbortController(), new AbortController()]
  expect(eitherSignal(first.signal, undefined)).toBe(first.signal)
  expect(eitherSignal(undefined, second.signal)).toBe(second.signal)
  expect(eitherSignal(undefined, undefined)).toBeUndefined()
  for (const [index, controller] of [first, second].entries()) {
    const both = eitherSignal(new AbortController().signal, controller.signal)
    const reversed = eitherSignal(controller.signal, new AbortController().signal)
    controller.abort(index)
    expect([both?.reason, reversed?.reason]).toEqual([index, index])
  }
})
