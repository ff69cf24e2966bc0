import type { KeyObject, X509Certificate } from 'node:crypto'
import { createLocalSigner } from '@sealwright/core'
import { failure } from '@sealwright/test-kit/errors'
import { createSelfSignedCertificate, generatePrivateKey } from '@sealwright/x509'
import { beforeAll, describe, expect, test } from 'vitest'
import { findKey, noKeyNamed, type SearchedPlace } from '../../src/find/find-key.ts'
import type { StoredKey } from '../../src/find/stored-key.ts'

let privateKey: KeyObject
beforeAll(async () => {
  privateKey = await generatePrivateKey('ec-p256')
})

function certificate(subject: string): Promise<X509Certificate> {
  const notAfter = new Date('2040-05-06T07:08:09Z')
  return createSelfSignedCertificate(createLocalSigner(privateKey), { subject, notAfter })
}

interface Changes {
  readonly folder?: string
  readonly number?: number
  readonly friendlyName?: string
  readonly hasKey?: boolean
  readonly isDisabled?: boolean
}

function stored(name: string, own: X509Certificate, changes: Changes = {}): StoredKey {
  const { folder = '/keys', number = 1, friendlyName = null, hasKey = true, isDisabled = false } = changes
  const path = `${folder}/${name}.v${number}.pfx`
  const key = hasKey ? privateKey : null
  const file = { path, friendlyName, certificate: own, issuers: [], privateKey: key }
  const state = { modifiedAt: new Date(0), identity: path }
  return {
    name,
    file: { ...file, ...state },
    number,
    createdAt: null,
    disabledBy: isDisabled ? '.disabled' : null,
  }
}

const places: readonly SearchedPlace[] = [{ folder: '/keys', hint: null }]
const sha1 = ({ fingerprint }: X509Certificate): string => fingerprint.replaceAll(':', '')
const sha256 = ({ fingerprint256 }: X509Certificate): string => fingerprint256.replaceAll(':', '')
/** The digits, some of them changed. */
const mistyped = (digits: string, count: number): string =>
  digits.replace(/./g, (digit, index: number) => (index >= count ? digit : digit === '0' ? '1' : '0'))

describe('a search', () => {
  test('needs exactly one criterion', async () => {
    for (const query of [{}, { subject: undefined }, { subject: 'a', thumbprint: '00' }]) {
      expect(await failure('INVALID_ARGUMENT', () => findKey([], query, places))).toBe(
        'query takes exactly one of thumbprint, subject and friendlyName',
      )
    }
  })

  test('by thumbprint takes SHA-1 and SHA-256, and finds any version', async () => {
    const [a, b] = [await certificate('CN=a'), await certificate('CN=b')]
    const all = [stored('k', a), stored('k', b, { number: 2 }), stored('other', await certificate('CN=a'))]
    for (const thumbprint of [sha1(a), sha256(a), sha256(a).toLowerCase()]) {
      expect(findKey(all, { thumbprint }, places)).toBe(all[0])
    }
    expect(findKey(all, { thumbprint: sha1(b) }, places)).toBe(all[1])
  })

  test('by subject takes the whole name or the common name, and finds the newest version', async () => {
    const [a, b] = [await certificate('CN=a,O=Contoso'), await certificate('CN=a,O=Contoso')]
    const other = stored('other', await certificate('CN=b,O=Contoso'))
    const all = [stored('k', a, { number: 2 }), stored('K', b, { number: 10 }), other]
    for (const subject of ['CN=a,O=Contoso', 'cn=A, o=contoso', 'a', ' A ']) {
      expect(findKey(all, { subject }, places)).toBe(all[1])
    }
    expect(findKey(all, { subject: 'b' }, places)).toBe(other)
    for (const subject of ['', ' ']) {
      expect(await failure('INVALID_ARGUMENT', () => findKey(all, { subject }, places))).toBe(
        'the subject is empty',
      )
    }
  })

  test('by friendly name takes that of the file as it is, or that of the store in either case', async () => {
    const all = [
      stored('k', await certificate('CN=a'), { friendlyName: 'Signing' }),
      stored('l', await certificate('CN=b')),
    ]
    expect(findKey(all, { friendlyName: 'Signing' }, places)).toBe(all[0])
    expect(findKey(all, { friendlyName: 'K' }, places)).toBe(all[0])
    expect(findKey(all, { friendlyName: 'L' }, places)).toBe(all[1])
    await failure('NOT_FOUND', () => findKey(all, { friendlyName: 'signing' }, places))
  })

  test('passes over disabled versions, unless all are disabled', async () => {
    const [a, b] = [await certificate('CN=a'), await certificate('CN=a')]
    const query = { subject: 'a' }
    const old = stored('k', a)
    const disabledNew = stored('k', b, { number: 2, isDisabled: true })
    expect(findKey([old, disabledNew], query, places)).toBe(old)
    expect(findKey([disabledNew, old], query, places)).toBe(old)
    const disabledOld = stored('k', a, { isDisabled: true })
    expect(findKey([disabledOld, disabledNew], query, places)).toBe(disabledNew)
  })

  test('takes one of several copies, with its private key if there is one', async () => {
    const own = await certificate('CN=a')
    const [bare, first, second] = [
      stored('bare', own, { hasKey: false }),
      stored('first', own),
      stored('second', own),
    ]
    for (const all of [
      [bare, first, second],
      [first, bare, second],
    ]) {
      expect(findKey(all, { subject: 'a' }, places)).toBe(first)
      expect(findKey(all, { thumbprint: sha1(own) }, places)).toBe(first)
    }
    const otherBare = stored('other', own, { hasKey: false })
    expect(findKey([bare, otherBare], { subject: 'a' }, places)).toBe(bare)
  })

  test('that matches several keys lists them, also versions of one name in two folders', async () => {
    const [a, b] = [await certificate('CN=a'), await certificate('CN=a')]
    const both = [
      { folder: '/keys', hint: null },
      { folder: '/ssl', hint: 'a hint' },
    ]
    for (const other of [stored('l', b), stored('k', b, { number: 2, folder: '/ssl' })]) {
      const message = await failure('AMBIGUOUS', () =>
        findKey([stored('k', a), other], { subject: 'a' }, both),
      )
      expect(message).toBe(
        `2 certificates in /keys and /ssl have the subject "a"; select one with ?thumbprint=…:\n` +
          `  ${sha1(a)} "CN=a", name "k", expires 2040-05-06\n` +
          `  ${sha1(b)} "CN=a", name "${other.name}", expires 2040-05-06`,
      )
    }
  })

  test('that finds nothing says what is there, with hints', async () => {
    const own = await certificate('CN=a')
    const hinted = [
      { folder: '/keys', hint: 'one hint' },
      { folder: '/ssl', hint: null },
      { folder: '/my', hint: 'another' },
    ]
    expect(await failure('NOT_FOUND', () => findKey([], { subject: 'x' }, hinted))).toBe(
      'there is no certificate in /keys and /ssl and /my; one hint; another',
    )
    const all = [
      stored('k', own, { hasKey: false }),
      stored('l', await certificate('CN=b'), { isDisabled: true }),
    ]
    for (const [query, described] of [
      [{ subject: 'x' }, 'the subject "x"'],
      [{ subject: 'x{y}' }, 'the subject that was given'],
      [{ friendlyName: 'x' }, 'the friendly name "x"'],
      [{ friendlyName: 'x\ny' }, 'the friendly name that was given'],
    ] as const) {
      const lines = (await failure('NOT_FOUND', () => findKey(all, query, hinted))).split('\n')
      expect(lines[0]).toBe(
        `no certificate in /keys and /ssl and /my has ${described}; one hint; another; found:`,
      )
      expect(lines[1]).toBe(`  ${sha1(own)} "CN=a", name "k", expires 2040-05-06, without its private key`)
      expect(lines[2]).toMatch(/"CN=b", name "l", expires 2040-05-06, disabled$/)
      expect(lines).toHaveLength(3)
    }
    expect(noKeyNamed('x', all, places).message).toMatch(
      /^no signing key in \/keys has the name "x"; found:\n/,
    )
    expect(noKeyNamed('x\ny', all, places).message).toContain('has the name that was given;')
  })
})

describe('a mistyped thumbprint', () => {
  test.each([
    [1, ' <- differs in 1 character'],
    [2, ' <- differs in 2 characters'],
    [9, ' <- differs in 9 characters'],
    [10, ''],
  ])('with %i wrong digits shows the most similar one first', async (count, said) => {
    const [a, b] = [await certificate('CN=a'), await certificate('CN=b')]
    const all = [stored('k', a), stored('l', b)]
    for (const digits of [sha1(b), sha256(b)]) {
      const thumbprint = mistyped(digits, count)
      const lines = (await failure('NOT_FOUND', () => findKey(all, { thumbprint }, places))).split('\n')
      expect(lines).toHaveLength(3)
      expect(lines[0]).toBe(`no certificate in /keys has the thumbprint ${thumbprint}; found:`)
      expect(lines[1]).toBe(`  ${digits} "CN=b", name "l", expires 2040-05-06${said}`)
      expect(lines[2]).toMatch(/"CN=a", name "k", expires 2040-05-06$/)
    }
  })
})

test('a list has ten certificates at most, and shortens what others wrote into them', async () => {
  const own = await certificate(
    `CN=${'a'.repeat(64)},OU=${'b'.repeat(64)},O=${'c'.repeat(64)},L=${'d'.repeat(64)}`,
  )
  const names = Array.from({ length: 11 }, (_, index) => `k${index}`)
  const certificates = await Promise.all(names.map((name) => certificate(`CN=${name}`)))
  const all = names.map((name, index) => stored(name, certificates[index] ?? own))
  const lines = (await failure('NOT_FOUND', () => findKey(all, { subject: 'x' }, places))).split('\n')
  expect(lines).toHaveLength(12)
  expect(lines[10]).toContain('name "k9"')
  expect(lines[11]).toBe('  and 1 more')
  expect(
    (await failure('NOT_FOUND', () => findKey(all.slice(1), { subject: 'x' }, places))).split('\n'),
  ).toHaveLength(11)
  const [, whole] = (
    await failure('NOT_FOUND', () => findKey([stored('n'.repeat(200), own)], { subject: 'x' }, places))
  ).split('\n')
  expect(whole).toContain(`name "${'n'.repeat(200)}"`)
  const long = [stored('n"\n'.repeat(100), own)]
  const [, line] = (await failure('NOT_FOUND', () => findKey(long, { subject: 'x' }, places))).split('\n')
  const subject = `CN=${'a'.repeat(64)},OU=${'b'.repeat(64)},O=${'c'.repeat(62)}`
  expect(line).toBe(
    `  ${sha1(own)} "${subject}…", name ${JSON.stringify(`${'n"\n'.repeat(67).slice(0, 200)}…`)}, expires 2040-05-06`,
  )
})
