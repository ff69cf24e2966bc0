import { createSecretKey, generateKeyPairSync } from 'node:crypto'
import { runInNewContext } from 'node:vm'
import { privateKey } from '@sealwright/test-kit/keys'
import { describe, expect, test } from 'vitest'
import { createLocalSigner } from '../../src/index.ts'
import * as internal from '../../src/internal.ts'
import { certificate } from '../support/certificate.ts'

const signer = createLocalSigner(privateKey('ES256'))
const { publicKey } = generateKeyPairSync('ed25519')
const signingKey = { signer: () => signer, keyId: 'a', publicKey, certificates: [] }
const secret = 'hunter2'

function without(object: object, member: string): object {
  return { ...object, [member]: undefined }
}

const { algorithm, keyId } = signer
const plainSigner = {
  algorithm,
  keyId,
  publicKey: signer.publicKey,
  sign: () => Promise.reject(new Error('unused')),
}

const paths = ['a.pfx', '/keys/{name}/a b.pem', 'C:\\keys\\a.pfx']
/** Among them the contents of key files. */
const notPaths = ['', '-----BEGIN\n', 'a\rb', '{"d":"AA"}', '\t {"d":"AA"}', 7, null, new URL('file:///a')]

/** Each check with what it takes, what it refuses, and what it says then. */
const checks: readonly [string, internal.Check, readonly unknown[], readonly unknown[], string][] = [
  ['aString', internal.aString, ['', 'a'], [7, null, undefined, Object('a')], 'must be a string'],
  ['aNonEmptyString', internal.aNonEmptyString, ['a'], ['', 7], 'must be a string that is not empty'],
  ['aFilePath', internal.aFilePath, paths, notPaths, 'must be the path of a file'],
  ['aFolderPath', internal.aFolderPath, paths, notPaths, 'must be the path of a folder'],
  ['aNumber', internal.aNumber, [0, NaN], ['1', 1n, undefined], 'must be a number'],
  ['aBoolean', internal.aBoolean, [true, false], [0, 'true', null], 'must be true or false'],
  ['aFunction', internal.aFunction, [() => undefined], [{}, secret], 'must be a function'],
  [
    'bytes',
    internal.bytes,
    [new Uint8Array(), Buffer.alloc(1), runInNewContext('new Uint8Array(1)')],
    [secret, [1], new ArrayBuffer(1), new Uint16Array(1), new DataView(new ArrayBuffer(1))],
    'must be a Uint8Array',
  ],
  ['aDate', internal.aDate, [new Date(0)], [new Date(NaN), 0, '2030-01-01'], 'must be a valid Date'],
  [
    'anAbortSignal',
    internal.anAbortSignal,
    [AbortSignal.abort(), new AbortController().signal],
    [
      new AbortController(),
      secret,
      null,
      { addEventListener: secret, aborted: false },
      { addEventListener: () => 0 },
    ],
    'must be an AbortSignal',
  ],
  [
    'aKeyObject',
    internal.aKeyObject,
    [publicKey, privateKey('RS256'), createSecretKey(Buffer.alloc(32))],
    [secret, publicKey.export({ format: 'jwk' }), { type: 'private' }],
    'must be a KeyObject; createPrivateKey and createPublicKey of node:crypto return one',
  ],
  [
    'aCertificate',
    internal.aCertificate,
    [certificate],
    [certificate.raw, certificate.toString(), null],
    'must be an X509Certificate; new X509Certificate(pem) of node:crypto returns one',
  ],
  [
    'aSigner',
    internal.aSigner,
    [signer, plainSigner],
    [
      secret,
      null,
      privateKey('ES256'),
      signingKey,
      ...Object.keys(plainSigner).map((member) => without(plainSigner, member)),
      { ...plainSigner, publicKey: secret },
      { ...plainSigner, algorithm: 'ES256' },
      { ...plainSigner, algorithm: {} },
    ],
    'must be a Signer; createLocalSigner(privateKey) returns one',
  ],
  [
    'aSigningKey',
    internal.aSigningKey,
    [signingKey],
    [secret, null, signer, ...Object.keys(signingKey).map((member) => without(signingKey, member))],
    'must be a SigningKey; openSigningKey and key stores return one',
  ],
  [
    'aSignerOrSigningKey',
    internal.aSignerOrSigningKey,
    [signer, signingKey],
    [secret, privateKey('ES256'), {}],
    'must be a Signer or a SigningKey; createLocalSigner(privateKey) returns a Signer for a KeyObject',
  ],
  ['anObject', internal.anObject, [{}, signer], [[], null, secret], 'must be an object'],
  ['anArray', internal.anArray, [[]], [{}, secret, { length: 1 }], 'must be an array'],
  [
    'aPassword',
    internal.aPassword,
    ['', secret, () => secret],
    [7, null, Buffer.from(secret), Promise.resolve(secret)],
    'must be a string, or a function that returns one',
  ],
  ['oneOf', internal.oneOf(['a', 'b']), ['a', 'b'], ['c', secret, 7, ['a']], 'must be one of a, b'],
  [
    'aWholeNumber',
    internal.aWholeNumber(1, 3),
    [1, 2, 3],
    [0, 4, 1.5, NaN, Infinity, '2', 2n, null],
    'must be a whole number from 1 to 3',
  ],
  [
    'aWholeNumber with a unit',
    internal.aWholeNumber(0, 10, 'seconds'),
    [0, 10],
    [-1, 11],
    'must be a whole number of seconds from 0 to 10',
  ],
  [
    'optionsOf',
    internal.optionsOf({ days: internal.aWholeNumber(1, 9), name: internal.aString }),
    [{}, { days: 1 }, { days: undefined, name: 'a' }, Object.create({ other: 1 })],
    [secret, null, undefined, [], () => undefined],
    'must be an object; the options are days, name',
  ],
  [
    'signOptions',
    internal.signOptions,
    [{}, { signal: undefined }, { signal: AbortSignal.abort() }],
    [secret, null],
    'must be an object; the only option is signal',
  ],
]

describe.for(checks)('%s', ([, check, good, bad, message]) => {
  test('takes what is right', () => {
    for (const value of good) expect(() => check('it', value)).not.toThrow()
  })

  test('refuses anything else, and does not quote it', () => {
    for (const value of bad) {
      expect(() => check('it', value)).toThrow(
        expect.objectContaining({ code: 'INVALID_ARGUMENT', message: `it ${message}` }),
      )
    }
  })
})

describe('a check of options', () => {
  const check = internal.optionsOf({ days: internal.aWholeNumber(1, 9), name: internal.aString }, ['name'])

  test.for<[string, object, string]>([
    ['wrong', { name: 'a', days: 0 }, 'options.days must be a whole number from 1 to 9'],
    ['null', { name: null }, 'options.name must be a string'],
    ['missing', { days: 1 }, 'options.name must be a string'],
    ['missing, being undefined', { name: undefined }, 'options.name must be a string'],
    [
      'unknown',
      { name: 'a', expiresIn: 1 },
      'options.expiresIn is not an option; the options are days, name',
    ],
    [
      'unknown, and a name of Object',
      { name: 'a', toString: 1 },
      'options.toString is not an option; the options are days, name',
    ],
    [
      'unknown, and not like a name',
      { name: 'a', 'hunter 2': 1 },
      'options has an unknown option; the options are days, name',
    ],
    [
      'unknown, and long',
      { name: 'a', [`x${'1'.repeat(31)}`]: 1 },
      'options has an unknown option; the options are days, name',
    ],
    [
      'unknown, and a digit',
      { name: 'a', 0: 'h' },
      'options has an unknown option; the options are days, name',
    ],
    [
      'unknown, and not all of it like a name',
      { name: 'a', 'a b': 1 },
      'options has an unknown option; the options are days, name',
    ],
  ])('names the member that is %s', ([, options, message]) => {
    expect(() => check('options', options)).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT', message }),
    )
  })

  test('quotes a name of 31 characters', () => {
    const name = `x${'1'.repeat(30)}`
    expect(() => check('options', { name: 'a', [name]: 1 })).toThrow(`options.${name} is not an option`)
  })
})

test('a check of a list names the element that is wrong', () => {
  const check = internal.listOf(internal.aString)
  expect(() => check('names', [])).not.toThrow()
  expect(() => check('names', ['a', 'b'])).not.toThrow()
  expect(() => check('names', 'a')).toThrow('names must be an array')
  expect(() => check('names', ['a', 7])).toThrow('names[1] must be a string')
})

test('hasMethod and isRecord take any value', () => {
  expect(
    [null, undefined, 'a', 7, {}, { a: 1 }].map((value) => internal.hasMethod(value, 'a')),
  ).not.toContain(true)
  expect(internal.hasMethod({ a: () => 1 }, 'a')).toBe(true)
  expect([null, undefined, 'a', 7, []].map(internal.isRecord)).not.toContain(true)
  expect(internal.isRecord({})).toBe(true)
})

test('the error of a limit says what there is and what is allowed', () => {
  expect(internal.limitExceeded('the file', 11, 'bytes', 10)).toMatchObject({
    code: 'LIMIT_EXCEEDED',
    message: 'the file has 11 bytes; at most 10 are allowed',
  })
})

test('the error of an argument has its cause, where there is one', () => {
  const cause = new Error('below')
  for (const [make, code] of [
    [internal.invalidArgument, 'INVALID_ARGUMENT'],
    [internal.invalidEncoding, 'INVALID_ENCODING'],
  ] as const) {
    expect(make('no', cause)).toMatchObject({ code, message: 'no', cause })
    expect('cause' in make('no')).toBe(false)
  }
})
