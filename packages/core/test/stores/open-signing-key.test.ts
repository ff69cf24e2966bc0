import { describe, expect, test } from 'vitest'
import {
  openSigningKey,
  SealwrightError,
  type Backend,
  type OpenKeyOptions,
  type OpenSigningKeyOptions,
  type SigningKey,
} from '../../src/index.ts'

interface FakeBackend extends Backend {
  readonly opened: (readonly [string, OpenKeyOptions])[]
}

/** A backend that accepts URIs of one scheme and remembers what it was asked for. */
function backend(scheme: string, open?: () => Promise<SigningKey>): FakeBackend {
  const opened: [string, OpenKeyOptions][] = []
  return {
    name: `${scheme} store`,
    forms: [`${scheme}:NAME`],
    opened,
    accepts: (uri) => uri.startsWith(`${scheme}:`),
    open: (uri, options) => {
      opened.push([uri, options])
      return open?.() ?? Promise.resolve(key)
    },
  }
}

const key = { name: 'the key' } as SigningKey

async function messageFor(uri: string): Promise<string> {
  const error: unknown = await openSigningKey(uri, { backends: [] }).catch((caught: unknown) => caught)
  return (error as Error).message
}

describe('openSigningKey', () => {
  test('asks the one backend whose URI it is, with the options but for the list', async () => {
    const [one, other] = [backend('one'), backend('other')]
    const options = { create: { keyType: 'ec-p256' }, password: () => 'secret' } as const
    expect(await openSigningKey('other:key', { ...options, backends: [one, other] })).toBe(key)
    expect(one.opened).toEqual([])
    expect(other.opened).toEqual([['other:key', options]])
  })

  test('a backend that fails is an error and no reason to try another', async () => {
    const failure = new SealwrightError('UNAVAILABLE', 'not now')
    const [failing, other] = [backend('one', () => Promise.reject(failure)), backend('other')]
    await expect(openSigningKey('one:key', { backends: [failing, other] })).rejects.toBe(failure)
    expect(other.opened).toEqual([])
  })

  test('no backend: what could be opened is listed', async () => {
    const backends = [backend('one'), backend('other')]
    await expect(openSigningKey('third:key', { backends })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: 'no backend opens the signing key third:…; the configured backends open one:NAME, other:NAME',
    })
    await expect(openSigningKey('one:key', { backends: [] })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: 'no backend opens the signing key one:…; the configured backends open no keys',
    })
  })

  test('two backends: both are named and neither is asked', async () => {
    const backends = [backend('one'), backend('one')]
    await expect(openSigningKey('one:key', { backends })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: 'both one store and one store claim the signing key one:…; remove one of them',
    })
    expect(backends.flatMap(({ opened }) => opened)).toEqual([])
  })

  test.each([
    ['a query', 'x:my?password=hunter2', 'x:…'],
    ['a fragment', 'x:my#hunter2', 'x:…'],
    ['user information', 'https://user:hunter2@host/key', 'https:…'],
    ['user information with an @ in it', 'https://user:p@hunter2@host/key', 'https:…'],
    ['user information with a slash in it', 'https://user:a/hunter2@host/key', 'https:…'],
    ['a parameter', 'file:./my.pfx;password=hunter2', 'file:…'],
    ['what has no scheme', './hunter2.pfx', 'without a scheme'],
    ['what is too long for a scheme', `${'x'.repeat(5000)}hunter2:`, 'without a scheme'],
  ])('a message never shows %s', async (_, uri, shown) => {
    const message = await messageFor(uri)
    expect(message).not.toContain('hunter2')
    expect(message).toContain(`the signing key ${shown};`)
  })
})

describe('what people write in place of a signing URI', () => {
  const thumbprint = 'a9993e364706816aba3e25717850c26c9cd0d89d'
  test.each([
    ['./my-app.pfx', '; for a file write file: before its path;'],
    ['C:\\keys\\my-app.pfx', '; for a file write file: before its path;'],
    ['', '; for a file write file: before its path;'],
    [thumbprint, '; for a thumbprint write store:my?thumbprint=…;'],
    [`Cert:\\CurrentUser\\My\\${thumbprint}`, '; for a thumbprint write store:my?thumbprint=…;'],
    [`${thumbprint}${thumbprint.slice(16)}`, '; for a thumbprint write store:my?thumbprint=…;'],
    [`${thumbprint}.pfx`, '; for a file write file: before its path;'],
    [`keys/${thumbprint}`, '; for a file write file: before its path;'],
    ['keys/cert:old.pfx', '; for a file write file: before its path;'],
  ])('%j is told what to write', async (uri, hint) => {
    const local = { ...backend('file'), forms: ['file:PATH', 'store:my?thumbprint=…'] }
    await expect(openSigningKey(uri, { backends: [local] })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining(hint),
    })
    await expect(openSigningKey(uri, { backends: [backend('x')] })).rejects.toMatchObject({
      message: expect.not.stringContaining(' write '),
    })
  })
})

test('another URI is told nothing', async () => {
  const opening = openSigningKey('akv://vault/key', {
    backends: [{ ...backend('file'), forms: ['file:PATH'] }],
  })
  await expect(opening).rejects.toMatchObject({ message: expect.not.stringContaining(' write ') })
})

describe('arguments that are refused, and not quoted', () => {
  test.for<[unknown, unknown, string]>([
    [7, { backends: [] }, 'uri must be a string'],
    ['x:my', undefined, 'options must be an object; the options are backends, create, password, signal'],
    ['x:my', {}, 'options.backends must be an array'],
    ['x:my', { backends: backend('x') }, 'options.backends must be an array'],
    [
      'x:my',
      { backends: ['hunter2'] },
      'options.backends[0] must be a Backend; localStore() and azureKeyVault() return one',
    ],
    [
      'x:my',
      { backends: [{ accepts: () => true }] },
      'options.backends[0] must be a Backend; localStore() and azureKeyVault() return one',
    ],
    ['x:my', { backends: [], create: true }, 'options.create must be an object'],
    [
      'x:my',
      { backends: [], password: 7 },
      'options.password must be a string, or a function that returns one',
    ],
    ['x:my', { backends: [], signal: 'hunter2' }, 'options.signal must be an AbortSignal'],
    [
      'x:my',
      { backends: [], passphrase: 'hunter2' },
      'options.passphrase is not an option; the options are backends, create, password, signal',
    ],
  ])('%j, %j', async ([uri, options, message]) => {
    await expect(openSigningKey(uri as string, options as OpenSigningKeyOptions)).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message,
    })
  })
})
