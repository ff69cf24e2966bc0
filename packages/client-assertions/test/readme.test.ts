import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { services } from './support/services.ts'

const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8')
const examples = [...readme.matchAll(/^<!-- (test\/examples\/[\w-]+\.ts) -->\n\n```ts\n(.*?)```/gms)]

test('the README shows the examples that the tests run', () => {
  expect(examples.map(([, path]) => path)).toHaveLength(7)
  for (const [, path = '', code] of examples) {
    expect(code, path).toBe(readFileSync(new URL(`../${path}`, import.meta.url), 'utf8'))
  }
})

test('the table of the README names each preset with the page that its verifier follows', () => {
  for (const [name, { page }] of Object.entries(services)) {
    expect(readme, name).toContain(`\n| [\`${name}\`](${page}) `)
  }
})
