import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { drawChart } from './chart.ts'
import type { Machine } from './machine.ts'
import type { Row } from './measure.ts'
import { formatTable } from './table.ts'

/** What one suite measured. */
export interface SuiteResults {
  readonly suite: string
  readonly title: string
  readonly rows: readonly Row[]
}

/** A file in benchmarks/results: one for each major version of Node. */
interface Results {
  readonly machine: Machine
  readonly suites: readonly SuiteResults[]
}

const folder = new URL('../results/', import.meta.url)
const readme = new URL('../README.md', import.meta.url)

/** Keeps results, in place of older ones of the same suites, and puts all that is kept into the README. */
export function publish(machine: Machine, suites: readonly SuiteResults[]): void {
  mkdirSync(folder, { recursive: true })
  const file = new URL(`node-${machine.node.split('.')[0]}.json`, folder)
  const older = readResults(file)?.suites ?? []
  const kept = older.filter(({ suite }) => !suites.some((newer) => newer.suite === suite))
  const results: Results = { machine, suites: [...kept, ...suites] }
  writeFileSync(file, `${JSON.stringify(results, null, 2)}\n`)

  const all = readdirSync(folder)
    .filter((name) => name.endsWith('.json'))
    .toSorted()
    .flatMap((name) => readResults(new URL(name, folder)) ?? [])
  const [first] = all
  if (first !== undefined) writeFileSync(new URL('chart.svg', folder), drawChart(rowsOf(first, 'jws')))
  const [before, after] = readFileSync(readme, 'utf8').split(/(?<=<!-- results -->\n)[^]*(?=<!-- end -->)/)
  writeFileSync(readme, `${before}\n${all.map(section).join('\n\n')}\n\n${after}`)
}

function section({ machine, suites }: Results): string {
  const { cpu, cores, system, node, openssl, date, versions } = machine
  const names = Object.entries(versions)
    .filter(([name]) => !name.startsWith('@sealwright/'))
    .map(([name, version]) => `${name} ${version}`)
  return [
    `## Node ${node}`,
    `${cpu}, ${cores} cores, ${system}, OpenSSL ${openssl}, ${date}. ${names.join(', ')}.`,
    ...suites.flatMap(({ title, rows }) => [`### ${title}`, formatTable(rows)]),
  ].join('\n\n')
}

function rowsOf(results: Results, suite: string): readonly Row[] {
  return results.suites.find((each) => each.suite === suite)?.rows ?? []
}

function readResults(file: URL): Results | null {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Results
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null
    throw error
  }
}
