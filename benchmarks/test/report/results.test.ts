import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Machine } from '../../src/report/machine.ts'
import { publish, type Places } from '../../src/report/results.ts'
import type { Suite } from '../../src/suite.ts'
import { row } from '../support/rows.ts'

const run = async (): Promise<never[]> => []
const suites: readonly Suite[] = [
  { name: 'jws', title: 'One token', run },
  { name: 'pool', title: 'Many tokens', run, conclude: (rows) => `${rows.length} rows were there.` },
]
const pool = { suite: 'pool', title: 'Many tokens', rows: [row({ suite: 'pool' })] }
const jws = { suite: 'jws', title: 'One token', rows: [row({ ratioToLimit: 0.9, ratioToBestPeer: 1.2 })] }

let folder = ''
let places: Places

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'results-'))
  places = {
    folder: pathToFileURL(`${folder}/results/`),
    readme: pathToFileURL(join(folder, 'README.md')),
    modes: { readme: pathToFileURL(join(folder, 'modes.md')), node: '24' },
  }
  const marks = ['summary', 'results'].map((name) => `<!-- ${name} -->\nold\n<!-- end of ${name} -->`)
  writeFileSync(places.readme, `before\n${marks.join('\nbetween\n')}\nafter\n`)
})

test('the table of modes is that of one version of Node', () => {
  const modes = '# jws\n\n<!-- modes -->\nold\n<!-- end of modes -->\n\nafter\n'
  writeFileSync(places.modes.readme, modes)
  publish(places, machine({ node: '20.0.0' }), [pool], suites)
  expect(readFileSync(places.modes.readme, 'utf8')).toBe(modes)
  publish(places, machine({ node: '24.0.0' }), [pool], suites)
  expect(readFileSync(places.modes.readme, 'utf8')).toMatch(
    /^# jws\n\n<!-- modes -->\n\n\| .*\n<!-- end of modes -->\n\nafter\n$/s,
  )
})

afterEach(() => rmSync(folder, { recursive: true }))

function machine(given: Partial<Machine>): Machine {
  return {
    cpu: 'a CPU',
    cores: 2,
    system: 'Linux x64',
    node: '20.20.2',
    openssl: '3.0.19',
    date: '2026-01-01',
    versions: { jose: '6.0.0', forge: '1.0.0', '@sealwright/jws': '0.1.0' },
    ...given,
  }
}

function kept(node: string): { machine: Machine; suites: { suite: string; machine: Machine }[] } {
  return JSON.parse(readFileSync(new URL(`node-${node}.json`, places.folder), 'utf8')) as ReturnType<
    typeof kept
  >
}

test('the README keeps what is around the marks and gets what is between them', () => {
  publish(places, machine({}), [pool, jws], suites)
  const readme = readFileSync(places.readme, 'utf8')
  expect(readme).toMatch(/^before\n<!-- summary -->\n\n\| what .*<!-- end of results -->\nafter\n$/s)
  expect(readme).toContain('\nbetween\n')
  expect(readme).not.toContain('old')
  expect(readme).toContain('1 rows were there.')
  expect(readme.indexOf('#### One token')).toBeLessThan(readme.indexOf('#### Many tokens'))
  expect(readFileSync(new URL('chart.svg', places.folder), 'utf8')).toContain('<svg')

  publish(places, machine({}), [pool, jws], suites)
  expect(readFileSync(places.readme, 'utf8')).toBe(readme)
})

test('a suite that is published alone leaves the others as they are, each with its own date and machine', () => {
  publish(places, machine({}), [pool, jws], suites)
  const later = machine({ date: '2026-02-02', node: '20.21.0', cpu: 'another CPU' })
  publish(places, later, [{ ...jws, rows: [row({ opsPerSec: 12_345 })] }], suites)
  expect(kept('20').suites.map(({ suite, machine: { date, cpu } }) => [suite, date, cpu])).toEqual([
    ['jws', '2026-02-02', 'another CPU'],
    ['pool', '2026-01-01', 'a CPU'],
  ])
  const readme = readFileSync(places.readme, 'utf8')
  expect(readme).toMatch(/#### One token\n\n2026-02-02: another CPU.*Node 20\.21\.0.*12,345/s)
  expect(readme).toMatch(/#### Many tokens\n\n2026-01-01: a CPU.*Node 20\.20\.2/s)
})

test('the libraries that have a row are named with their versions', () => {
  const rows = [row({}), row({ name: 'jose' })]
  publish(places, machine({}), [{ ...jws, rows }], suites)
  expect(readFileSync(places.readme, 'utf8')).toContain(
    '2026-01-01: a CPU, 2 cores, Linux x64, Node 20.20.2, OpenSSL 3.0.19, jose 6.0.0.\n',
  )
})

test('a file from before suites had a machine of their own: theirs is that of the file', () => {
  publish(places, machine({}), [pool], suites)
  const older = kept('20')
  const bare = {
    machine: older.machine,
    suites: older.suites.map((suite) => ({ ...suite, machine: undefined })),
  }
  writeFileSync(new URL('node-20.json', places.folder), JSON.stringify(bare))
  publish(places, machine({ date: '2026-02-02' }), [jws], suites)
  expect(kept('20').suites[1]).toMatchObject({ suite: 'pool', machine: { date: '2026-01-01' } })
})

test('each major version of Node has a file and its part of the README', () => {
  publish(places, machine({}), [jws], suites)
  publish(places, machine({ node: '26.1.0' }), [jws], suites)
  const readme = readFileSync(places.readme, 'utf8')
  expect(readme).toMatch(
    /<summary>Node 20\.20\.2<\/summary>.*<\/details>.*<summary>Node 26\.1\.0<\/summary>/s,
  )
  expect(readme).toMatch(/\| what +\| +target \| Node 20\.20\.2 \| Node 26\.1\.0 \|/)
})

test('a README without marks is refused and left alone', () => {
  writeFileSync(places.readme, '<!-- summary --><!-- end of summary -->')
  expect(() => publish(places, machine({}), [jws], suites)).toThrow('<!-- results -->')
  expect(readFileSync(places.readme, 'utf8')).toBe('<!-- summary --><!-- end of summary -->')
})
