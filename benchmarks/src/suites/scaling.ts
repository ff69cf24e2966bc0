import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { measureServers, type MeasuredServers } from '../load/measure-servers.ts'
import type { Row } from '../measuring/measure.ts'
import { scalingTable, wholeMachine } from '../report/scaling.ts'
import type { Suite, SuiteContext } from '../suite.ts'
import { startSealwright, type SealwrightOptions } from '../load/token-servers.ts'

/** The token server on one core and on all, as one process, two instances and two workers, with the processor time. */
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
  const started: MeasuredServers[] = []
  try {
    for (const [mode, options] of arrangements(progress)) {
      const servers = await startSealwright({ folder, keyType, ...options })
      started.push({ name: 'token-server', mode, role: 'own', servers })
    }
    return await measureServers('scaling', alg, started, { rounds: plan.rounds, turns: 2, turn: 400 })
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
