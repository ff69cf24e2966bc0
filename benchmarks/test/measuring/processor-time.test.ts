import { existsSync } from 'node:fs'
import { expect, test } from 'vitest'
import { OwnProcessorTime, processorTime, type ProcessorTime } from '../../src/measuring/processor-time.ts'

test.skipIf(!existsSync('/proc/self/task'))('counts what this process takes (needs /proc)', () => {
  const before = sum(processorTime(process.pid))
  const cpu = process.cpuUsage()
  const end = performance.now() + 300
  while (performance.now() < end);
  const { user, system } = process.cpuUsage(cpu)
  // In steps of ten milliseconds, for each of the threads that were busy.
  expect(Math.abs(sum(processorTime(process.pid)) - before - (user + system) / 1000)).toBeLessThan(60)
})

test('is null for a process that is not there', () => {
  expect(processorTime(2 ** 30)).toBeNull()
})

test.skipIf(!('threadCpuUsage' in process))(
  'counts what runs between start and stop [needs Node 23.9]',
  () => {
    const time = new OwnProcessorTime()
    expect(time.perOperation).toBeNull()
    time.start()
    time.stop(1)
    time.reset()
    const outside = performance.now() + 100
    while (performance.now() < outside);
    time.start()
    const before = process.cpuUsage()
    const end = performance.now() + 50
    while (performance.now() < end);
    const { user, system } = process.cpuUsage(before)
    time.stop(1000)
    const { main, others } = time.perOperation ?? { main: 0, others: 0 }
    expect(main + others).toBeCloseTo((user + system) / 1000, -1)
    expect(main).toBeGreaterThan(others)
  },
)

function sum(time: ProcessorTime | null): number {
  return time === null ? Number.NaN : time.main + time.others
}
