import { monitorEventLoopDelay, performance } from 'node:perf_hooks'
import type { Meter } from '@opentelemetry/api'

const nanosecondsPerSecond = 1e9

/**
 * The CPU time, the memory and the event loop of this process, under the names of OpenTelemetry's conventions.
 *
 * @returns a function that stops the measurement of the event loop
 */
export function observeProcess(meter: Meter): () => void {
  const seconds = { unit: 's' }
  const cpu = meter.createObservableCounter('process.cpu.time', {
    ...seconds,
    description: 'CPU time that the process has used.',
  })
  const memory = meter.createObservableUpDownCounter('process.memory.usage', {
    unit: 'By',
    description: 'Memory that the process has in RAM.',
  })
  const uptime = meter.createObservableGauge('process.uptime', {
    ...seconds,
    description: 'Time since the start of the process.',
  })
  const loopTime = meter.createObservableCounter('nodejs.eventloop.time', {
    ...seconds,
    description: 'Time that the event loop was active or idle.',
  })
  const delays = ['p50', 'p99', 'max'].map((name) =>
    meter.createObservableGauge(`nodejs.eventloop.delay.${name}`, {
      ...seconds,
      description: `Delay of the event loop since the last scrape, ${name}.`,
    }),
  )
  const [p50, p99, max] = delays
  const delay = monitorEventLoopDelay({ resolution: 20 })
  delay.enable()
  meter.addBatchObservableCallback(
    (result) => {
      const { user, system } = process.cpuUsage()
      result.observe(cpu, user / 1e6, { 'cpu.mode': 'user' })
      result.observe(cpu, system / 1e6, { 'cpu.mode': 'system' })
      result.observe(memory, process.memoryUsage.rss())
      result.observe(uptime, process.uptime())
      const { active, idle } = performance.eventLoopUtilization()
      result.observe(loopTime, active / 1_000, { 'nodejs.eventloop.state': 'active' })
      result.observe(loopTime, idle / 1_000, { 'nodejs.eventloop.state': 'idle' })
      if (p50 !== undefined) result.observe(p50, delay.percentile(50) / nanosecondsPerSecond)
      if (p99 !== undefined) result.observe(p99, delay.percentile(99) / nanosecondsPerSecond)
      if (max !== undefined) result.observe(max, delay.max / nanosecondsPerSecond)
      delay.reset()
    },
    [cpu, memory, uptime, loopTime, ...delays],
  )
  return () => delay.disable()
}
