import type { SigningKey } from '@sealwright/core'
import * as oauth from 'oauth4webapi'
import { allowInsecureRequests } from 'openid-client'
import { credential } from '../examples/azure-identity.ts'
import { googleClient } from '../examples/google-auth-library.ts'
import { connectedClient } from '../examples/mcp-sdk.ts'
import { confidentialClient } from '../examples/msal-node.ts'
import { accessToken as keycloakToken } from '../examples/oauth4webapi.ts'
import { octokit } from '../examples/octokit.ts'
import { accessToken } from '../examples/openid-client.ts'
import { agentTo, networkClient } from './connections.ts'
import { account, clientId, msalTenantId, tenantId } from './registrations.ts'

/** Where the services are. */
export interface Origins {
  readonly secure: string
  readonly plain: string
  /** The certificate of the secure one, PEM. */
  readonly ca: string
}

/** Logs in with each of the seven clients, and returns them and their tokens, so that nothing of them is collected. */
export async function logInEverywhere(
  key: SigningKey,
  { secure, plain, ca }: Origins,
): Promise<readonly unknown[]> {
  const app = { tenantId, clientId, authority: secure }
  const entra = credential(key, app, {
    authorityHost: secure,
    disableInstanceDiscovery: true,
    tlsOptions: { ca },
  })
  const msalApp = { ...app, tenantId: msalTenantId }
  const msal = confidentialClient(key, msalApp, { networkClient: networkClient(ca) })
  const gitHub = octokit(key, 12_345, 7, { baseUrl: plain })
  const google = googleClient(key, account)
  google.transporter.defaults.agent = agentTo(secure, ca)
  const scopes = ['https://graph.microsoft.com/.default']
  const tokens = [
    await entra.getToken(scopes),
    await msal.acquireTokenByClientCredential({ scopes }),
    await gitHub.request('GET /installation/repositories'),
    await accessToken(key, { issuer: `${plain}/id`, clientId }, { execute: [allowInsecureRequests] }),
    await keycloakToken(
      key,
      { issuer: `${plain}/realms/contoso`, clientId },
      { [oauth.allowInsecureRequests]: true },
    ),
    await google.getAccessToken(),
  ]
  const mcp = await connectedClient(key, { clientId, issuer: `${plain}/mcp-id`, mcpServer: `${plain}/mcp` })
  return [entra, msal, gitHub, google, mcp, tokens]
}
