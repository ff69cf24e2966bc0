import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { measure, type Contestant, type Row } from '../measuring/measure.ts'
import { childrenOf, processorTime, type ProcessorTime } from '../measuring/processor-time.ts'
import { scalingTable, wholeMachine } from '../report/scaling.ts'
import type { Suite, SuiteContext } from '../suite.ts'
import {
  connections,
  startSealwright,
  type SealwrightOptions,
  type TokenServers,
} from '../load/token-servers.ts'

/** The token server on one core and on all, in one process, in two instances and in two workers, and the processor time that a token takes. */
export const scaling: Suite = {
  name: 'scaling',
  title: 'A token server, by cores and instances',
  isOnlyFull: true,
  async run(context: SuiteContext): Promise<Row[]> {
    const rows: Row[] = []
    for (const [alg, keyType] of keys) {
      context.progress(alg)
      rows.push(...(await measureKey(alg, keyType, context)))
    }
    return rows
  },
  conclude: scalingTable,
}

const keys = [
  ['ES256', 'ec-p256'],
  ['RS256', 'rsa-2048'],
] as const

async function measureKey(alg: string, keyType: string, { plan, progress }: SuiteContext): Promise<Row[]> {
  const folder = mkdtempSync(join(tmpdir(), 'bench-'))
  const started: { readonly servers: TokenServers; readonly meter: Meter; readonly mode: string }[] = []
  try {
    for (const [mode, options] of arrangements(progress)) {
      const servers = await startSealwright({ folder, keyType, ...options })
      started.push({ servers, meter: new Meter(servers), mode })
    }
    const contestants = started.map(({ servers, meter, mode }): Contestant => ({
      name: 'token-server',
      mode,
      role: 'own',
      minimum: 3 * connections,
      run: async (count) => {
        await servers.load.run(count)
        meter.add(count)
      },
      onWarm: () => meter.reset(),
    }))
    const rows = await measure('scaling', alg, contestants, { rounds: plan.rounds, turns: 2, turn: 400 })
    return rows.map((row, index) => {
      const cpu = started[index]?.meter.perToken ?? null
      return cpu === null ? row : { ...row, cpu }
    })
  } finally {
    for (const { servers } of started) servers.close()
    rmSync(folder, { recursive: true })
  }
}

type Arrangement = readonly [mode: string, options: Pick<SealwrightOptions, 'instances' | 'workers' | 'core'>]

function arrangements(progress: SuiteContext['progress']): readonly Arrangement[] {
  const unbound: readonly Arrangement[] = [
    [wholeMachine, {}],
    ['2 instances', { instances: 2 }],
    ['2 workers', { workers: 2 }],
  ]
  if (hasTaskset()) return [['1 instance on 1 core', { core: 0 }], ...unbound]
  progress('without one core alone, for which taskset of util-linux is needed')
  return unbound
}

function hasTaskset(): boolean {
  try {
    execFileSync('taskset', ['--version'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

/** Counts tokens and the processor time that their servers took; nothing runs on a server while it is not its turn. */
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
