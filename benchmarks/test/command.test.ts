import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { runCommand, type Surroundings } from '../src/command.ts'
import type { Row } from '../src/measuring/measure.ts'
import type { Suite, SuiteContext } from '../src/suite.ts'
import { jws } from '../src/suites/jws.ts'
import { row } from './support/rows.ts'

const quick = { rounds: 1, turns: 1, turn: 0.1 }
const full = { rounds: 2, turns: 2, turn: 0.1 }

interface Ran {
  readonly code: number
  readonly printed: string
  readonly said: string
}

async function bench(suites: readonly Suite[], ...args: string[]): Promise<Ran> {
  const printed: string[] = []
  const said: string[] = []
  const nowhere = new URL('file:///nowhere/')
  const surroundings: Surroundings = {
    suites,
    plans: { quick, full },
    places: { folder: nowhere, readme: nowhere, modes: { readme: nowhere, node: '24' } },
    print: (line) => printed.push(line),
    say: (line) => said.push(line),
  }
  const code = await runCommand(args, surroundings)
  return { code, printed: printed.join('\n'), said: said.join('\n') }
}

/** A suite that says what it was given. */
function recording(name: string, log: [string, SuiteContext][], isOnlyFull = false): Suite {
  return {
    name,
    title: `The ${name} suite`,
    isOnlyFull,
    async run(context) {
      log.push([name, context])
      context.progress('something')
      return [row({ suite: name })]
    },
    conclude: () => 'In conclusion.',
  }
}

test('an unknown suite is refused before anything runs, with the names of those there are', async () => {
  const log: [string, SuiteContext][] = []
  const suites = [recording('a', log), recording('b', log, true)]
  const { code, printed, said } = await bench(suites, '--suite', 'a', '--suite', 'c')
  expect(code).toBe(1)
  expect(printed).toBe('')
  expect(said).toMatch(/^there is no suite c\n.*repeatable: a; .* full: b\n/s)
  expect(log).toEqual([])
})

test('an unknown option is refused; --help is not', async () => {
  const refused = await bench([], '--fast')
  expect(refused.code).toBe(1)
  expect(refused.said).toContain("Unknown option '--fast'")
  const helped = await bench([], '--help')
  expect(helped.code).toBe(0)
  expect(helped.said).toContain('--publish')
})

test('what takes long runs in full or when it is named', async () => {
  const log: [string, SuiteContext][] = []
  const suites = [recording('a', log), recording('b', log, true)]
  await bench(suites)
  await bench(suites, '--full')
  await bench(suites, '--suite', 'b')
  expect(log.map(([name, { plan, isFull }]) => [name, plan, isFull])).toEqual([
    ['a', quick, false],
    ['a', full, true],
    ['b', full, true],
    ['b', quick, false],
  ])
})

test('progress goes to the one side, tables with their conclusion to the other', async () => {
  const { code, printed, said } = await bench([recording('a', [])])
  expect(code).toBe(0)
  expect(said).toBe('a: something …')
  expect(printed).toMatch(/^\nThe a suite\n\n\| alg .*\n\nIn conclusion\.$/s)
})

test('--json prints one object for each row of real contestants, and nothing else', async () => {
  const { code, printed } = await bench([jws], '--json')
  expect(code).toBe(0)
  const rows = printed.split('\n').map((line) => JSON.parse(line) as Row)
  expect(rows.length).toBeGreaterThan(20)
  const anyNumber: unknown = expect.any(Number)
  for (const each of rows) {
    expect(each).toEqual({
      suite: 'jws',
      name: expect.any(String),
      alg: expect.stringMatching(/^(ES256|Ed25519|RS256|PS256)$/),
      mode: expect.stringMatching(/^(sync|auto|async)$/),
      opsPerSec: expect.any(Number),
      spread: 0,
      ratioToLimit: expect.any(Number),
      ratioToBestPeer: each.name === 'crypto.sign' ? null : anyNumber,
    })
    expect(each.opsPerSec).toBeGreaterThan(0)
  }
  expect(new Set(rows.map(({ name }) => name))).toEqual(
    new Set(['crypto.sign', 'sealwright', 'jose', 'fast-jwt', 'jsonwebtoken']),
  )
})

test('the README has the marks that publishing fills', () => {
  const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8')
  for (const name of ['summary', 'results']) {
    expect(readme).toMatch(new RegExp(`<!-- ${name} -->[^]*<!-- end of ${name} -->`))
  }
})
