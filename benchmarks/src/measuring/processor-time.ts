import { readdirSync, readFileSync } from 'node:fs'

/** Processor time in milliseconds since a process began: of its main thread, and of all others it has. */
export interface ProcessorTime {
  readonly main: number
  readonly others: number
}

/** @returns null where there is no /proc, or it is of no use any more */
export function processorTime(pid: number): ProcessorTime | null {
  try {
    let main = 0
    let others = 0
    for (const thread of readdirSync(`/proc/${pid}/task`)) {
      const time = ticks(readFileSync(`/proc/${pid}/task/${thread}/stat`, 'utf8')) * millisecondsPerTick
      if (thread === String(pid)) main += time
      else others += time
    }
    return { main, others }
  } catch {
    return null
  }
}

/** USER_HZ, which is 100 on every architecture that Node runs on (proc(5)). */
const millisecondsPerTick = 10

/** Fields 14 and 15 of proc_pid_stat(5): in user mode and in the kernel. The name before them may hold anything. */
function ticks(stat: string): number {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return Number(fields[11]) + Number(fields[12])
}
