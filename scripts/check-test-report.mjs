// Reads vitest's JSON report. Fails when nothing ran or when a test was skipped, naming it: where this is called, every
// program a test may want is installed. Four things may be missing: other people's test data, which is not ours to publish;
// what this version of Node does not have; the rights of root; and the minutes that a test of the nightly run takes.
// With --count it prints the passed and failed tests instead.
import { generateKeyPairSync } from 'node:crypto'
import { readFileSync } from 'node:fs'

const [count, file] = process.argv[2] === '--count' ? [true, process.argv[3]] : [false, process.argv[2]]
const report = read(file)
const tests = report.testResults.flatMap((each) =>
  each.assertionResults.map((test) => ({ status: test.status, name: `${each.name}: ${test.fullName}` })),
)
const passed = tests.filter(({ status }) => status === 'passed').length
const failed = tests.filter(({ status }) => status === 'failed').length
const skipped = tests.filter(({ status }) => status !== 'passed' && status !== 'failed')

if (count) {
  console.log(passed, failed)
} else {
  for (const { name, status } of skipped) console.error(`${status}: ${name}`)
  console.log(`${passed} passed, ${failed} failed, ${skipped.length} skipped`)
  const expected = [
    '[needs test data from elsewhere',
    '[needs SEALWRIGHT_FULL=1]',
    ...(process.geteuid?.() === 0 ? [] : ['[needs root']),
    ...(hasMlDsa() ? [] : ['[needs ML-DSA']),
    ...(process.threadCpuUsage === undefined ? ['[needs Node 23.9]'] : []),
  ]
  const unexpected = skipped.filter(({ name }) => !expected.some((reason) => name.includes(reason)))
  if (passed === 0 || unexpected.length > 0) process.exitCode = 1
}

function hasMlDsa() {
  try {
    generateKeyPairSync('ml-dsa-44')
    return true
  } catch {
    return false
  }
}

function read(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8'))
  } catch {
    return { testResults: [] } // vitest did not get as far as a report
  }
}
