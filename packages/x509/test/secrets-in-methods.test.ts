import { createLocalSigner } from '@sealwright/core'
import {
  holdsSecret,
  secretKey as privateKey,
  secretPassword,
  secretPem,
  secrets as given,
  shownError,
} from '@sealwright/test-kit/secrets'
import { describe, expect, test } from 'vitest'
import { generateKeyPair, signerCrypto, signerFromCryptoKey } from '../src/index.ts'
import { Pkcs12Engine, SignerEngine } from '../src/pkijs/index.ts'

/**
 * Callers mix arguments up. No method that this package gives its objects repeats in an error what it was given. What the classes
 * of pkijs do with their own methods is for pkijs.
 */

const secrets: Readonly<Record<string, unknown>> = {
  ...given,
  'an object with a password': {
    password: secretPassword,
    key: secretPem,
    name: secretPassword,
    signal: secretPassword,
  },
}

/** Own methods, and those of its class. */
function methodsOf(object: object): Map<string, (...args: unknown[]) => unknown> {
  const methods = new Map<string, (...args: unknown[]) => unknown>()
  for (const at of [object, Reflect.getPrototypeOf(object) ?? object]) {
    if (at === Object.prototype) continue
    for (const name of Object.getOwnPropertyNames(at)) {
      const { value }: { value?: unknown } = Object.getOwnPropertyDescriptor(at, name) ?? {}
      if (typeof value === 'function' && name !== 'constructor' && !methods.has(name)) {
        methods.set(name, (...args) => Reflect.apply(value, object, args) as unknown)
      }
    }
  }
  return methods
}

const objects: Readonly<Record<string, () => Promise<object>>> = {
  'the Signer of signerFromCryptoKey': async () => signerFromCryptoKey(await generateKeyPair('ec-p256')),
  'the subtle of signerCrypto': async () => {
    const { subtle } = (await signerCrypto(createLocalSigner(privateKey))).crypto
    const call =
      (name: 'exportKey' | 'sign' | 'verify' | 'wrapKey') =>
      (...args: unknown[]): unknown =>
        Reflect.apply(subtle[name], subtle, args)
    return {
      sign: call('sign'),
      exportKey: call('exportKey'),
      wrapKey: call('wrapKey'),
      verify: call('verify'),
    }
  },
  SignerEngine: async () => new SignerEngine(createLocalSigner(privateKey)),
  Pkcs12Engine: async () => new Pkcs12Engine(),
}

describe.each(Object.entries(objects))('%s', (_, make) => {
  test.each(Object.keys(secrets))('repeats nothing of %s', async (kind) => {
    const secret = secrets[kind]
    const found: string[] = []
    let called = 0
    for (const [name, method] of methodsOf(await make())) {
      for (const args of [
        [secret],
        [undefined, secret],
        [{}, secret],
        [new Uint8Array(), secret],
        [secret, secret, secret],
      ]) {
        called++
        const shown = await errorOf(method, args)
        if (holdsSecret(shown)) found.push(`${name}: ${shown.slice(0, 200)}`)
      }
    }
    expect(called).toBeGreaterThan(0)
    expect(found).toEqual([])
  })
})

async function errorOf(method: (...args: unknown[]) => unknown, args: unknown[]): Promise<string> {
  try {
    await method(...args)
    return ''
  } catch (error) {
    return shownError(error)
  }
}

test('the Signer of CryptoKeys checks its arguments', async () => {
  const signer = await signerFromCryptoKey(await generateKeyPair('ec-p256'))
  for (const args of [
    [secretPem],
    [undefined],
    [new Uint8Array(), secretPassword],
    [new Uint8Array(), { signal: secretPassword }],
  ]) {
    await expect(signer.sign(...(args as [Uint8Array]))).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
  }
})

test('the engines check their arguments', async () => {
  const engine = new SignerEngine(createLocalSigner(privateKey))
  await expect(engine.signWithPrivateKey(secretPem as never)).rejects.toMatchObject({
    code: 'INVALID_ARGUMENT',
  })
  const key = secretPem as never
  await expect(engine.signWithPrivateKey(new Uint8Array(), key)).rejects.toMatchObject({
    code: 'INVALID_ARGUMENT',
  })
  await expect(engine.getSignatureParameters(key)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
  expect(() => new Pkcs12Engine().parse(secretPem as never)).toThrow(
    expect.objectContaining({ code: 'INVALID_ARGUMENT' }),
  )
  const pkcs12 = new Pkcs12Engine()
  for (const wrong of [secretPem, undefined, {}]) {
    await expect(pkcs12.decryptEncryptedContentInfo(wrong as never)).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
    })
    await expect(pkcs12.verifyDataStampedWithPassword(wrong as never)).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
    })
  }
})
