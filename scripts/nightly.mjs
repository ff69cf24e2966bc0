// Runs the whole suite with the figures that take too long for every commit. A variable that is set already is kept;
// arguments go to vitest, such as the folder of one package.
import { spawnSync } from 'node:child_process'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'

const figures = {
  SEALWRIGHT_FULL: '1',
  // By each of the fuzz tests.
  SEALWRIGHT_FUZZ_RUNS: '100000',
  SEALWRIGHT_MANY_CERTIFICATES: '10000',
}

const vitest = join(dirname(createRequire(import.meta.url).resolve('vitest/package.json')), 'vitest.mjs')
// Some of the tests have limits of their own, for their full figures; the others get this one.
const timeout = `--testTimeout=${60 * 60_000}`
const { status, error } = spawnSync(process.execPath, [vitest, 'run', timeout, ...process.argv.slice(2)], {
  stdio: 'inherit',
  env: { ...figures, ...process.env },
})
if (error !== undefined) throw error
process.exitCode = status ?? 1
