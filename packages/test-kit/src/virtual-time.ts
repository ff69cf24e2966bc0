import { beforeEach, onTestFinished, vi } from 'vitest'

/** Milliseconds of virtual time for each turn of an event loop that has nothing to do. */
const perIdleTurn = 10

/** The part of a turn in which the event loop of an idle process waits. */
const idle = 0.5

/**
 * Runs every test of the file, or of the enclosing `describe`, in virtual time. Timers, `performance` and `Date` are
 * those of Vitest. While the process only waits for time, its time runs ahead. While it has work to do, such as TLS
 * handshakes with the emulator in the same process, its time advances by a millisecond a turn. So a busy machine
 * changes only how long the test takes.
 */
export function useVirtualTime(): void {
  beforeEach(() => {
    const { setInterval, clearInterval } = globalThis
    const utilization = performance.eventLoopUtilization.bind(performance)
    let before = utilization()
    vi.useFakeTimers({
      toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'performance', 'Date'],
    })
    const turns = setInterval(() => {
      const now = utilization()
      vi.advanceTimersByTime(utilization(now, before).utilization < idle ? perIdleTurn : 1)
      before = now
    }, 1)
    // The last of the hooks: what the test started is closed in virtual time as well.
    onTestFinished(() => {
      clearInterval(turns)
      vi.useRealTimers()
    })
  })
}

/** Waits in virtual time. */
export function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds))
}
