import { auth as authOfNextSdk, Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { auth } from '@modelcontextprotocol/sdk/client/auth.js'
import type { SigningKey } from '@sealwright/core'
import type { RunningKeyVaultEmulator } from '@sealwright/keyvault-emulator'
import { scratchFolderForFile } from '@sealwright/test-kit/folders'
import { allowInsecureRequests } from 'openid-client'
import * as oauth from 'oauth4webapi'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { createAssertionSource, mcpAuthProvider, privateKeyJwt } from '../../src/index.ts'
import { credential } from '../examples/azure-identity.ts'
import { googleClient } from '../examples/google-auth-library.ts'
import { connectedClient } from '../examples/mcp-sdk.ts'
import { confidentialClient } from '../examples/msal-node.ts'
import { accessToken as keycloakToken } from '../examples/oauth4webapi.ts'
import { octokit } from '../examples/octokit.ts'
import { accessToken } from '../examples/openid-client.ts'
import { agentTo, networkClient } from '../support/connections.ts'
import { importIntoVault, makePfx, makeServerCertificate, openPfx, startVault } from '../support/keys.ts'
import { report } from '../support/mcp-server.ts'
import { account, clientId, msalTenantId, registration, tenantId } from '../support/registrations.ts'
import { startServicesFor } from '../support/service-endpoints.ts'
import { startServices, type ServiceServer } from '../support/service-server.ts'
import { Verifier } from '../support/services.ts'

// The clients are the published ones, unmodified, in the examples of the README.

const folder = scratchFolderForFile()
let vault: RunningKeyVaultEmulator
let tls: { readonly key: string; readonly cert: string }
const keys = new Map<string, SigningKey>()

beforeAll(async () => {
  const pfx = await makePfx()
  tls = await makeServerCertificate()
  vault = await startVault()
  keys.set('in a PFX', await openPfx(pfx, folder()))
  keys.set('in a vault', await importIntoVault(pfx, vault))
})
afterAll(() => vault.close())

/** As the example, with the next major version of the SDK. */
async function connectedClientOfNextSdk(...[key, app]: Parameters<typeof connectedClient>): Promise<Client> {
  const registered = { clientId: app.clientId, issuer: app.issuer }
  const preset = privateKeyJwt({ clientId: app.clientId, audience: app.issuer })
  const authProvider = mcpAuthProvider(createAssertionSource(key, preset), {
    ...registered,
    scope: 'mcp:read',
  })
  const client = new Client({ name: 'reports', version: '1.0.0' })
  await client.connect(new StreamableHTTPClientTransport(new URL(app.mcpServer), { authProvider }))
  return client
}

const mcpClients = [
  ['@modelcontextprotocol/sdk', connectedClient, auth],
  ['@modelcontextprotocol/client', connectedClientOfNextSdk, authOfNextSdk],
] as const

const noLog = (): undefined => undefined

/** How many signatures the vault was asked for. */
const signatures = (): number => vault.requests.list().filter(({ path }) => path.endsWith('/sign')).length

describe.each(['in a vault', 'in a PFX'])('with a key %s', (place) => {
  let key: SigningKey
  /** Over TLS. */
  let secure: ServiceServer
  /** For clients that use fetch, which takes no certificate of its own. */
  let plain: ServiceServer

  beforeAll(async () => {
    const found = keys.get(place)
    if (found === undefined) throw new Error('there is no such key')
    key = found
    ;({ secure, plain } = await startServicesFor(key, tls))
    vault.requests.clear()
  })
  afterAll(() => {
    secure.close()
    plain.close()
  })

  const expectSigned = (before: number, count: number): void => {
    expect(signatures() - before).toBe(place === 'in a vault' ? count : 0)
  }

  test("@azure/identity's ClientAssertionCredential", async () => {
    const before = signatures()
    const entra = credential(
      key,
      { tenantId, clientId, authority: secure.origin },
      { authorityHost: secure.origin, disableInstanceDiscovery: true, tlsOptions: { ca: tls.cert } },
    )
    const first = await entra.getToken('https://graph.microsoft.com/.default')
    const second = await entra.getToken('https://vault.azure.net/.default')
    expect(secure.isIssued(first.token)).toBe(true)
    expect(secure.isIssued(second.token)).toBe(true)
    // It asks for two assertions each time, and sends one, which the verifier accepts once.
    expectSigned(before, 4)
    await entra.getToken('https://graph.microsoft.com/.default')
    // Even for a token that it has.
    expectSigned(before, 6)
  })

  test('@azure/msal-node', async () => {
    const before = signatures()
    const client = confidentialClient(
      key,
      { tenantId: msalTenantId, clientId, authority: secure.origin },
      { networkClient: networkClient(tls.cert) },
    )
    for (const resource of ['https://graph.microsoft.com', 'https://vault.azure.net']) {
      const result = await client.acquireTokenByClientCredential({ scopes: [`${resource}/.default`] })
      expect(secure.isIssued(result?.accessToken)).toBe(true)
    }
    expectSigned(before, 2)
    await client.acquireTokenByClientCredential({ scopes: ['https://vault.azure.net/.default'] })
    // Even for a token that it has.
    expectSigned(before, 3)
  })

  test('@octokit/auth-app', async () => {
    const before = signatures()
    const client = octokit(key, 12_345, 7, { baseUrl: plain.origin })
    await client.request('GET /app')
    const { data } = await client.request('GET /installation/repositories')
    expect(data).toEqual({ isAllowed: true })
    expect(plain.accepted).toEqual(expect.arrayContaining(['/app', '/app/installations/7/access_tokens']))
    // GitHub accepts one assertion many times.
    expectSigned(before, 1)
  })

  // The first assertion expires too late, or has expired.
  test.each([-300, 700])('@octokit/auth-app, whose server is %i s ahead', async (ahead) => {
    const before = signatures()
    const verifier = new Verifier('gitHubApp', registration('gitHubApp', key))
    const gitHub = await startServices(
      () => ({ '/app': { kind: 'bearer', verifier } }),
      undefined,
      () => new Date(Date.now() + ahead * 1000),
    )
    onTestFinished(() => gitHub.close())
    const warnings: string[] = []
    const log = { debug: noLog, info: noLog, error: noLog, warn: (text: string) => warnings.push(text) }
    await octokit(key, 12_345, 7, { baseUrl: gitHub.origin, log }).request('GET /app')
    expect(warnings.join(' ')).toContain('GitHub API time and system time are different')
    expect(gitHub.refused).toHaveLength(1)
    expect(gitHub.accepted).toEqual(['/app'])
    expectSigned(before, 2)
  })

  test('openid-client', async () => {
    const before = signatures()
    const app = { issuer: `${plain.origin}/id`, clientId }
    const token = await accessToken(key, app, { execute: [allowInsecureRequests] })
    expect(plain.isIssued(token)).toBe(true)
    expectSigned(before, 1)
  })

  test('oauth4webapi', async () => {
    const before = signatures()
    const realm = { issuer: `${plain.origin}/realms/contoso`, clientId }
    const token = await keycloakToken(key, realm, { [oauth.allowInsecureRequests]: true })
    expect(plain.isIssued(token)).toBe(true)
    expectSigned(before, 1)
  })

  test('google-auth-library', async () => {
    const before = signatures()
    const client = googleClient(key, account)
    client.transporter.defaults.agent = agentTo(secure.origin, tls.cert)
    const { token } = await client.getAccessToken()
    expect(secure.isIssued(token)).toBe(true)
    expectSigned(before, 1)
  })

  test.each(mcpClients)('%s', async (_, connect, logIn) => {
    const before = signatures()
    const mcp = { clientId, issuer: `${plain.origin}/mcp-id`, mcpServer: `${plain.origin}/mcp` }
    const client = await connect(key, mcp)
    onTestFinished(() => client.close())
    const expected = { content: [{ type: 'text', text: report }] }
    expect(await client.callTool({ name: 'read-report' })).toMatchObject(expected)
    expectSigned(before, 1)
    plain.revoke()
    // It gets another token, with another assertion.
    expect(await client.callTool({ name: 'read-report' })).toMatchObject(expected)
    expectSigned(before, 2)
    // It sends no assertion to a server that the client is not registered with.
    await expect(connect(key, { ...mcp, mcpServer: `${plain.origin}/rogue/mcp` })).rejects.toThrow(
      `${plain.origin}/rogue-id`,
    )
    // Nor does the provider, if the SDK does not compare the issuers, as before 1.31.
    const preset = privateKeyJwt({ clientId, audience: mcp.issuer })
    const provider = {
      ...mcpAuthProvider(createAssertionSource(key, preset), { clientId, issuer: mcp.issuer }),
      clientInformation: () => ({ client_id: clientId }),
    }
    await expect(logIn(provider, { serverUrl: `${plain.origin}/rogue/mcp` })).rejects.toThrow(
      'no assertion was sent',
    )
    expectSigned(before, 2)
    expect(plain.accepted).not.toContain('/rogue-id/token')
  })

  test('nothing was refused, and the vault was asked for signatures alone', () => {
    expect([...secure.refused, ...plain.refused]).toEqual([])
    const asked = new Set(vault.requests.list().map(({ operation }) => operation))
    expect([...asked]).toEqual(place === 'in a vault' ? ['keys/sign'] : [])
  })
})
