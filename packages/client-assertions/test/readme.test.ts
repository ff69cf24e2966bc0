import { createPublicKey, generateKeyPairSync } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { algorithms } from '@sealwright/core'
import { describe, expect, test } from 'vitest'
import { services } from './support/services.ts'

const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8')
const examples = [...readme.matchAll(/^<!-- (test\/examples\/[\w-]+\.ts) -->\n\n```ts\n(.*?)```/gms)]

test('the README shows the examples that the tests run', () => {
  expect(examples.map(([, path]) => path)).toHaveLength(8)
  for (const [, path = '', code] of examples) {
    expect(code, path).toBe(readFileSync(new URL(`../${path}`, import.meta.url), 'utf8'))
  }
})

test('the README of the project shows the one for Entra', () => {
  const project = readFileSync(new URL('../../../README.md', import.meta.url), 'utf8')
  expect(project).toContain(readFileSync(new URL('./examples/azure-identity.ts', import.meta.url), 'utf8'))
})

const registered = {
  clientId: 'reports',
  publicKey: createPublicKey(generateKeyPairSync('ed25519').privateKey),
  keyId: '1',
}

describe.each(Object.entries(services))('the table says of the verifier of %s', (name, rules) => {
  const row = readme.split('\n').find((line) => line.startsWith(`| [\`${name}\`](`)) ?? ''
  const [, page = '', alg = '', header = '', claims = '', latest = '', jti = ''] = row
    .split('|')
    .map((cell) => cell.trim())

  test('which page it follows', () => {
    expect(page).toContain(`](${rules.page})`)
  })

  test('which members and claims it accepts, and no others', () => {
    expect(membersOf(header)).toEqual(Object.keys(rules.header(registered)).toSorted())
    const delegated = name === 'googleServiceAccount' ? ['sub'] : []
    expect(membersOf(claims)).toEqual([...rules.claims, ...delegated].toSorted())
    expect(alg).toBe(inShort(rules.algorithms))
  })

  test('how late exp may be, and how often it accepts a jti', () => {
    const from = rules.latest.from === 'now' ? 'from now' : `after \`${rules.latest.from}\``
    expect(latest).toBe(`${rules.latest.seconds / 60} min ${from}`)
    expect(jti).toBe(rules.claims.includes('jti') ? 'once' : '')
  })
})

/** A list of algorithms as the table writes it: `RS256–512` for the three of a family, and "the key's" for every one that a key can have. */
function inShort(names: readonly string[]): string {
  if (algorithms.every(({ name }) => names.includes(name))) return "the key's"
  return names
    .join(', ')
    .replaceAll(/\b(?<family>[RPE]S)256, \k<family>384, \k<family>512\b/g, '$<family>256–512')
}

/** The names in a cell, each once. */
function membersOf(cell: string): readonly string[] {
  return [...new Set([...cell.matchAll(/`([a-z\d]+(?:#S256)?)`/g)].map(([, name = '']) => name))].toSorted()
}
