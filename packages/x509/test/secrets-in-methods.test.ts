import { generateKeyPairSync } from 'node:crypto'
import { inspect } from 'node:util'
import { createLocalSigner } from '@sealwright/core'
import { describe, expect, test } from 'vitest'
import { generateKeyPair, signerCrypto, signerFromCryptoKey } from '../src/index.ts'
import { Pkcs12Engine, SignerEngine } from '../src/pkijs/index.ts'

/**
 * Callers mix arguments up. No method that this package gives its objects repeats in an error what it was given. What the classes
 * of pkijs do with their own methods is for pkijs.
 */

const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const pem = privateKey.export({ format: 'pem', type: 'pkcs8' }).toString()
const jwk = privateKey.export({ format: 'jwk' })
const password = 'correct-horse-battery-staple'

const secrets: Readonly<Record<string, unknown>> = {
  'a PEM': pem,
  'a PEM in bytes': Buffer.from(pem),
  'a JWK': jwk,
  'a JWK as text': JSON.stringify(jwk),
  'a password': password,
  'an object with a password': { password, key: pem, name: password, signal: password },
}
const markers = [...pem.split('\n').slice(1, 3), String(jwk.d), password]

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
        if (markers.some((marker) => shown.includes(marker))) found.push(`${name}: ${shown.slice(0, 200)}`)
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
    const shown = inspect(error, { depth: 8, showHidden: true, maxStringLength: null, maxArrayLength: null })
    return error instanceof Error ? `${shown}\n${error.message}\n${error.stack ?? ''}` : shown
  }
}

test('the Signer of CryptoKeys checks its arguments', async () => {
  const signer = await signerFromCryptoKey(await generateKeyPair('ec-p256'))
  for (const args of [
    [pem],
    [undefined],
    [new Uint8Array(), password],
    [new Uint8Array(), { signal: password }],
  ]) {
    await expect(signer.sign(...(args as [Uint8Array]))).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
  }
})

test('the engines check their arguments', async () => {
  const engine = new SignerEngine(createLocalSigner(privateKey))
  await expect(engine.signWithPrivateKey(pem as never)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
  const key = pem as never
  await expect(engine.signWithPrivateKey(new Uint8Array(), key)).rejects.toMatchObject({
    code: 'INVALID_ARGUMENT',
  })
  await expect(engine.getSignatureParameters(key)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
  expect(() => new Pkcs12Engine().parse(pem as never)).toThrow(
    expect.objectContaining({ code: 'INVALID_ARGUMENT' }),
  )
  const pkcs12 = new Pkcs12Engine()
  for (const wrong of [pem, undefined, {}]) {
    await expect(pkcs12.decryptEncryptedContentInfo(wrong as never)).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
    })
    await expect(pkcs12.verifyDataStampedWithPassword(wrong as never)).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
    })
  }
})
