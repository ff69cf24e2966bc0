import { measure, type Contestant, type Plan, type Row } from '../measuring/measure.ts'
import { childrenOf, processorTime, type ProcessorTime } from '../measuring/processor-time.ts'
import { connections, type TokenServers } from './token-servers.ts'

/** Servers that are measured together, as one row of a table. */
export interface MeasuredServers extends Pick<Contestant, 'name' | 'mode' | 'role'> {
  readonly servers: TokenServers
}

/** Measures servers against each other, and the processor time that each of them takes for a token. */
export async function measureServers(
  suite: string,
  alg: string,
  measured: readonly MeasuredServers[],
  plan: Plan,
): Promise<Row[]> {
  const meters = measured.map(({ servers }) => new Meter(servers))
  const contestants = measured.map(({ name, mode, role, servers }, index): Contestant => ({
    name,
    mode,
    role,
    minimum: 3 * connections,
    run: async (count) => {
      await servers.load.run(count)
      meters[index]?.add(count)
    },
    onWarm: () => meters[index]?.reset(),
  }))
  const rows = await measure(suite, alg, contestants, plan)
  return rows.map((row, index) => {
    const cpu = meters[index]?.perToken ?? null
    return cpu === null ? row : { ...row, cpu }
  })
}

/** Counts tokens and the processor time that their servers took; a server is idle between its turns. */
class Meter {
  readonly #servers: TokenServers
  #tokens = 0
  #start: ProcessorTime | null = null

  constructor(servers: TokenServers) {
    this.#servers = servers
  }

  reset(): void {
    this.#tokens = 0
    this.#start = this.#now()
  }

  add(tokens: number): void {
    this.#tokens += tokens
  }

  /** In microseconds; null where it cannot be known. */
  get perToken(): ProcessorTime | null {
    const [start, now] = [this.#start, this.#now()]
    if (start === null || now === null) return null
    const perToken = 1000 / this.#tokens
    return { main: (now.main - start.main) * perToken, others: (now.others - start.others) * perToken }
  }

  #now(): ProcessorTime | null {
    const times = this.#servers.processes.flatMap(({ pid = 0 }) => [
      processorTime(pid),
      ...childrenOf(pid).map(processorTime),
    ])
    return times.reduce(
      (sum, each) =>
        sum === null || each === null
          ? null
          : { main: sum.main + each.main, others: sum.others + each.others },
      { main: 0, others: 0 },
    )
  }
}
