import {
  createPublicKey,
  createSecretKey,
  generateKeyPairSync,
  pbkdf2,
  verify,
  type KeyObject,
} from 'node:crypto'
import { getEventListeners } from 'node:events'
import { inspect } from 'node:util'
import { describe, expect, test } from 'vitest'
import {
  createLocalSigner,
  isSyncSigner,
  jwkThumbprint,
  type Signer,
  type SignOptions,
} from '../../src/index.ts'
import { brokenKey, privateKey, privateKeys } from '@sealwright/test-kit/keys'

const data = Buffer.from('eyJhbGciOiJFUzI1NiJ9.e30')

/** Node's own verification, with the parameters of RFC 7518 §3 spelled out here. */
function verifies(algorithm: string, publicKey: KeyObject, signature: Uint8Array, signed = data): boolean {
  const digest = algorithm.startsWith('Ed') ? null : `sha${algorithm.slice(2, 5)}`
  const key = algorithm.startsWith('PS')
    ? { key: publicKey, padding: 6, saltLength: Number(algorithm.slice(2)) / 8 }
    : { key: publicKey, dsaEncoding: 'ieee-p1363' as const }
  return verify(digest, signed, key, signature)
}

const signatureLengths: Readonly<Record<string, number>> = {
  ES384: 96,
  ES512: 132,
  ES256: 64,
  ES256K: 64,
  Ed25519: 64,
  EdDSA: 64,
}

describe.for([...privateKeys.keys()])('%s', (name) => {
  const key = privateKey(name)
  const publicKey = createPublicKey(key)

  test('signs, sync and async, what Node verifies', async () => {
    const signer = createLocalSigner(key, { algorithm: name })
    expect(signer.algorithm.name).toBe(name)
    for (const signature of [signer.signSync(data), await signer.sign(data)]) {
      expect(signature).toBeInstanceOf(Uint8Array)
      expect(signature).toHaveLength(signatureLengths[name] ?? 256)
      expect(verifies(name, publicKey, signature)).toBe(true)
      expect(verifies(name, publicKey, signature, Buffer.from('other'))).toBe(false)
    }
  })

  test('has the public key and its thumbprint', () => {
    const signer = createLocalSigner(key, { algorithm: name })
    expect(signer.publicKey.type).toBe('public')
    expect(signer.publicKey.equals(publicKey)).toBe(true)
    expect(signer.keyId).toBe(jwkThumbprint(publicKey))
  })

  test('takes a plain Uint8Array, a view and nothing at all', async () => {
    const signer = createLocalSigner(key, { algorithm: name })
    const all = new Uint8Array([1, 2, 3, 4])
    for (const input of [all, all.subarray(1, 3), new Uint8Array()]) {
      expect(verifies(name, publicKey, signer.signSync(input), Buffer.from(input))).toBe(true)
      expect(verifies(name, publicKey, await signer.sign(input), Buffer.from(input))).toBe(true)
    }
  })
})

test('the default algorithm is the key’s own', () => {
  const defaults = ['RS256', 'ES256', 'ES384', 'ES512', 'ES256K', 'Ed25519']
  expect(defaults.map((name) => createLocalSigner(privateKey(name)).algorithm.name)).toEqual(defaults)
})

test('signing asynchronously, the caller can overwrite the data at once', async () => {
  const signer = createLocalSigner(privateKey('ES256'))
  const input = Buffer.from(data)
  const pending = signer.sign(input)
  input.fill(0)
  expect(verifies('ES256', signer.publicKey, await pending)).toBe(true)
})

describe('refused', () => {
  test.for<[string, () => KeyObject, string]>([
    ['RSA of 1024 bits', () => generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey, '1024 bits'],
    ['RSA for PSS only', () => generateKeyPairSync('rsa-pss', { modulusLength: 2048 }).privateKey, 'rsa-pss'],
    ['Ed448', () => generateKeyPairSync('ed448').privateKey, 'ed448'],
    ['X25519', () => generateKeyPairSync('x25519').privateKey, 'x25519'],
    ['P-224', () => generateKeyPairSync('ec', { namedCurve: 'secp224r1' }).privateKey, 'secp224r1'],
    ['a public key', () => createPublicKey(privateKey('ES256')), 'a public key cannot sign'],
    ['a secret key', () => createSecretKey(Buffer.alloc(32)), 'a secret key cannot sign'],
  ])('%s', ([, key, message]) => {
    expect(() => createLocalSigner(key())).toThrow(
      expect.objectContaining({
        code: 'UNSUPPORTED_KEY',
        message: expect.stringContaining(message) as string,
      }),
    )
  })

  test.for([
    ['ES256', 'ES384'],
    ['ES256', 'ES256K'],
    ['ES256K', 'ES256'],
    ['RS256', 'ES256'],
    ['ES256', 'RS256'],
    ['Ed25519', 'ES256'],
    ['RS256', 'none'],
    ['RS256', 'HS256'],
  ] as const)('the key of %s for %s', ([key, algorithm]) => {
    expect(() => createLocalSigner(privateKey(key), { algorithm })).toThrow(
      expect.objectContaining({ code: 'UNSUPPORTED_ALGORITHM' }),
    )
  })
})

test('a key that OpenSSL cannot sign with is an error of its own, with what OpenSSL says as cause', async () => {
  const signer = createLocalSigner(brokenKey)
  const refused = expect.objectContaining({
    code: 'UNSUPPORTED_KEY',
    message: `OpenSSL cannot sign with the key ${signer.keyId}`,
    cause: expect.objectContaining({ message: expect.stringContaining('routines::') as string }) as Error,
  }) as Error
  expect(() => signer.signSync(data)).toThrow(refused)
  await expect(signer.sign(data)).rejects.toEqual(refused)
})

function invalidArgument(message: string): Error {
  return expect.objectContaining({ code: 'INVALID_ARGUMENT', message }) as Error
}

test('wrong arguments are refused, and not quoted', async () => {
  const signer = createLocalSigner(privateKey('ES256'))
  const secret = 'hunter2' as unknown
  expect(() => signer.signSync(secret as Uint8Array)).toThrow(invalidArgument('data must be a Uint8Array'))
  await expect(signer.sign(secret as Uint8Array)).rejects.toEqual(
    invalidArgument('data must be a Uint8Array'),
  )
  await expect(signer.sign(data, secret as SignOptions)).rejects.toEqual(
    invalidArgument('options must be an object; the only option is signal'),
  )
  await expect(signer.sign(data, { signal: secret as AbortSignal })).rejects.toEqual(
    invalidArgument('options.signal must be an AbortSignal'),
  )
  expect(() => createLocalSigner(secret as KeyObject)).toThrow(
    invalidArgument(
      'privateKey must be a KeyObject; createPrivateKey and createPublicKey of node:crypto return one',
    ),
  )
  expect(isSyncSigner(secret as Signer)).toBe(false)
})

describe('the private key', () => {
  test.for(['RS256', 'PS256', 'ES256', 'Ed25519'])('of %s cannot be seen through the signer', (name) => {
    const key = privateKey(name)
    const signer = createLocalSigner(key, { algorithm: name })
    expect(Object.keys(signer).toSorted()).toEqual(['algorithm', 'keyId', 'publicKey'])
    expect(Reflect.ownKeys(signer)).toHaveLength(3)
    const { d } = key.export({ format: 'jwk' })
    const shown = [
      inspect(signer, { depth: 9, showHidden: true, getters: true }),
      JSON.stringify(signer),
      JSON.stringify({ ...signer }),
    ].join('\n')
    expect(d).toBeTruthy()
    expect(shown).not.toContain(d)
    expect(shown).not.toMatch(/private/i)
  })
})

describe('an abort', () => {
  const signer = createLocalSigner(privateKey('RS256'))

  test.for([
    ['an Error', new Error('enough')],
    ['a DOMException', new DOMException('enough', 'TimeoutError')],
    ['text', 'enough'],
  ] as const)('before signing rejects with its reason: %s', async ([, reason]) => {
    await expect(signer.sign(data, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
  })

  test.for([
    ['an Error', new Error('enough')],
    ['text', 'enough'],
  ] as const)('while signing rejects with its reason: %s', async ([, reason]) => {
    const controller = new AbortController()
    const pending = signer.sign(data, { signal: controller.signal })
    controller.abort(reason)
    await expect(pending).rejects.toBe(reason)
  })

  test('while others keep libuv busy rejects at once', async () => {
    const busy = Array.from(
      { length: 8 },
      () => new Promise<string>((resolve) => pbkdf2('', '', 50_000, 32, 'sha256', () => resolve('others'))),
    )
    const controller = new AbortController()
    const pending = signer.sign(data, { signal: controller.signal }).catch((reason: unknown) => reason)
    controller.abort('enough')
    expect(await Promise.race([...busy, pending])).toBe('enough')
    await Promise.all(busy)
  })

  test('leaves no listener behind', async () => {
    const { signal } = new AbortController()
    await signer.sign(data, { signal })
    await expect(createLocalSigner(brokenKey).sign(data, { signal })).rejects.toThrow('OpenSSL')
    expect(getEventListeners(signal, 'abort')).toEqual([])
  })

  test('afterwards changes nothing', async () => {
    const controller = new AbortController()
    const signature = await signer.sign(data, { signal: controller.signal })
    controller.abort()
    expect(verifies('RS256', signer.publicKey, signature)).toBe(true)
  })
})

test('isSyncSigner tells a key in memory from one elsewhere', () => {
  const signer = createLocalSigner(privateKey('ES256'))
  const { algorithm, keyId, publicKey } = signer
  const remote: Signer = { algorithm, keyId, publicKey, sign: (bytes) => signer.sign(bytes) }
  expect(isSyncSigner(signer)).toBe(true)
  expect(isSyncSigner(remote)).toBe(false)
})
