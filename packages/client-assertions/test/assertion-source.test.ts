import { generateKeyPairSync } from 'node:crypto'
import { createLocalSigner, SealwrightError, type Signer } from '@sealwright/core'
import { rsaKey } from '@sealwright/test-kit/rsa-keys'
import { createSelfSignedCertificate } from '@sealwright/x509'
import { decodeJwt, decodeProtectedHeader } from 'jose'
import { describe, expect, test } from 'vitest'
import {
  clientAuth,
  createAssertionSource,
  createJwt,
  entra,
  gitHubApp,
  privateKeyJwt,
  type AssertionPreset,
} from '../src/index.ts'
import { keyInMemory } from './support/key-in-memory.ts'

const rsa = rsaKey(2048)
const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
const notBefore = new Date('2026-01-01T00:00:00Z')
const notAfter = new Date('2026-12-31T23:59:59Z')
const certificate = await createSelfSignedCertificate(createLocalSigner(rsa), {
  subject: 'CN=reports',
  notBefore,
  notAfter,
})
const key = keyInMemory(rsa, [certificate])
const generic = privateKeyJwt({ clientId: 'reports', audience: 'https://id.example' })
const entraPreset = entra({ tenantId: 'contoso.example', clientId: 'reports' })
const gitHub = gitHubApp({ appId: 12_345 })
const at =
  (time: string): (() => Date) =>
  () =>
    new Date(time)
const midYear = at('2026-06-15T12:00:00Z')

const refusal = (code: string, ...texts: readonly string[]): Error =>
  expect.objectContaining({
    code,
    message: expect.stringMatching(new RegExp(texts.join('.*'), 's')) as string,
  }) as Error

describe('a key that does not fit is refused at once', () => {
  test('for its algorithm, with both algorithms in the message', () => {
    expect(() => createAssertionSource(keyInMemory(ec), gitHub)).toThrow(
      refusal('UNSUPPORTED_ALGORITHM', 'ES256', 'GitHub', 'RS256'),
    )
    // A signer has one algorithm, whatever its key could do.
    expect(() => createAssertionSource(createLocalSigner(rsa, { algorithm: 'PS256' }), gitHub)).toThrow(
      refusal('UNSUPPORTED_ALGORITHM', 'PS256', 'GitHub', 'RS256', 'pass the SigningKey'),
    )
  })

  test('without the certificate that the service looks for', () => {
    const signer = createLocalSigner(rsa, { algorithm: 'PS256' })
    for (const bare of [signer, keyInMemory(rsa)]) {
      expect(() => createAssertionSource(bare, entraPreset)).toThrow(
        refusal('INVALID_ARGUMENT', 'Microsoft Entra ID', 'certificate', key.keyId),
      )
    }
  })

  test('with a certificate that has expired or is not valid yet', () => {
    const create = (time: string) => () => createAssertionSource(key, entraPreset, { clock: at(time) })
    expect(create('2025-12-31T23:59:59.999Z')).toThrow(
      refusal('INVALID_ARGUMENT', 'not valid before 2026-01-01'),
    )
    expect(create('2026-01-01T00:00:00Z')).not.toThrow()
    // The last second counts.
    expect(create('2026-12-31T23:59:59.999Z')).not.toThrow()
    expect(create('2027-01-01T00:00:00Z')).toThrow(
      refusal('INVALID_ARGUMENT', key.keyId, 'expired at 2026-12-31'),
    )
  })

  test('with dates of its own, as a bare key in a vault has them', () => {
    const dated = keyInMemory(ec, [], { notBefore, notAfter })
    const create = (time: string) => () => createAssertionSource(dated, generic, { clock: at(time) })
    expect(create('2025-06-01T00:00:00Z')).toThrow(refusal('INVALID_ARGUMENT', 'not valid before'))
    expect(create('2027-06-01T00:00:00Z')).toThrow(refusal('INVALID_ARGUMENT', 'expired'))
    expect(create('2026-06-01T00:00:00Z')).not.toThrow()
  })
})

test('a key that expires later is refused then', async () => {
  let now = midYear()
  const source = createAssertionSource(key, entraPreset, { clock: () => now })
  await source.assertion()
  now = new Date('2027-01-01T00:00:00Z')
  await expect(source.assertion()).rejects.toThrow(/expired/)
})

test('a bare signer serves where no certificate is needed', async () => {
  const signer = createLocalSigner(ec)
  const source = createAssertionSource(signer, generic)
  expect(source.algorithm.name).toBe('ES256')
  expect(source.keyId).toBe(signer.keyId)
  expect(decodeProtectedHeader(await source.assertion())).toEqual({
    alg: 'ES256',
    typ: 'JWT',
    kid: signer.keyId,
  })
})

test('privateKeyJwt takes another kid, none, an algorithm, a lifetime and a thumbprint', async () => {
  const options = { clientId: 'reports', audience: 'https://id.example' }
  const header = async (more: object): Promise<unknown> =>
    decodeProtectedHeader(
      await createAssertionSource(key, privateKeyJwt({ ...options, ...more }), {
        clock: midYear,
      }).assertion(),
    )
  expect(await header({ keyId: 'mine' })).toEqual({ alg: 'RS256', typ: 'JWT', kid: 'mine' })
  expect(await header({ keyId: false, algorithm: 'PS512' })).toEqual({ alg: 'PS512', typ: 'JWT' })
  expect(await header({ certificateThumbprint: true })).toHaveProperty(['x5t#S256'])
  const claims = decodeJwt(
    await createAssertionSource(key, privateKeyJwt({ ...options, lifetime: 10 }), {
      clock: midYear,
    }).assertion(),
  )
  expect((claims.exp ?? 0) - (claims.iat ?? 0)).toBe(10)
})

test('every jti is another one', async () => {
  const source = createAssertionSource(createLocalSigner(ec), generic)
  const assertions = await Promise.all(Array.from({ length: 50 }, () => source.assertion()))
  const ids = assertions.map((assertion) => decodeJwt(assertion).jti ?? '')
  expect(new Set(ids).size).toBe(50)
  expect(ids.every((id) => /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/.test(id))).toBe(true)
})

/** A signer that counts, and can fail or wait. */
function countingSigner(): {
  readonly signer: Signer
  readonly count: () => number
  fail: boolean
  wait: Promise<void>
} {
  const local = createLocalSigner(rsa)
  let count = 0
  const control = {
    fail: false,
    wait: Promise.resolve(),
    count: () => count,
    signer: {
      algorithm: local.algorithm,
      keyId: local.keyId,
      publicKey: local.publicKey,
      sign: async (data: Uint8Array) => {
        count++
        await control.wait
        if (control.fail) throw new SealwrightError('UNAVAILABLE', 'the vault is down')
        return local.sign(data)
      },
    } satisfies Signer,
  }
  return control
}

describe('an assertion for GitHub is used again', () => {
  test('until a minute before it expires', async () => {
    let now = midYear()
    const { signer, count } = countingSigner()
    const source = createAssertionSource(signer, gitHub, { clock: () => now })
    const first = await source.issue()
    const expiry = first.expiresAt.getTime()
    expect(expiry - now.getTime()).toBe(540_000)
    now = new Date(expiry - 60_001)
    expect(await source.assertion()).toBe(first.assertion)
    now = new Date(expiry - 60_000)
    expect(await source.assertion()).not.toBe(first.assertion)
    expect(count()).toBe(2)
  })

  test('but not after the clock was set back to before it was made', async () => {
    let now = midYear()
    const { signer, count } = countingSigner()
    const source = createAssertionSource(signer, gitHub, { clock: () => now })
    await source.assertion()
    now = new Date(now.getTime() - 3_600_000)
    const { iat = 0 } = decodeJwt(await source.assertion())
    expect(iat * 1000).toBeLessThan(now.getTime())
    expect(count()).toBe(2)
  })

  test('by all who ask at once, and one who stops waiting stops no other', async () => {
    const control = countingSigner()
    const { promise, resolve: resume } = withResolvers()
    control.wait = promise
    const source = createAssertionSource(control.signer, gitHub, { clock: midYear })
    const stopping = new AbortController()
    const stopped = source.assertion({ signal: stopping.signal })
    const others = Array.from({ length: 100 }, () =>
      source.assertion({ signal: new AbortController().signal }),
    )
    stopping.abort(new Error('enough'))
    await expect(stopped).rejects.toThrow('enough')
    resume()
    expect(new Set(await Promise.all(others)).size).toBe(1)
    expect(control.count()).toBe(1)
  })

  test('and a failure is not kept', async () => {
    const control = countingSigner()
    control.fail = true
    const source = createAssertionSource(control.signer, gitHub, { clock: midYear })
    await expect(source.assertion()).rejects.toThrow('the vault is down')
    control.fail = false
    await source.assertion()
    expect(control.count()).toBe(2)
  })

  test('but one for a clock that differs is made for it alone', async () => {
    const source = createAssertionSource(createLocalSigner(rsa), gitHub, { clock: midYear })
    const ordinary = await source.assertion()
    const { jwt, expiresAt } = await createJwt(source)(12_345, -90)
    const difference = (decodeJwt(ordinary).iat ?? 0) - (decodeJwt(jwt).iat ?? 0)
    expect(difference).toBe(90)
    expect(Date.parse(expiresAt)).toBe((decodeJwt(jwt).exp ?? 0) * 1000)
    expect(await source.assertion()).toBe(ordinary)
  })
})

test('a signal that is aborted already stops before anything is signed', async () => {
  const source = createAssertionSource(createLocalSigner(ec), generic)
  await expect(source.assertion({ signal: AbortSignal.abort(new Error('enough')) })).rejects.toThrow('enough')
})

test('clientAuth sets the parameters of RFC 7523 and replaces any that are there', async () => {
  const source = createAssertionSource(createLocalSigner(ec), generic)
  const body = new URLSearchParams({ client_assertion: 'old', grant_type: 'client_credentials' })
  const authenticate = clientAuth(source) as (...parameters: unknown[]) => Promise<void>
  await authenticate({}, { client_id: 'reports' }, body, new Headers())
  expect(body.get('client_id')).toBe('reports')
  expect(body.get('client_assertion_type')).toBe('urn:ietf:params:oauth:client-assertion-type:jwt-bearer')
  expect(body.getAll('client_assertion')).toEqual([expect.stringMatching(/^[\w-]+\.[\w-]+\.[\w-]+$/)])
})

const withOptions =
  (preset: object): (() => unknown) =>
  () =>
    createAssertionSource(key, preset as AssertionPreset, { clock: midYear })
const wrong: readonly [string, () => unknown, RegExp][] = [
  [
    'a text for a key',
    () => createAssertionSource('key' as never, generic),
    /key must be a Signer or a SigningKey/,
  ],
  ['no preset', () => createAssertionSource(key, undefined as never), /preset must be an object/],
  [
    'a preset of an unknown service',
    withOptions({ ...generic, service: 'another' }),
    /preset.service must be one of/,
  ],
  ['an unknown member', withOptions({ ...generic, roles: [] }), /preset.roles is not an option/],
  ['a reusable preset with a jti', withOptions({ ...generic, reusable: true }), /without a jti/],
  ['a lifetime over an hour', withOptions({ ...generic, lifetime: 3601 }), /preset.lifetime must be/],
  ['an iat that is no time', withOptions({ ...generic, issuedAt: true }), /preset.issuedAt must be/],
  [
    'a clock that is none',
    () => createAssertionSource(key, generic, { clock: 1 as never }),
    /clock must be a function/,
  ],
  [
    'a clock of nonsense',
    () => createAssertionSource(key, generic, { clock: () => 'now' as never }),
    /return a Date/,
  ],
  ['no source for clientAuth', () => clientAuth({} as never), /AssertionSource/],
  ['no source for createJwt', () => createJwt(undefined as never), /AssertionSource/],
]

test.each(wrong)('%s is refused', (_, call, message) => {
  expect(call).toThrow(refusal('INVALID_ARGUMENT', message.source))
})

/** As Promise.withResolvers, which Node 20 lacks. */
function withResolvers(): { readonly promise: Promise<void>; readonly resolve: () => void } {
  const gate = new AbortController()
  const promise = new Promise<void>((resolve) => gate.signal.addEventListener('abort', () => resolve()))
  return { promise, resolve: () => gate.abort() }
}
