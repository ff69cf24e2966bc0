import { parseArgs } from 'node:util'
import { machine } from './report/machine.ts'
import type { Plan } from './measuring/measure.ts'
import { publish, type Places, type SuiteResults } from './report/results.ts'
import type { Suite } from './suite.ts'
import { formatTable } from './report/table.ts'

/** The environment of the command. */
export interface Surroundings {
  readonly suites: readonly Suite[]
  /** How long to measure: usually, and with `--full`. */
  readonly plans: { readonly quick: Plan; readonly full: Plan }
  readonly places: Places
  /** Results. */
  readonly print: (line: string) => void
  /** Progress and complaints. */
  readonly say: (line: string) => void
}

/** @returns the exit code */
export async function runCommand(args: readonly string[], surroundings: Surroundings): Promise<number> {
  const { suites, plans, places, print, say } = surroundings
  const options = read(args)
  if (typeof options === 'string' || options.help) {
    say(typeof options === 'string' ? `${options}\n${usage(suites)}` : usage(suites))
    return typeof options === 'string' ? 1 : 0
  }
  const names =
    options.suite ?? suites.filter((each) => options.full || !each.isOnlyFull).map(({ name }) => name)
  const unknown = names.find((name) => !suites.some((suite) => suite.name === name))
  if (unknown !== undefined) {
    say(`there is no suite ${unknown}\n${usage(suites)}`)
    return 1
  }
  const results: SuiteResults[] = []
  for (const { name, title, run, conclude } of suites.filter((suite) => names.includes(suite.name))) {
    const rows = await run({
      plan: options.full ? plans.full : plans.quick,
      isFull: options.full,
      progress: (what) => say(`${name}: ${what} …`),
    })
    results.push({ suite: name, title, rows })
    if (options.json) for (const row of rows) print(JSON.stringify(row))
    else print([`\n${title}`, formatTable(rows), conclude?.(rows) ?? ''].join('\n\n'))
  }
  if (options.publish) publish(places, machine(), results, suites)
  return 0
}

function usage(suites: readonly Suite[]): string {
  const [always, onlyFull] = [false, true].map((isOnlyFull) =>
    suites
      .filter((suite) => (suite.isOnlyFull ?? false) === isOnlyFull)
      .map(({ name }) => name)
      .join(', '),
  )
  return `npm run bench -- [options]
  --suite NAME  only this one, repeatable: ${always}; left out otherwise unless in full: ${onlyFull}
  --full        measure longer, and everything
  --json        one JSON object per row on stdout
  --publish     keep the results in benchmarks/results and put them into the READMEs`
}

interface Options {
  readonly suite?: string[] | undefined
  readonly full: boolean
  readonly json: boolean
  readonly publish: boolean
  readonly help: boolean
}

/** Returns the problem with the arguments, if any. */
function read(args: readonly string[]): Options | string {
  try {
    return parseArgs({
      args: [...args],
      options: {
        suite: { type: 'string', multiple: true },
        full: { type: 'boolean', default: false },
        json: { type: 'boolean', default: false },
        publish: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    }).values
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}
