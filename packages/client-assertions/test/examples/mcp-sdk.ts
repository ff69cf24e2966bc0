import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { createAssertionSource, mcpAuthProvider, privateKeyJwt } from '@sealwright/client-assertions'
import type { SigningKey } from '@sealwright/core'

interface App {
  clientId: string
  issuer: string // of the authorization server, such as https://id.example.com
  mcpServer: string // such as https://reports.example.com/mcp
}

export async function connectedClient(
  key: SigningKey,
  { clientId, issuer, mcpServer }: App,
): Promise<Client> {
  const assertions = createAssertionSource(key, privateKeyJwt({ clientId, audience: issuer }))
  const authProvider = mcpAuthProvider(assertions, { clientId, issuer, scope: 'mcp:read' })
  const client = new Client({ name: 'reports', version: '1.0.0' })
  await client.connect(new StreamableHTTPClientTransport(new URL(mcpServer), { authProvider }))
  return client
}
