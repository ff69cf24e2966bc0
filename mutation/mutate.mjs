// node mutation/mutate.mjs TARGET [FILE ...]
//
// Takes parts out of the sources one at a time, and fails when the tests miss more than a tenth of them. FILE limits it
// to some files, such as packages/core/src/errors.ts. The sources are changed in place and restored at the end: run it
// where nothing else needs them.
import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { Stryker } from '@stryker-mutator/core'
import { targets } from './targets.mjs'

const [name, ...files] = process.argv.slice(2)
const target = targets[name]
if (target === undefined) {
  console.error(
    `usage: node mutation/mutate.mjs TARGET [FILE ...]\nTARGET is one of ${Object.keys(targets).join(', ')}`,
  )
  process.exit(2)
}

process.chdir(fileURLToPath(new URL('..', import.meta.url)))
const uncommitted = execFileSync('git', ['status', '--porcelain', '--', ...target.sources], {
  encoding: 'utf8',
})
if (uncommitted !== '') {
  console.error(
    `commit these first, so that "git restore" can undo a run that is interrupted:\n${uncommitted}`,
  )
  process.exit(2)
}

process.env.MUTATION_TARGET = name
const results = await new Stryker({
  mutate:
    files.length > 0
      ? files
      : target.sources.map((path) => (path.endsWith('.ts') ? path : `${path}/**/*.ts`)),
  testRunner: 'vitest',
  plugins: [new URL('vitest-runner.mjs', import.meta.url).href],
  vitest: { configFile: 'mutation/vitest.config.mjs', related: false },
  coverageAnalysis: 'perTest',
  inPlace: true,
  concurrency: 1,
  // A mutant that makes an endless loop is ended; a slow machine alone ends none.
  timeoutMS: 60_000,
  timeoutFactor: 6,
  dryRunTimeoutMinutes: 30,
  thresholds: { high: 95, low: 90, break: 90 },
  disableTypeChecks: false,
  tempDirName: 'mutation/.stryker-tmp',
  incremental: process.env.MUTATION_INCREMENTAL === '1',
  incrementalFile: `mutation/reports/${name}.incremental.json`,
  reporters: ['clear-text', 'json'],
  clearTextReporter: { allowColor: process.stdout.isTTY, logTests: false, reportTests: false },
  jsonReporter: { fileName: `mutation/reports/${name}.json` },
}).runMutationTest()
console.log(`${results.length} mutants`)
