import { onTestFinished, vi } from 'vitest'
import { isBusy } from './memory-store.ts'
import { openKeyRing, type KeyRing, type KeyRingEvent, type RingClock } from '../../src/index.ts'

/** Timers and times that a test moves. What WebCrypto and libuv do stays real. */
export function useVirtualTime(): void {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'], now: Date.UTC(2030, 0, 1) })
  onTestFinished(() => {
    vi.useRealTimers()
  })
}

/** Has the timeouts of reads and writes pass with the timers. After {@link useVirtualTime}. */
export function useVirtualTimeouts(): void {
  const timeout = vi.spyOn(AbortSignal, 'timeout').mockImplementation((milliseconds) => {
    const controller = new AbortController()
    setTimeout(() => controller.abort(new DOMException('timed out', 'TimeoutError')), milliseconds)
    return controller.signal
  })
  onTestFinished(() => timeout.mockRestore())
}

/** Lets so many seconds pass, with all that timers start meanwhile. Keys are made in real time, which is waited for. */
export async function pass(seconds: number): Promise<void> {
  const end = Date.now() + seconds * 1_000
  while (Date.now() < end) {
    await vi.advanceTimersByTimeAsync(Math.min(10_000, end - Date.now()))
    do await new Promise((resolve) => setImmediate(resolve))
    while (isBusy())
  }
}

/** Opens a ring on the virtual clock that closes with the test, and collects what it reports. */
export async function openTestRing(
  ...[sources, policy, options]: Parameters<typeof openKeyRing>
): Promise<{ readonly ring: KeyRing; readonly events: KeyRingEvent[] }> {
  const events: KeyRingEvent[] = []
  const ring = await openKeyRing(sources, policy, {
    clock: dateClock,
    onEvent: (event) => events.push(event),
    ...options,
  })
  onTestFinished(() => {
    ring.close()
  })
  return { ring, events }
}

export const dateClock: RingClock = { now: () => Date.now(), elapsed: () => Date.now() }
