import { clientAuth, createAssertionSource, keycloak } from '@sealwright/client-assertions'
import type { SigningKey } from '@sealwright/core'
import * as oauth from 'oauth4webapi'

export async function accessToken(
  key: SigningKey,
  realm: { issuer: string; clientId: string },
  options: { [oauth.allowInsecureRequests]?: boolean } = {},
): Promise<string> {
  const assertions = createAssertionSource(key, keycloak(realm))
  const issuer = new URL(realm.issuer)
  const server = await oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer, options))
  const client = { client_id: realm.clientId }
  const response = await oauth.clientCredentialsGrantRequest(
    server,
    client,
    clientAuth(assertions),
    {},
    options,
  )
  return (await oauth.processClientCredentialsResponse(server, client, response)).access_token
}
