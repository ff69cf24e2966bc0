import { createPrivateKey, createPublicKey, type JsonWebKey } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  algorithms,
  createLocalSigner,
  ecdsaSignatureToDer,
  type Signer,
  type SignOptions,
  type SyncSigner,
} from '@sealwright/core'
import { scratchFolder } from '@sealwright/test-kit/folders'
import { privateKey, privateKeys } from '@sealwright/test-kit/keys'
import { lacks, run } from '@sealwright/test-kit/tools'
import { compactVerify } from 'jose'
import { describe, expect, test } from 'vitest'
import { InputBuffer } from '../src/compact.ts'
import { signCompact, signCompactSync, type JwsHeader } from '../src/index.ts'
import { decode, remote, verifyWithNode } from './support/keys.ts'
import * as rfc from './support/rfc-vectors.ts'

/** Header and payload as they are signed. */
function signedPart(token: string): string {
  return token.slice(0, token.lastIndexOf('.'))
}

function vectorSigner(vector: { readonly privateJwk: JsonWebKey }, algorithm: string): SyncSigner {
  return createLocalSigner(createPrivateKey({ key: vector.privateJwk, format: 'jwk' }), { algorithm })
}

describe('published examples, byte for byte', () => {
  test('RFC 7515 A.2: RS256', async () => {
    const signer = vectorSigner(rfc.rs256, 'RS256')
    expect(signCompactSync(signer, rfc.rs256.payload)).toBe(rfc.rs256.compact)
    expect(await signCompact(signer, Buffer.from(rfc.rs256.payload))).toBe(rfc.rs256.compact)
  })

  test('RFC 8037 A.4: Ed25519 under its old name EdDSA', async () => {
    const signer = vectorSigner(rfc.eddsa, 'EdDSA')
    expect(signCompactSync(signer, rfc.eddsa.payload)).toBe(rfc.eddsa.compact)
    expect(await signCompact(signer, rfc.eddsa.payload)).toBe(rfc.eddsa.compact)
  })

  test.for([
    ['RFC 7515 A.3: ES256', 'ES256', rfc.es256],
    ['RFC 7515 A.4: ES512', 'ES512', rfc.es512],
  ] as const)('%s, up to the signature, which is random', async ([, algorithm, vector]) => {
    const signer = vectorSigner(vector, algorithm)
    const token = signCompactSync(signer, vector.payload)
    expect(signedPart(token)).toBe(signedPart(vector.compact))
    expect(token).toHaveLength(vector.compact.length)
    // The same check accepts the signature that the RFC prints and ours.
    expect(verifyWithNode(vector.compact, algorithm, signer.publicKey)).toBe(true)
    expect(verifyWithNode(token, algorithm, signer.publicKey)).toBe(true)
  })
})

describe('every algorithm', () => {
  test('the keys of this test are those of the table', () => {
    expect([...privateKeys.keys()]).toEqual(
      algorithms.filter((row) => row.kty !== 'AKP').map((row) => row.name),
    )
  })

  test.for([...privateKeys.keys()])('%s verifies with Node', async (algorithm) => {
    const signer = createLocalSigner(privateKey(algorithm), { algorithm })
    for (const token of [signCompactSync(signer, 'payload'), await signCompact(signer, 'payload')]) {
      expect(decode(token).header).toEqual({ alg: algorithm })
      expect(verifyWithNode(token, algorithm, signer.publicKey)).toBe(true)
      expect(verifyWithNode(`${token.slice(0, 25)}x${token.slice(25)}`, algorithm, signer.publicKey)).toBe(
        false,
      )
    }
  })

  // jose has no ES256K.
  test.for([...privateKeys.keys()].filter((name) => name !== 'ES256K'))(
    '%s verifies with jose',
    async (algorithm) => {
      const signer = createLocalSigner(privateKey(algorithm), { algorithm })
      const jwk = signer.publicKey.export({ format: 'jwk' })
      const token = await signCompact(signer, 'payload', { kid: signer.keyId })
      const { payload, protectedHeader } = await compactVerify(token, jwk, { algorithms: [algorithm] })
      expect(Buffer.from(payload).toString()).toBe('payload')
      expect(protectedHeader).toEqual({ alg: algorithm, kid: signer.keyId })
    },
  )

  test.skipIf(lacks('openssl'))('ES256K verifies with the openssl command [needs openssl]', () => {
    const signer = createLocalSigner(privateKey('ES256K'))
    const token = signCompactSync(signer, 'payload')
    const dot = token.lastIndexOf('.')
    const signature = Buffer.from(token.slice(dot + 1), 'base64url')
    const folder = scratchFolder()
    const file = (name: string): string => join(folder, name)
    writeFileSync(file('input'), token.slice(0, dot))
    writeFileSync(file('signature'), ecdsaSignatureToDer(signature, 32))
    writeFileSync(file('key.pem'), signer.publicKey.export({ type: 'spki', format: 'pem' }))
    const files = ['-verify', file('key.pem'), '-signature', file('signature'), file('input')]
    expect(run(['openssl', 'dgst', '-sha256', files])).toBe('Verified OK\n')
  })
})

describe('the payload', () => {
  const signer = createLocalSigner(privateKey('ES256'))

  test.for([
    ['empty', ''],
    ['ASCII', 'hello'],
    ['beyond ASCII', 'grüße, 日本 😀'],
    ['long', 'é'.repeat(100_000)],
  ])('text is UTF-8: %s', async ([, text = '']) => {
    expect(decode(signCompactSync(signer, text)).payload).toBe(text)
  })

  test('bytes are taken as they are, those of a view only', () => {
    const all = Uint8Array.from({ length: 256 }, (_, index) => index)
    expect(signCompactSync(signer, all).split('.')[1]).toBe(Buffer.from(all).toString('base64url'))
    expect(signCompactSync(signer, all.subarray(10, 20)).split('.')[1]).toBe(
      Buffer.from(all.slice(10, 20)).toString('base64url'),
    )
  })

  test.for(['\ud83d', 'a\udc00', '\udc00\ud800'])('a lone surrogate is refused (%j)', async (text) => {
    expect(() => signCompactSync(signer, text)).toThrow(
      expect.objectContaining({
        code: 'INVALID_ARGUMENT',
        message: 'the payload has a lone surrogate, which UTF-8 cannot represent',
      }),
    )
    await expect(signCompact(signer, text)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
  })
})

describe('the header', () => {
  const signer = createLocalSigner(privateKey('Ed25519'))

  function headerText(header: JwsHeader): string {
    return Buffer.from(signCompactSync(signer, '', header).split('.')[0] ?? '', 'base64url').toString()
  }

  test('is alg, then the members in their order', () => {
    expect(headerText({})).toBe('{"alg":"Ed25519"}')
    expect(headerText({ kid: 'k', typ: 'JWT', custom: [1, { a: null }] })).toBe(
      '{"alg":"Ed25519","kid":"k","typ":"JWT","custom":[1,{"a":null}]}',
    )
  })

  test.for<[string, JwsHeader, string, RegExp]>([
    ['alg', { alg: 'none' }, 'INVALID_ARGUMENT', /^header\.alg comes from the key/],
    ['alg, even the right one', { alg: 'Ed25519' }, 'INVALID_ARGUMENT', /^header\.alg/],
    ['jwk', { jwk: { kty: 'OKP' } }, 'INVALID_ARGUMENT', /^header\.jwk/],
    [
      'a private key',
      { kty: 'OKP', d: 'secret' },
      'INVALID_ARGUMENT',
      /^header\.d is a member of a private key/,
    ],
    ['a symmetric key', { kty: 'oct', k: 'secret' }, 'INVALID_ARGUMENT', /^header\.k is a member/],
    ['b64: false', { b64: false, crit: ['b64'] }, 'UNSUPPORTED_OPERATION', /^header\.b64 .*RFC 7797/],
    ['b64: true', { b64: true }, 'UNSUPPORTED_OPERATION', /^header\.b64/],
    ['crit', { crit: ['exp'], exp: 1 }, 'UNSUPPORTED_OPERATION', /^header\.crit/],
    [
      'what JSON cannot represent',
      { deep: { n: [Number.NaN] } },
      'INVALID_ARGUMENT',
      /^header\.deep\.n\[0\] is NaN/,
    ],
    ['undefined', { custom: undefined }, 'INVALID_ARGUMENT', /^header\.custom is undefined/],
  ])('refuses %s', async ([, header, code, message]) => {
    const refused = expect.objectContaining({ code, message: expect.stringMatching(message) as string })
    expect(() => signCompactSync(signer, '', header)).toThrow(refused)
    await expect(signCompact(signer, '', header)).rejects.toEqual(refused)
  })

  test('arguments of wrong types are refused, and not quoted', async () => {
    const secret = 'hunter2' as unknown
    for (const [call, message] of [
      [
        () => signCompact(secret as Signer, ''),
        'signer must be a Signer; createLocalSigner(privateKey) returns one',
      ],
      [
        () => signCompact(privateKey('ES256') as unknown as Signer, ''),
        'signer must be a Signer; createLocalSigner(privateKey) returns one',
      ],
      [
        () => signCompact(signer, { secret } as unknown as string),
        'payload must be a string or a Uint8Array',
      ],
      [() => signCompact(signer, '', secret as JwsHeader), 'header must be an object'],
      [
        () => signCompact(signer, '', {}, secret as SignOptions),
        'options must be an object; the only option is signal',
      ],
    ] as const) {
      // oxlint-disable-next-line no-await-in-loop
      await expect(call()).rejects.toMatchObject({ code: 'INVALID_ARGUMENT', message })
    }
    expect(() => signCompactSync(secret as SyncSigner, '')).toThrow('signer must be a Signer')
    expect(() => signCompactSync(signer, 7 as unknown as string)).toThrow('payload must be a string or')
  })

  test.for(['typ', 'cty', 'kid', 'x5t', 'x5t#S256'])('refuses a %s that is no string', (member) => {
    const header = { [member]: 1 } as JwsHeader
    expect(() => signCompactSync(signer, '', header)).toThrow(`header ${member} must be a string`)
  })

  test('has at most 512 characters in the token, unless it holds certificates', () => {
    const fixed = '{"alg":"Ed25519","custom":""}'.length
    const headerOf = (bytes: number): JwsHeader => ({ custom: 'x'.repeat(bytes - fixed) })
    expect(signCompactSync(signer, '', headerOf(384)).split('.')[0]).toHaveLength(512)
    expect(() => signCompactSync(signer, '', headerOf(385))).toThrow(
      expect.objectContaining({
        code: 'INVALID_ARGUMENT',
        message: 'the header has 514 characters encoded; some verifiers accept at most 512',
      }),
    )
    expect(decode(signCompactSync(signer, '', { x5c: ['A'.repeat(2000)] })).header).toHaveProperty('x5c')
    expect(() => signCompactSync(signer, '', { x5c: 'A' } as unknown as JwsHeader)).toThrow('header.x5c')
  })

  test('an own __proto__ is a member like any other and changes no other object', () => {
    const header = JSON.parse('{"__proto__":{"polluted":true}}') as JwsHeader
    expect(headerText(header)).toBe('{"alg":"Ed25519","__proto__":{"polluted":true}}')
    expect({}).not.toHaveProperty('polluted')
  })
})

test('a signer that is not synchronous is used through the promise only', async () => {
  const signer = remote(createLocalSigner(privateKey('ES256')))
  expect(() => signCompactSync(signer as SyncSigner, 'x')).toThrow(
    expect.objectContaining({
      code: 'UNSUPPORTED_OPERATION',
      message: `the key ${signer.keyId} is not in this process and cannot sign synchronously; use the async method`,
    }),
  )
  const token = await signCompact(signer, 'x')
  expect(verifyWithNode(token, 'ES256', createPublicKey(privateKey('ES256')))).toBe(true)
})

test('options are checked before a signer that does not check them is asked', async () => {
  const { algorithm, keyId, publicKey } = createLocalSigner(privateKey('ES256'))
  const asked: unknown[] = []
  const unchecking: Signer = {
    algorithm,
    keyId,
    publicKey,
    sign: async (data, options) => {
      asked.push(options)
      return data
    },
  }
  const misspelt = { sginal: AbortSignal.abort() } as SignOptions
  await expect(signCompact(unchecking, 'x', {}, misspelt)).rejects.toMatchObject({
    code: 'INVALID_ARGUMENT',
    message: 'options.sginal is not an option; the only option is signal',
  })
  expect(asked).toEqual([])
})

test('the signal reaches the signer', async () => {
  const signer = createLocalSigner(privateKey('ES256'))
  const reason = new Error('enough')
  await expect(signCompact(signer, 'x', {}, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
})

test('one buffer serves all payloads of up to 6144 characters, and a longer one has its own', () => {
  const input = new InputBuffer('e30')
  for (const [length, isShared] of [
    [1, true],
    [6144, true],
    [6145, false],
  ] as const) {
    const bytes = input.fill('a'.repeat(length))
    expect(Buffer.from(bytes).toString()).toBe(`e30.${'a'.repeat(length)}`)
    input.fill('b')
    expect(Buffer.from(bytes).toString().startsWith('e30.b')).toBe(isShared)
  }
})
