import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { drawChart } from './chart.ts'
import type { Machine } from './machine.ts'
import type { Row } from '../measuring/measure.ts'
import { formatModes } from './modes.ts'
import type { Suite } from '../suite.ts'
import { formatSummary } from './summary.ts'
import { formatTable } from './table.ts'

/** What one suite measured. */
export interface SuiteResults {
  readonly suite: string
  readonly title: string
  /** Where and when. Default: that of the file. */
  readonly machine?: Machine
  readonly rows: readonly Row[]
}

/** A file in benchmarks/results: one for each major version of Node. */
interface Results {
  /** Where and when the latest of the suites was measured. */
  readonly machine: Machine
  readonly suites: readonly SuiteResults[]
}

/** Where results are kept. */
export interface Places {
  /** Of the JSON files and the chart; ends with a slash. */
  readonly folder: URL
  readonly readme: URL
  /** The README of @sealwright/jws, which shows where signatures can be made on one version of Node. */
  readonly modes: { readonly readme: URL; readonly node: string }
}

/**
 * Keeps results, replaces older ones of the same suites, and puts all kept results into the README between its marks.
 *
 * @param all the suites there are, in the order in which they are shown
 * @throws Error when a README has no marks
 */
export function publish(
  { folder, readme, modes }: Places,
  machine: Machine,
  measured: readonly SuiteResults[],
  all: readonly Suite[],
): void {
  mkdirSync(folder, { recursive: true })
  const file = new URL(`node-${majorOf(machine)}.json`, folder)
  const older = readResults(file)
  const suites = all.flatMap(({ name }): SuiteResults[] => {
    const newer = measured.find(({ suite }) => suite === name)
    if (newer !== undefined) return [{ ...newer, machine }]
    const kept = older?.suites.find(({ suite }) => suite === name)
    return older === null || kept === undefined ? [] : [{ machine: older.machine, ...kept }]
  })
  writeFileSync(file, `${JSON.stringify({ machine, suites } satisfies Results, null, 2)}\n`)

  const results = readdirSync(folder)
    .filter((name) => name.endsWith('.json'))
    .toSorted()
    .flatMap((name) => readResults(new URL(name, folder)) ?? [])
  const [first] = results
  const jws = first?.suites.find(({ suite }) => suite === 'jws')
  if (jws !== undefined) writeFileSync(new URL('chart.svg', folder), drawChart(jws.rows))

  const shown = results.find((each) => majorOf(each.machine) === modes.node)?.suites
  const loads = shown?.find(({ suite }) => suite === 'pool')
  if (loads !== undefined) {
    const text = readFileSync(modes.readme, 'utf8')
    writeFileSync(modes.readme, replaceBetween(text, 'modes', formatModes(loads.rows)))
  }

  const text = readFileSync(readme, 'utf8')
  const summary = formatSummary(
    results.map(({ machine: { node }, suites: each }) => ({ node, rows: each.flatMap(({ rows }) => rows) })),
  )
  const details = results.map((each) => formatDetails(each, all)).join('\n\n')
  writeFileSync(readme, replaceBetween(replaceBetween(text, 'summary', summary), 'results', details))
}

/** Replaces what is between `<!-- NAME -->` and `<!-- end of NAME -->`. */
function replaceBetween(text: string, name: string, content: string): string {
  const [start, end] = [`<!-- ${name} -->`, `<!-- end of ${name} -->`]
  const [from, to] = [text.indexOf(start), text.indexOf(end)]
  if (from === -1 || to < from) throw new Error(`the README has no ${start} … ${end}`)
  return `${text.slice(0, from + start.length)}\n\n${content}\n\n${text.slice(to)}`
}

/** The tables of one version of Node, folded. */
function formatDetails({ machine, suites }: Results, all: readonly Suite[]): string {
  return [
    `<details>\n<summary>Node ${machine.node}</summary>`,
    ...suites.flatMap(({ suite, title, machine: its = machine, rows }) => [
      `#### ${title}`,
      formatMachine(its, rows),
      formatTable(rows),
      ...conclusion(all, suite, rows),
    ]),
    '</details>',
  ].join('\n\n')
}

function conclusion(all: readonly Suite[], name: string, rows: readonly Row[]): string[] {
  const text = all.find((suite) => suite.name === name)?.conclude?.(rows) ?? ''
  return text === '' ? [] : [text]
}

/** Where and when, and the versions of those that have a row. */
function formatMachine(
  { cpu, cores, system, node, openssl, date, versions }: Machine,
  rows: readonly Row[],
): string {
  const libraries = Object.entries(versions)
    .filter(([library]) => !library.startsWith('@sealwright/') && rows.some(({ name }) => name === library))
    .map((each) => each.join(' '))
  const place = `${cpu}, ${cores} cores, ${system}, Node ${node}, OpenSSL ${openssl}`
  return `${[`${date}: ${place}`, ...libraries].join(', ')}.`
}

function majorOf({ node }: Machine): string {
  return node.split('.')[0] ?? node
}

function readResults(file: URL): Results | null {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Results
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null
    throw error
  }
}
