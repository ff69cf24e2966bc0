import { createLocalSigner, type AlgorithmName, type SigningKey } from '@sealwright/core'
import { rsaKey } from '@sealwright/test-kit/rsa-keys'
import { createSelfSignedCertificate } from '@sealwright/x509'
import { decodeJwt, decodeProtectedHeader, SignJWT } from 'jose'
import { createSecretKey, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { auth0, createAssertionSource, googleServiceAccount } from '../../src/index.ts'
import { keyInMemory } from '../support/key-in-memory.ts'
import { account, presets, registration } from '../support/registrations.ts'
import { Refusal, services, Verifier, type ServiceName } from '../support/services.ts'

const names = Object.keys(services) as ServiceName[]
const now = new Date('2026-11-26T12:00:00.700Z')
const seconds = Math.floor(now.getTime() / 1000)
const clock = (): Date => now

const rsa = rsaKey(2048)
const certificate = await createSelfSignedCertificate(createLocalSigner(rsa), {
  subject: 'CN=reports',
  notBefore: new Date('2026-01-01T00:00:00Z'),
})
const key = keyInMemory(rsa, [certificate])
const p384 = keyInMemory(generateKeyPairSync('ec', { namedCurve: 'P-384' }).privateKey)
const ed25519 = keyInMemory(generateKeyPairSync('ed25519').privateKey)

const publicPem = Buffer.from(key.publicKey.export({ type: 'spki', format: 'pem' }))
const rsaAlgorithms = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512']

describe.each(names)('%s', (name) => {
  const verifier = (signingKey: SigningKey = key): Verifier =>
    new Verifier(name, registration(name, signingKey))

  test('accepts what the preset makes, until it expires', async () => {
    const source = createAssertionSource(key, presets[name], { clock })
    const { assertion, expiresAt } = await source.issue()
    expect(expiresAt.getTime()).toBe((decodeJwt(assertion).exp ?? 0) * 1000)
    await verifier().verify(assertion, now)
    await verifier().verify(assertion, new Date(expiresAt.getTime() - 1000))
    await expect(verifier().verify(assertion, expiresAt)).rejects.toThrow(/exp/)
  })

  // The verifier can fail: each of these differs from what the service documents in one thing.
  test('refuses what its documentation does', async () => {
    const good = await createAssertionSource(key, presets[name], { clock }).assertion()
    const header = decodeProtectedHeader(good) as { readonly alg: string }
    const claims = decodeJwt(good)
    const sign = (
      changedClaims: object,
      changedHeader: object = {},
      by: KeyObject = rsa,
    ): Promise<string> => {
      const defined = JSON.parse(JSON.stringify({ ...claims, ...changedClaims })) as object
      return new SignJWT({ ...defined }).setProtectedHeader({ ...header, ...changedHeader }).sign(by)
    }
    const wrong: Record<string, Promise<string>> = {
      'another key': sign({}, {}, rsaKey(3072)),
      // The oldest forgery: the public key taken for a shared secret.
      'an HMAC with the public key': sign({}, { alg: 'HS256' }, createSecretKey(publicPem)),
      'no typ': sign({}, { typ: undefined }),
      'another kid': sign({}, { kid: 'another' }),
      'another thumbprint': sign({}, { 'x5t#S256': 'AAAA' }),
      'no iss': sign({ iss: undefined }),
      'another iss': sign({ iss: 'another' }),
      'another sub': sign({ sub: 'another' }),
      'another aud': sign({ aud: 'https://id.example/another' }),
      'several aud': sign({ aud: [claims.aud, 'https://id.example/another'] }),
      'no exp': sign({ exp: undefined }),
      'an exp in the past': sign({ exp: seconds }),
      'an exp far in the future': sign({ exp: seconds + 3700 }),
      'an iat in the future': sign({ iat: seconds + 30 }),
      'a claim that is not documented': sign({ roles: ['admin'] }),
    }
    const unlisted = rsaAlgorithms.find((each) => !services[name].algorithms.includes(each))
    if (unlisted !== undefined) wrong['an algorithm that is not listed'] = sign({}, { alg: unlisted })
    if (claims.jti !== undefined) {
      wrong['no jti'] = sign({ jti: undefined })
      wrong['a short jti'] = sign({ jti: 'A'.repeat(21) })
      if (services[name].hasUuid) wrong['a jti that is not a UUID'] = sign({ jti: 'A'.repeat(36) })
    }
    if (claims.nbf !== undefined) wrong['an nbf in the future'] = sign({ nbf: seconds + 30 })
    for (const [what, assertion] of Object.entries(wrong)) {
      await expect(verifier().verify(await assertion, now), what).rejects.toThrow(Refusal)
    }
    // It accepts what it was given before the change, and so refuses for the change.
    await verifier().verify(await sign({}), now)
  })

  const isOnce = services[name].claims.includes('jti')
  test(`accepts an assertion ${isOnce ? 'once, and then another' : 'again, as it has no jti'}`, async () => {
    const source = createAssertionSource(key, presets[name], { clock })
    const strict = verifier()
    const first = await source.assertion()
    await strict.verify(first, now)
    const again = strict.verify(first, now).then(
      () => 'accepted',
      ({ message }: Error) => message,
    )
    expect(await again).toBe(isOnce ? 'jti was used before' : 'accepted')
    await strict.verify(await source.assertion(), now)
  })
})

const algorithmOf = (signingKey: SigningKey, service: ServiceName): AlgorithmName =>
  createAssertionSource(signingKey, presets[service], { clock }).algorithm.name

describe('algorithms', () => {
  test('come from the key and from what the service accepts', () => {
    expect(algorithmOf(key, 'entra')).toBe('PS256')
    expect(algorithmOf(key, 'gitHubApp')).toBe('RS256')
    expect(algorithmOf(key, 'smartBackend')).toBe('RS384')
    expect(algorithmOf(p384, 'smartBackend')).toBe('ES384')
    expect(algorithmOf(p384, 'okta')).toBe('ES384')
    expect(algorithmOf(p384, 'keycloak')).toBe('ES384')
    expect(algorithmOf(ed25519, 'privateKeyJwt')).toBe('Ed25519')
    // Keycloak knows the older name alone.
    expect(algorithmOf(ed25519, 'keycloak')).toBe('EdDSA')
  })

  test('ES384 passes the verifiers that know it', async () => {
    for (const name of ['smartBackend', 'okta', 'keycloak', 'privateKeyJwt'] as const) {
      const assertion = await createAssertionSource(p384, presets[name], { clock }).assertion()
      await expect(
        new Verifier(name, registration(name, p384)).verify(assertion, now),
      ).resolves.toBeUndefined()
    }
  })
})

test('googleServiceAccount acts for a user', async () => {
  const preset = googleServiceAccount({ ...account, subject: 'alice@example.com' })
  const assertion = await createAssertionSource(key, preset, { clock }).assertion()
  const registered = { ...registration('googleServiceAccount', key), subject: 'alice@example.com' }
  await new Verifier('googleServiceAccount', registered).verify(assertion, now)
  await expect(
    new Verifier('googleServiceAccount', { ...registered, subject: 'bob@example.com' }).verify(
      assertion,
      now,
    ),
  ).rejects.toThrow('sub is wrong')
})

async function verifyForAuth0(applicationId: string): Promise<void> {
  const preset = auth0({ domain: 'contoso.eu.auth0.com', clientId: applicationId })
  const assertion = await createAssertionSource(key, preset, { clock }).assertion()
  const registered = { ...registration('auth0', key), clientId: applicationId }
  await new Verifier('auth0', registered).verify(assertion, now)
}

test('the verifier of auth0 takes client IDs of 64 characters', async () => {
  await verifyForAuth0('a'.repeat(64))
  await expect(verifyForAuth0('a'.repeat(65))).rejects.toThrow('iss is too long')
})
