import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { openKeyVault, type KeyVaultOptions } from '@sealwright/azure-keyvault'
import { startKeyVaultEmulator, type RunningKeyVaultEmulator } from '@sealwright/keyvault-emulator'
import type { RingClock } from '@sealwright/keyring'
import { scratchFolder } from '@sealwright/test-kit/folders'
import { sleep as virtualSleep, useVirtualTime } from '@sealwright/test-kit/virtual-time'
import type { FastifyInstance } from 'fastify'
import { createLocalJWKSet, jwtVerify, type JSONWebKeySet } from 'jose'
import { describe, expect, test, vi } from 'vitest'
import { loadSettings } from '../../src/settings/load-settings.ts'
import { tokenRequest } from '../support/requests.ts'
import { client, issuer, settingsFile, testServer } from '../support/server.ts'
import { networkTo } from '../support/vaults.ts'

/** The time that tests in virtual time have; a machine's uptime stays real. */
const virtualClock: RingClock = { now: () => Date.now(), elapsed: () => performance.now() }

interface TestVault {
  readonly emulator: RunningKeyVaultEmulator
  /** The signing URI of a certificate that is not there yet. */
  readonly uri: string
  readonly options: KeyVaultOptions
  /** Cuts the network between the servers and the vault, and mends it. */
  cut(isCut: boolean): void
}

/** `settleTime` is what an only creator waits in vain for others. */
async function startVault({ settleTime = 0, issuance = 20 } = {}): Promise<TestVault> {
  const emulator = await startKeyVaultEmulator({ timing: { issuance } })
  const { agent, cut } = networkTo(emulator)
  return {
    emulator,
    uri: `${emulator.vaultUrl('contoso')}/certificates/token-signing`,
    options: { credential: emulator.credential(), agent, pollInterval: 20, settleTime },
    cut,
  }
}

async function requestToken(app: FastifyInstance): Promise<Awaited<ReturnType<typeof app.inject>>> {
  return app.inject(tokenRequest())
}

async function accessToken(app: FastifyInstance): Promise<string> {
  const response = await requestToken(app)
  expect(response.statusCode, response.body).toBe(200)
  return response.json<{ access_token: string }>().access_token
}

async function keySet(app: FastifyInstance): Promise<JSONWebKeySet> {
  const response = await app.inject('/.well-known/openid-configuration/jwks')
  expect(response.statusCode).toBe(200)
  return response.json<JSONWebKeySet>()
}

describe('the token server on a key in the vault', () => {
  test('a server that starts while the vault makes the certificate for another one waits for it', async () => {
    const vault = await startVault({ issuance: 500 })
    const env = { SIGNING_KEY: vault.uri, SIGNING_KEY_TYPE: 'ec-p256' }
    const first = testServer({ vault: vault.options, env })
    while (vault.emulator.requests.count('certificates/create') === 0) await sleep(5)
    const second = await testServer({ vault: vault.options, env })
    expect(second.key.keyId).toBe((await first).key.keyId)
    expect(vault.emulator.requests.count('certificates/create')).toBe(1)
  })

  test('a vault that answers with errors is given up after one reading, and no key is made', async () => {
    const vault = await startVault()
    vault.emulator.faults.add({
      operation: 'certificates/*',
      times: Infinity,
      fault: { type: 'status', status: 503 },
    })
    const start = testServer({
      vault: vault.options,
      file: settingsFile({ keyRing: { refreshTimeout: 1 } }),
      env: { SIGNING_KEY: vault.uri, SIGNING_KEY_TYPE: 'ec-p256' },
    })
    await expect(start).rejects.toThrow(/aborted|timeout|503|Service/i)
    expect(vault.emulator.requests.count('certificates/listVersions')).toBeGreaterThan(0)
    expect(vault.emulator.requests.count('certificates/get')).toBe(0)
    expect(vault.emulator.requests.count('certificates/create')).toBe(0)
  })

  test('nothing is made when no client can get a token, or when the settings forbid it', async () => {
    const vault = await startVault()
    for (const options of [
      { file: settingsFile({ clients: [client({ grantTypes: [] })] }), env: { SIGNING_KEY: vault.uri } },
      { env: { SIGNING_KEY: vault.uri, SIGNING_KEY_CREATE: 'false' } },
    ]) {
      await expect(testServer({ ...options, vault: vault.options })).rejects.toMatchObject({
        code: 'NOT_FOUND',
      })
    }
    expect(vault.emulator.requests.count('certificates/create')).toBe(0)
  })

  test('Indicium’s name for the setting does the same', async () => {
    const vault = await startVault()
    // The other kind of file, so that the certificate is made by one server and found by the next.
    const name = 'OpenIDServerSigningSettings__AzureKeyVault__KeyVaultCertificateUrl'
    const made = await testServer({ vault: vault.options, env: { [name]: vault.uri } })
    const found = await testServer({
      vault: vault.options,
      file: settingsFile({
        OpenIDServerSigningSettings: { AzureKeyVault: { KeyVaultCertificateUrl: vault.uri } },
      }),
    })
    expect(found.key.keyId).toBe(made.key.keyId)
    expect(vault.emulator.requests.count('certificates/create')).toBe(1)
  })
})

describe('the token server on a key in the vault, in virtual time', () => {
  useVirtualTime()

  test('two servers that start into an empty vault sign with one key, and each takes the other’s tokens', async () => {
    const vault = await startVault({ settleTime: 1_000 })
    const folder = scratchFolder()
    const start = () =>
      testServer({
        vault: vault.options,
        ringClock: virtualClock,
        env: {
          SIGNING_KEY: vault.uri,
          SIGNING_KEY_TYPE: 'ec-p256',
          DATA_DIR: join(folder, 'data'),
        },
      })
    const servers = await Promise.all([start(), start()])
    const [first, second] = servers
    expect(first.key.keyId).toBe(second.key.keyId)
    for (const [from, to] of [servers, servers.toReversed()] as [typeof first, typeof first][]) {
      const token = await accessToken(from.app)
      const { protectedHeader } = await jwtVerify(token, createLocalJWKSet(await keySet(to.app)), { issuer })
      expect(protectedHeader).toMatchObject({ alg: 'ES256', kid: first.key.keyId })
      const response = await to.app.inject({
        url: '/api/identity',
        headers: { authorization: `Bearer ${token}` },
      })
      expect(response.statusCode).toBe(200)
    }
    expect(existsSync(join(folder, 'data'))).toBe(false)
    expect(vault.emulator.requests.list().filter(({ path }) => path.startsWith('/secrets'))).toEqual([])
  })

  test('a server keeps to its part of the quota', async () => {
    const vault = await startVault()
    const env = { SIGNING_KEY: vault.uri, SIGNING_KEY_TYPE: 'ec-p256', SIGNING_KEY_QUOTA: '25' }
    const { app } = await testServer({ vault: vault.options, env, ringClock: virtualClock })
    // One at once and 24 in ten seconds: of ten that want theirs within two seconds, not even half get it.
    const answers = await Promise.all(Array.from({ length: 10 }, () => requestToken(app)))
    expect(answers.map(({ statusCode }) => statusCode)).toContain(200)
    expect(answers.filter(({ statusCode }) => statusCode === 503).length).toBeGreaterThan(4)
  })
})

async function vaultServer(vault: TestVault, keyRing: object = {}): ReturnType<typeof testServer> {
  return testServer({
    vault: vault.options,
    file: settingsFile({ keyRing }),
    env: { SIGNING_KEY: vault.uri, SIGNING_KEY_TYPE: 'ec-p256' },
    ringClock: virtualClock,
  })
}

/** Lets so many seconds pass at once, while nothing can come of what timers start. */
async function pass(seconds: number): Promise<void> {
  for (let passed = 0; passed < seconds; passed += 10) {
    vi.advanceTimersByTime(10_000)
    await new Promise((resolve) => setImmediate(resolve))
  }
}

async function untilBack(app: FastifyInstance): Promise<void> {
  const since = performance.now()
  while ((await requestToken(app)).statusCode !== 200) await virtualSleep(200)
  expect(performance.now() - since).toBeLessThanOrEqual(30_000)
}

describe('while the vault is down', () => {
  useVirtualTime()

  const hang = { times: Infinity, fault: { type: 'hang' } } as const
  test.each<[string, (vault: TestVault, isDown: boolean) => void]>([
    ['cannot be reached', (vault, isDown) => vault.cut(isDown)],
    [
      'does not answer',
      ({ emulator: { faults } }, isDown) => {
        if (!isDown) faults.clear()
        else for (const operation of ['keys/*', 'certificates/*']) faults.add({ operation, ...hang })
      },
    ],
  ])(
    'because it %s, tokens are refused within 3 s, and are made again within 30 s of its return',
    async (_, setDown) => {
      const vault = await startVault()
      const { app } = await vaultServer(vault)
      await accessToken(app)
      setDown(vault, true)
      for (let round = 0; round < 3; round++) {
        const askedAt = performance.now()
        const response = await requestToken(app)
        expect(response.statusCode).toBe(503)
        expect(performance.now() - askedAt).toBeLessThanOrEqual(3_000)
        expect(Number(response.headers['retry-after'])).toBeGreaterThanOrEqual(1)
        expect(response.json()).toMatchObject({ error: 'temporarily_unavailable' })
        expect((await keySet(app)).keys).toHaveLength(1)
        expect((await app.inject('/health/live')).statusCode).toBe(200)
      }
      setDown(vault, false)
      await untilBack(app)
      expect(vault.emulator.requests.count('certificates/create')).toBe(1)
    },
  )

  test('the key set is served until it is too old, and again within 30 s of the return of the vault', async () => {
    const vault = await startVault()
    const { app } = await vaultServer(vault, { maxSetAge: 3_600, refreshInterval: 10 })
    await accessToken(app)
    vault.cut(true)
    await pass(3_500)
    expect((await keySet(app)).keys).toHaveLength(1)
    expect((await requestToken(app)).statusCode).toBe(503)
    await pass(200)
    const tooOld = await app.inject('/.well-known/openid-configuration/jwks')
    expect(tooOld.statusCode).toBe(503)
    expect((await requestToken(app)).statusCode).toBe(503)
    vault.cut(false)
    await untilBack(app)
    expect((await keySet(app)).keys).toHaveLength(1)
    expect(vault.emulator.requests.count('certificates/create')).toBe(1)
  })
})

test.each([
  [{ SIGNING_KEY: 'https://v.vault.azure.net/certificates/c' }, 'rsa-2048'],
  [{ SIGNING_KEY: 'https://v.vault.azure.net/certificates/c', SIGNING_ALGORITHM: 'ES384' }, 'ec-p384'],
  [{ SIGNING_KEY: 'https://v.vault.azure.net/certificates/c', SIGNING_KEY_CREATE: 'false' }, null],
])('%j makes a key of type %s', (env, createType) => {
  expect(loadSettings(env).signingKey.createType).toBe(createType)
})

test.each([
  [{}, null],
  [{ SIGNING_KEY_QUOTA: '1333' }, 1333],
])('%j: the quota is %s', (env, quota) => {
  const settings = loadSettings({ SIGNING_KEY: 'https://v.vault.azure.net/certificates/c', ...env })
  expect(settings.signingKey.quota).toBe(quota)
})

test.each([
  [{ SIGNING_KEY: 'file:./a.pfx', SIGNING_KEY_QUOTA: '2000' }, /in a vault/],
  [{ SIGNING_KEY: 'https://v.vault.azure.net/certificates/c', SIGNING_KEY_QUOTA: '0' }, /ten seconds/],
  [{ SIGNING_KEY: 'https://v.vault.azure.net/certificates/c', SIGNING_KEY_QUOTA: '4000/2' }, /ten seconds/],
  [{ SIGNING_KEY: 'file:./a.pfx', SIGNING_KEY_CREATE: 'true' }, /in a vault/],
  [{ SIGNING_KEY: 'file:./a.pfx', SIGNING_KEY_ROTATION_DAYS: '90' }, /that this server may create/],
  [{ SIGNING_KEY_ROTATION_DAYS: '0.5' }, /whole number of days/],
  [{ SIGNING_KEY: 'https://v.vault.azure.net/certificates/c', SIGNING_KEY_CREATE: 'yes' }, /true or false/],
])('%j is refused', (env, message) => {
  expect(() => loadSettings(env)).toThrow(message)
})

test('a version that the vault makes is published by every server before it signs, and an old token stays valid', async () => {
  const { uri, options } = await startVault()
  const env = { SIGNING_KEY: uri, SIGNING_KEY_TYPE: 'ec-p256' }
  const servers = [
    await testServer({ env, vault: options }),
    await testServer({ env, vault: options }),
  ] as const
  const token = await accessToken(servers[0].app)
  const [first] = (await keySet(servers[0].app)).keys
  const vault = openKeyVault(new URL(uri).origin, options)
  const version = await vault.rotate('token-signing')
  for (const { app, ring } of servers) {
    await ring.refresh()
    const keys = await keySet(app)
    expect(keys.keys.map(({ kid }) => kid)).toEqual([first?.kid, version.keyId])
    await jwtVerify(token, createLocalJWKSet(keys), { issuer, audience: 'api' })
    await jwtVerify(await accessToken(app), createLocalJWKSet({ keys: first === undefined ? [] : [first] }))
  }
})

test('one version that the settings name is all that the server sees', async () => {
  const { uri, options } = await startVault()
  const vault = openKeyVault(new URL(uri).origin, options)
  const { version, keyId } = await vault.create('token-signing', { keyType: 'ec-p256' })
  await vault.rotate('token-signing')
  const { app } = await testServer({ env: { SIGNING_KEY: `${uri}/${version}` }, vault: options })
  expect((await keySet(app)).keys.map(({ kid }) => kid)).toEqual([keyId])
})
