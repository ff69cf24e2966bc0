import { parseArgs } from 'node:util'
import { machine } from './machine.ts'
import type { Plan } from './measure.ts'
import { publish, type SuiteResults } from './results.ts'
import type { Suite } from './suite.ts'
import { importCost } from './suites/import-cost.ts'
import { jws } from './suites/jws.ts'
import { pool } from './suites/pool.ts'
import { remote } from './suites/remote.ts'
import { tokenServer } from './suites/token-server.ts'
import { x509 } from './suites/x509.ts'
import { formatTable } from './table.ts'

const suites: readonly Suite[] = [jws, pool, remote, tokenServer, x509, importCost]

const quick: Plan = { rounds: 7, turns: 10, turn: 5 }
const full: Plan = { rounds: 15, turns: 25, turn: 8 }

const usage = `npm run bench -- [options]
  --suite NAME  only this one, repeatable: ${suites.map(({ name }) => name).join(', ')}
  --full        measure longer
  --json        one JSON object per row on stdout
  --publish     keep the results in benchmarks/results and put them into benchmarks/README.md`

const { values: options } = parseArgs({
  options: {
    suite: { type: 'string', multiple: true },
    full: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    publish: { type: 'boolean', default: false },
    help: { type: 'boolean', short: 'h', default: false },
  },
})

const chosen = (options.suite ?? suites.map(({ name }) => name)).map((name) =>
  suites.find((suite) => suite.name === name),
)
if (options.help || chosen.some((suite) => suite === undefined)) {
  console.error(usage)
  process.exitCode = options.help ? 0 : 1
} else {
  await run(chosen.filter((suite) => suite !== undefined))
}

async function run(these: readonly Suite[]): Promise<void> {
  const results: SuiteResults[] = []
  for (const suite of these) {
    const rows = await suite.run({
      plan: options.full ? full : quick,
      isFull: options.full,
      progress: (what) => process.stderr.write(`${suite.name}: ${what} …\n`),
    })
    results.push({ suite: suite.name, title: suite.title, rows })
    if (options.json) for (const row of rows) console.log(JSON.stringify(row))
    else console.log(`\n${suite.title}\n\n${formatTable(rows)}\n`)
  }
  if (options.publish) publish(machine(), results)
}
