import { spawnSync } from 'node:child_process'
import { createRequire } from 'node:module'
import { satisfies } from 'semver'
import { describe, expect, test } from 'vitest'

const root = new URL('..', import.meta.url).pathname
const { isSupported } = createRequire(import.meta.url)('../scripts/check-node.cjs') as {
  isSupported: (version: string) => boolean
}

test.each([
  '12.22.12',
  '18.20.8',
  '20.0.0',
  '20.18.9',
  '20.19.0',
  '20.20.2',
  '21.7.3',
  '22.0.0',
  '22.11.0',
  '22.12.0',
  '23.0.0',
  '24.0.0',
  '26.10.0',
])('Node %s is supported or not, as in package.json', (version) => {
  expect(isSupported(version)).toBe(satisfies(version, '^20.19.0 || >=22.12.0'))
})

/** Has this Node call itself another version. */
function asNode(version: string): string {
  const code = `Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '${version}' } })`
  return `--import=data:text/javascript,${encodeURIComponent(code)}`
}

describe.each([
  ['npm start', 'token-server', ['scripts/start.cjs', 'apps/token-server']],
  ['npm run start:vault', 'vault-demo', ['scripts/start.cjs', 'apps/vault-demo']],
  ['npm run bench', 'benchmarks', ['scripts/start.cjs', 'benchmarks']],
  ['npx sealwright', 'sealwright', ['packages/cli/bin/sealwright.js']],
  ['npx keyvault-emulator', 'keyvault-emulator', ['packages/keyvault-emulator/bin/keyvault-emulator.js']],
])('%s', (_, name, command) => {
  test.each(['18.20.8', '20.18.3', '22.11.0'])('says in one line that Node %s is too old', (version) => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [asNode(version), ...command], {
      cwd: root,
      encoding: 'utf8',
    })
    expect([status, stdout, stderr]).toEqual([
      1,
      '',
      `${name}: needs Node 20.19, 22.12 or newer; this is Node ${version}\n`,
    ])
  })
})
