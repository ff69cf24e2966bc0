import { generateKeyPairSync, sign } from 'node:crypto'
import { DefaultAzureCredential } from '@azure/identity'
import { KeyClient } from '@azure/keyvault-keys'
import { wellKnown } from '@sealwright/keyvault-emulator'
import { secretCredential } from '@sealwright/test-kit/credentials'
import { rejection } from '@sealwright/test-kit/errors'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { startRig, type Rig } from '../support/rig.ts'

const keyVaultScope = 'https://vault.azure.net/.default'

function keyClient(rig: Rig, credential: ConstructorParameters<typeof KeyClient>[1]): KeyClient {
  return new KeyClient(rig.emulator.vaultUrl(), credential, { agent: rig.emulator.agent() })
}

afterEach(() => vi.unstubAllEnvs())

/** A part of a JWT. */
function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}

/** Sets environment variables for the length of the test. */
function setEnvironment(variables: Readonly<Record<string, string>>): void {
  for (const [name, value] of Object.entries(variables)) vi.stubEnv(name, value)
}

describe('the challenge', () => {
  test('a request without a token gets the 401 that the service sends', async () => {
    const rig = await startRig()
    const answer = await rig.raw('GET', '/keys/k/?api-version=2025-07-01', { token: null })
    expect(answer.status).toBe(401)
    expect(answer.headers['www-authenticate']).toBe(
      `Bearer authorization="https://login.microsoftonline.com/${wellKnown.tenantId}", resource="https://vault.azure.net"`,
    )
    expect(answer.body).toEqual({
      error: {
        code: 'Unauthorized',
        message: 'AKV10000: Request is missing a Bearer, PoP, or MTLS_POP token.',
      },
    })
  })

  test('the client verifies the challenge: one of another cloud is refused', async () => {
    const rig = await startRig()
    const url = `https://emulator.vault.azure.cn:${rig.emulator.port}`
    // The emulator answers with the resource of the host it was asked as, so this passes, …
    await new KeyClient(url, rig.credential, { agent: rig.emulator.agent() }).createEcKey('k')
    // … and a host whose own domain is not the resource's does not.
    const foreign = `https://localhost.example:${rig.emulator.port}`
    const error = await rejection(
      new KeyClient(foreign, rig.credential, { agent: rig.emulator.agent() }).getKey('k'),
    )
    expect(String(error)).toMatch(/altnames|does not match/)
  })
})

describe('credentials of the SDK, unmodified', () => {
  test('ClientSecretCredential', async () => {
    const rig = await startRig()
    const credential = secretCredential(rig.emulator, wellKnown)
    await expect(keyClient(rig, credential).createEcKey('k')).resolves.toMatchObject({ name: 'k' })
    expect(rig.emulator.requests.count('token')).toBe(1)
  })

  test('a wrong secret is refused in the words of the authority', async () => {
    const rig = await startRig()
    const credential = secretCredential(rig.emulator, { ...wellKnown, clientSecret: 'wrong' })
    const error = await rejection(credential.getToken(keyVaultScope))
    expect(String(error)).toMatch(/AADSTS7000215/)
    expect(String(error)).not.toMatch(wellKnown.clientSecret)
  })

  test('an unknown application is refused', async () => {
    const rig = await startRig()
    const error = await rejection(
      secretCredential(rig.emulator, { clientId: 'nobody', clientSecret: 'x' }).getToken(keyVaultScope),
    )
    expect(String(error)).toMatch(/AADSTS700016/)
  })

  test('DefaultAzureCredential from the environment', async () => {
    const rig = await startRig()
    setEnvironment(rig.emulator.environment)
    const credential = new DefaultAzureCredential({
      disableInstanceDiscovery: true,
      tlsOptions: { ca: rig.emulator.ca },
    })
    await keyClient(rig, credential).createEcKey('k')
    expect(rig.emulator.requests.count('token')).toBe(1)
  })
})

describe('tokens are checked', () => {
  test.each([
    ['of another resource', 'https://management.azure.com/.default', /AKV10022: Invalid audience/],
    ['of another cloud', 'https://vault.azure.cn/.default', /AKV10022: Invalid audience/],
  ])('a token %s is refused', async (_name, scope, message) => {
    const rig = await startRig()
    const { token } = await rig.emulator.credential().getToken(scope)
    const answer = await rig.raw('GET', '/keys?api-version=7.6', { token })
    expect(answer).toMatchObject({ status: 401, body: { error: { code: 'Unauthorized' } } })
    expect(JSON.stringify(answer.body)).toMatch(message)
  })

  test('a token is refused once it has expired, and before it is valid', async () => {
    let now = Date.now()
    const rig = await startRig({ now: () => now })
    const { token, expiresOnTimestamp } = await rig.emulator.credential().getToken(keyVaultScope)
    now = expiresOnTimestamp - 1000
    await expect(rig.raw('GET', '/keys?api-version=7.6', { token })).resolves.toMatchObject({ status: 200 })
    now = expiresOnTimestamp
    await expect(rig.raw('GET', '/keys?api-version=7.6', { token })).resolves.toMatchObject({ status: 401 })
    now = expiresOnTimestamp - 2 * 3_600_000
    await expect(rig.raw('GET', '/keys?api-version=7.6', { token })).resolves.toMatchObject({ status: 401 })
  })

  test('a token of another tenant is refused', async () => {
    const rig = await startRig()
    const other = await startRig({ tenantId: '11111111-1111-4111-8111-111111111111' })
    const { token } = await other.emulator.credential().getToken(keyVaultScope)
    await expect(rig.raw('GET', '/keys?api-version=7.6', { token })).resolves.toMatchObject({ status: 401 })
  })

  test.each(['x', 'a.b.c', 'a.b', ''])('%j is no token', async (token) => {
    const rig = await startRig()
    const answer = await rig.raw('GET', '/keys?api-version=7.6', { token })
    expect(answer.status).toBe(401)
  })

  test('claims signed by somebody else, unsigned, or altered are refused', async () => {
    const rig = await startRig()
    const { token } = await rig.emulator.credential().getToken(keyVaultScope)
    const [header = '', payload = '', signature = ''] = token.split('.')
    const claims = JSON.parse(Buffer.from(payload, 'base64url').toString()) as object
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
    const foreign = sign('sha256', Buffer.from(`${header}.${payload}`), privateKey).toString('base64url')
    const forgeries = [
      `${header}.${payload}.${foreign}`,
      `${encode({ alg: 'none' })}.${payload}.`,
      `${header}.${encode({ ...claims, appid: 'somebody' })}.${signature}`,
    ]
    for (const forged of forgeries) {
      await expect(rig.raw('GET', '/keys?api-version=7.6', { token: forged })).resolves.toMatchObject({
        status: 401,
      })
    }
  })
})
