import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import type { Family } from './corpus.ts'
import { accessTokenFamilies } from './families/access-tokens.ts'
import { clientAssertionFamilies } from './families/client-assertions.ts'
import { httpMessageFamilies } from './families/http-messages.ts'
import { keyFileFamilies } from './families/key-files.ts'
import { keySetFamilies } from './families/key-sets.ts'
import { signingUriFamilies } from './families/signing-uris.ts'
import { tokenRequestFamilies } from './families/token-requests.ts'

const families: readonly Family<unknown>[] = [
  ...clientAssertionFamilies,
  ...tokenRequestFamilies,
  ...accessTokenFamilies,
  ...httpMessageFamilies,
  ...keyFileFamilies,
  ...signingUriFamilies,
  ...keySetFamilies,
]

const page = readFileSync(new URL('../../docs/security-corpus.md', import.meta.url), 'utf8')

test('the page has every family, with its counts and references', () => {
  const rows = page
    .split('\n')
    .filter((line) => line.startsWith('|'))
    .slice(2)
    .map((line) =>
      line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim()),
    )
  expect(rows).toEqual(
    families.map(({ title, refusals, acceptances }) => [
      title,
      String(refusals.length),
      String(acceptances.length),
      referencesOf(refusals.map(({ reference }) => reference)).join(', '),
    ]),
  )
  const total = families.reduce((count, { refusals }) => count + refusals.length, 0)
  expect(page).toContain(`${total} hostile inputs`)
})

test.each(families)(
  '$title: each name is there once, each input has a reference, and some are accepted',
  (family) => {
    const { refusals, acceptances } = family
    const names = [...refusals, ...acceptances].map(({ name }) => name)
    expect(names.filter((name, at) => names.indexOf(name) !== at)).toEqual([])
    expect(acceptances).not.toEqual([])
    for (const { reference } of refusals)
      expect(reference).toMatch(
        /^(?:RFC \d+ (?:§\d|App\. )|(?:CVE-\d{4}|CWE)-\d+$|FIPS 186-5 §|X\.690 §|OpenID Connect Core §)/,
      )
  },
)

/** The documents, without sections: specifications first, then attacks, then kinds of weaknesses. */
function referencesOf(references: readonly string[]): readonly string[] {
  const documents = references.map((reference) => reference.replace(/ (?:§|App\. ).*$/, ''))
  return [...new Set(documents)].toSorted(
    (a, b) => rank(a) - rank(b) || a.localeCompare(b, 'en', { numeric: true }),
  )
}

function rank(document: string): number {
  return ['CVE', 'CWE'].findIndex((kind) => document.startsWith(kind))
}
