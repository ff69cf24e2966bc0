import { generateKeyPairSync } from 'node:crypto'
import { Agent, createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { ClientSecretCredential, DefaultAzureCredential } from '@azure/identity'
import { createLocalSigner, isSealwrightError, type SealwrightError } from '@sealwright/core'
import { wellKnown } from '@sealwright/keyvault-emulator'
import { createSelfSignedCertificate } from '@sealwright/x509'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { openKeyVault } from '../../src/index.ts'
import { startVault, type TestVault } from '../support/vault.ts'
import { useVirtualTime } from '@sealwright/test-kit/virtual-time'

useVirtualTime()

/** The error of a promise that must fail, and how long it took in milliseconds. */
async function failure(promise: Promise<unknown>): Promise<{ error: SealwrightError; took: number }> {
  const start = performance.now()
  const error: unknown = await promise.then(
    () => null,
    (reason: unknown) => reason,
  )
  if (!isSealwrightError(error)) throw new Error('no SealwrightError', { cause: error })
  return { error, took: performance.now() - start }
}

const toLocalhost = {
  lookup: ((_hostname, options, callback) =>
    options.all === true
      ? callback(null, [{ address: '127.0.0.1', family: 4 }])
      : callback(null, '127.0.0.1', 4)) as NonNullable<Agent['options']['lookup']>,
}

/** A server whose certificate is for `other.example`, with the CA that makes it trusted. */
async function startOtherHost(): Promise<{ readonly ca: string; readonly port: number }> {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const certificate = await createSelfSignedCertificate(createLocalSigner(privateKey), {
    subject: 'CN=other.example',
    subjectAltNames: [{ type: 'dns', value: 'other.example' }],
  })
  const pem = certificate.toString()
  const server = createServer({ cert: pem, key: privateKey.export({ type: 'pkcs8', format: 'pem' }) })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  return { ca: pem, port: (server.address() as AddressInfo).port }
}

describe('a connection that can never work is given up at once, with what to do', () => {
  test('a CA that unreachable trusts', async () => {
    const vault = await startVault()
    const agent = new Agent(toLocalhost)
    const { error, took } = await failure(openKeyVault(vault.url, { ...vault.options, agent }).get('k'))
    expect(error).toMatchObject({
      code: 'UNAVAILABLE',
      message: expect.stringMatching(/contoso\.vault\.azure\.net.*not trusted.*NODE_EXTRA_CA_CERTS/),
    })
    expect(error.retryAfter).toBeUndefined()
    expect(took).toBeLessThan(5_000)
  })

  test('a certificate of another host', async () => {
    const vault = await startVault()
    const { ca, port } = await startOtherHost()
    const agent = new Agent({ ...toLocalhost, ca })
    const url = `https://contoso.vault.azure.net:${port}`
    const { error, took } = await failure(openKeyVault(url, { ...vault.options, agent }).get('k'))
    expect(error).toMatchObject({
      code: 'UNAVAILABLE',
      message: expect.stringMatching(
        /contoso\.vault\.azure\.net.*another name.*ERR_TLS_CERT_ALTNAME_INVALID/,
      ),
    })
    expect(took).toBeLessThan(5_000)
  })

  test('a host that DNS does not have', async () => {
    const vault = await startVault()
    const agent = new Agent({
      lookup: (hostname, _options, callback) => {
        callback(Object.assign(new Error(`getaddrinfo ENOTFOUND ${hostname}`), { code: 'ENOTFOUND' }), [])
      },
    })
    const { error, took } = await failure(openKeyVault(vault.url, { ...vault.options, agent }).get('k'))
    expect(error).toMatchObject({
      code: 'UNAVAILABLE',
      message: expect.stringMatching(/DNS has no host contoso\.vault\.azure\.net.*check the name/),
    })
    expect(took).toBeLessThan(5_000)
  })

  test('something that does not speak TLS', async () => {
    const vault = await startVault()
    const agent = new Agent(toLocalhost)
    // The emulator's other port, which is plain HTTP.
    const { port } = new URL(vault.emulator.imdsEnvironment['AZURE_POD_IDENTITY_AUTHORITY_HOST'] ?? '')
    const url = `https://contoso.vault.azure.net:${port}`
    const { error, took } = await failure(openKeyVault(url, { ...vault.options, agent }).get('k'))
    expect(error).toMatchObject({
      code: 'UNAVAILABLE',
      message: expect.stringContaining('does not speak TLS'),
    })
    expect(took).toBeLessThan(5_000)
  })
})

describe('a token that cannot be had is not the vault’s fault', () => {
  test('an authority that does not answer is named, also when it is the deadline that passes', async () => {
    const vault = await startVault()
    await vault.keys.createKey('k', 'EC')
    const authority = `https://login.microsoftonline.com/${vault.emulator.tenantId}`
    const circuitBreaker = { failures: 2, failingFor: 0 }
    const options = {
      ...vault.options,
      collection: 'keys',
      managementDeadline: 500,
      circuitBreaker,
    } as const
    const store = openKeyVault(vault.url, options)
    const { faults } = vault.emulator
    faults.add({ operation: 'token', fault: { type: 'hang' }, times: Infinity })
    for (let round = 0; round < 3; round++) {
      const { error, took } = await failure(store.get('k'))
      expect(error).toMatchObject({ code: 'TIMEOUT', message: expect.stringContaining(authority) })
      expect(took).toBeLessThan(5_000)
    }
    // The vault was never asked, so it is not out of order.
    faults.clear()
    await expect(
      openKeyVault(vault.url, { ...options, managementDeadline: 20_000 }).get('k'),
    ).resolves.not.toBeNull()
  })

  /** Nothing listens there. */
  const unreachable = 'https://localhost:1'

  /** What comes of a token request to an authority at that address; the error names the one that the vault gives. */
  async function ask(vault: TestVault, authorityHost: string, ca?: string): ReturnType<typeof failure> {
    const { tenantId } = vault.emulator
    const credential = new ClientSecretCredential(tenantId, wellKnown.clientId, wellKnown.clientSecret, {
      authorityHost,
      disableInstanceDiscovery: true,
      ...(authorityHost === unreachable && { retryOptions: { maxRetries: 0 } }),
      ...(ca !== undefined && { tlsOptions: { ca } }),
    })
    // What may pass by itself is tried until the deadline.
    const options = { ...vault.options, credential, managementDeadline: 1_000 }
    const result = await failure(openKeyVault(vault.url, options).get('k'))
    expect(result.error).toMatchObject({
      code: 'UNAVAILABLE',
      message: expect.stringContaining('login.microsoftonline.com'),
    })
    return result
  }

  test('an authority whose CA is not trusted: the error says so, at once', async () => {
    const vault = await startVault()
    const { error, took } = await ask(vault, vault.emulator.authorityHost)
    expect(error.message).toMatch(/localhost is not trusted \(\w+\).*NODE_EXTRA_CA_CERTS.*tlsOptions\.ca/)
    expect(error.retryAfter).toBeUndefined()
    // MSAL would try for seven seconds.
    expect(took).toBeLessThan(5_000)
  })

  test('an authority with the certificate of another host: the error says so, at once', async () => {
    const vault = await startVault()
    const { ca, port } = await startOtherHost()
    const { error, took } = await ask(vault, `https://localhost:${port}`, ca)
    expect(error.message).toMatch(/localhost is for another name \(ERR_TLS_CERT_ALTNAME_INVALID\)/)
    expect(error.retryAfter).toBeUndefined()
    expect(took).toBeLessThan(5_000)
  })

  test('an authority that nothing listens at may be there again: the error says what to check', async () => {
    const vault = await startVault()
    const { error } = await ask(vault, unreachable)
    expect(error.message).toMatch(/cannot be reached.*proxy/)
    expect(error.retryAfter).toBe(1)
  })

  test('an authority that refuses the identity is named', async () => {
    const vault = await startVault()
    const { tenantId, authorityHost, ca } = vault.emulator
    const credential = new ClientSecretCredential(tenantId, wellKnown.clientId, 'wrong', {
      authorityHost,
      disableInstanceDiscovery: true,
      tlsOptions: { ca },
    })
    const { error } = await failure(openKeyVault(vault.url, { ...vault.options, credential }).get('k'))
    expect(error).toMatchObject({
      code: 'ACCESS_DENIED',
      message: expect.stringMatching(/login\.microsoftonline\.com.*refused.*invalid_client/),
    })
    expect(error.message).not.toContain('wrong')
  })

  test('a machine without any identity: the error names what gives one, and does not wait', async () => {
    const vault = await startVault()
    for (const name of Object.keys(process.env)) {
      if (/^(AZURE_|IDENTITY_|MSI_|IMDS_)/.test(name)) vi.stubEnv(name, undefined)
    }
    // Nothing of a developer who is logged in, either.
    vi.stubEnv('PATH', '/nowhere')
    const credential = new DefaultAzureCredential()
    const { error, took } = await failure(openKeyVault(vault.url, { ...vault.options, credential }).get('k'))
    vi.unstubAllEnvs()
    expect(error.code).toBe('UNAVAILABLE')
    expect(error.retryAfter).toBeUndefined()
    for (const way of ['az login', 'managed identity', 'AZURE_TENANT_ID', 'AZURE_CLIENT_SECRET']) {
      expect(error.message).toContain(way)
    }
    expect(took).toBeLessThan(25_000)
  })
})
