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

/** The processes that a process has started; none where there is no /proc. */
export function childrenOf(pid: number): readonly number[] {
  try {
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim()
    return children === '' ? [] : children.split(' ').map(Number)
  } catch {
    return []
  }
}

/** USER_HZ, which is 100 on every architecture that Node runs on (proc(5)). */
const millisecondsPerTick = 10

/** Fields 14 and 15 of proc_pid_stat(5): in user mode and in the kernel. The name before them may hold anything. */
function ticks(stat: string): number {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return Number(fields[11]) + Number(fields[12])
}

/** Processor time of this process while something runs: of the main thread, and of all others. */
export class OwnProcessorTime {
  #operations = 0
  #main = 0
  #all = 0
  #start = { main: 0, all: 0 }

  reset(): void {
    this.#operations = 0
    this.#main = 0
    this.#all = 0
  }

  start(): void {
    this.#start = now()
  }

  /** @param operations how many were done since the start */
  stop(operations: number): void {
    const { main, all } = now()
    this.#main += main - this.#start.main
    this.#all += all - this.#start.all
    this.#operations += operations
  }

  /** For one operation, in microseconds; null on a version of Node that does not count threads (before 23.9). */
  get perOperation(): ProcessorTime | null {
    if (threadCpuUsage === undefined || this.#operations === 0) return null
    return {
      main: this.#main / this.#operations,
      others: (this.#all - this.#main) / this.#operations,
    }
  }
}

/** The types of Node 20 do not have it. */
const threadCpuUsage = Reflect.get(process, 'threadCpuUsage') as (() => NodeJS.CpuUsage) | undefined

/** In microseconds. */
function now(): { readonly main: number; readonly all: number } {
  return { main: threadCpuUsage === undefined ? 0 : sum(threadCpuUsage()), all: sum(process.cpuUsage()) }
}

function sum({ user, system }: NodeJS.CpuUsage): number {
  return user + system
}
