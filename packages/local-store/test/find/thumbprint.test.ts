import { failure } from '@sealwright/test-kit/errors'
import { describe, expect, test } from 'vitest'
import { normalizeThumbprint } from '@sealwright/local-store'

const sha1 = 'A909502DD82AE41433E6F83886B00D4277A32A7B'
const sha256 = '0123456789ABCDEF'.repeat(4)
const pairs = sha1.match(/../g) ?? []

describe('a thumbprint as people paste it', () => {
  test.each([
    ['plain', sha1],
    ['lower case', sha1.toLowerCase()],
    ['mixed case', sha1.slice(0, 20) + sha1.slice(20).toLowerCase()],
    ['colons, as OpenSSL shows it', pairs.join(':')],
    ['lower case and colons', pairs.join(':').toLowerCase()],
    ['spaces, as the Windows dialog shows it', pairs.join(' ').toLowerCase()],
    ['hyphens', pairs.join('-')],
    ['groups of four', sha1.replace(/.{4}/g, '$& ')],
    ['spaces around', `  ${sha1}  `],
    ['a line feed after', `${sha1}\n`],
    ['CRLF after', `${sha1}\r\n`],
    ['two lines', `${sha1.slice(0, 20)}\r\n\t${sha1.slice(20)}`],
    ['a tab', `\t${sha1}`],
    ['U+200E in front, from the Windows dialog', `\u200E${sha1}`],
    ['U+200E in front, spaces within', `\u200E${pairs.join(' ')}`],
    ['U+200F in front', `\u200F${sha1}`],
    ['U+FEFF in front', `\uFEFF${sha1}`],
    ['U+200B within', pairs.join('\u200B')],
    ['U+200C and U+200D', `\u200C${sha1}\u200D`],
    ['U+2060', `${sha1}\u2060`],
    ['no-break spaces', pairs.join('\u00A0')],
    ['narrow no-break spaces', pairs.join('\u202F')],
    ['an embedding and its end', `\u202A${sha1}\u202C`],
    ['an isolate and its end', `\u2066${sha1}\u2069`],
    ['soft hyphens', pairs.join('\u00AD')],
  ])('SHA-1, %s', (_how, text) => {
    expect(normalizeThumbprint(text)).toBe(sha1)
  })

  test.each([
    ['plain', sha256],
    ['lower case', sha256.toLowerCase()],
    ['colons and U+200E', `\u200E${(sha256.match(/../g) ?? []).join(':')}`],
  ])('SHA-256, %s', (_how, text) => {
    expect(normalizeThumbprint(text)).toBe(sha256)
  })

  test.each([
    ['the letter O', sha1.replace('0', 'O'), 'U+004F (O)'],
    ['a Cyrillic А', sha1.replace('A', '\u0410'), 'U+0410'],
    ['a full-width digit', sha1.replace('9', '\uFF19'), 'U+FF19'],
    ['an emoji', `${sha1}\u{1F511}`, 'U+1F511'],
    ['a NUL', `${sha1}\0`, 'U+0000'],
    ['quotes', `"${sha1}"`, 'U+0022 (")'],
    ['an en dash', pairs.join('\u2013'), 'U+2013'],
    ['0x in front', `0x${sha1}`, 'U+0078 (x)'],
    ['a long s, which folds to S', `${sha1}\u017F`, 'U+017F'],
    ['the label along with it', `Thumbprint ${sha1}`, 'U+0054 (T)'],
    ['one digit short', sha1.slice(1), '39 hexadecimal digits'],
    ['one digit over', `${sha1}0`, '41 hexadecimal digits'],
    ['empty', '', '0 hexadecimal digits'],
    ['nothing but separators', '\u200E : - ', '0 hexadecimal digits'],
    ['SHA-512', sha256.repeat(2), '128 hexadecimal digits'],
    ['a megabyte', sha1.repeat(25_000), '1000000 characters'],
  ])('refuses %s and says why', async (_what, text, said) => {
    const message = await failure('INVALID_ARGUMENT', () => normalizeThumbprint(text))
    expect(message).toContain(said)
  })

  test('may have up to 512 characters with its separators', async () => {
    expect(normalizeThumbprint(sha1.padEnd(512))).toBe(sha1)
    expect(await failure('INVALID_ARGUMENT', () => normalizeThumbprint(sha1.padEnd(513)))).toBe(
      'the thumbprint has 513 characters; SHA-256 has 64',
    )
  })

  test.each([undefined, 5, Buffer.from(sha1)])('is no %s', async (value) => {
    expect(await failure('INVALID_ARGUMENT', () => normalizeThumbprint(value as unknown as string))).toBe(
      'text must be a string',
    )
  })

  test('is the same when normalised twice', () => {
    expect(normalizeThumbprint(normalizeThumbprint(pairs.join(' ')))).toBe(sha1)
  })
})
