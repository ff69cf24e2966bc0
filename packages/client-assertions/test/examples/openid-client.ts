import { clientAuth, createAssertionSource, privateKeyJwt } from '@sealwright/client-assertions'
import type { SigningKey } from '@sealwright/core'
import { clientCredentialsGrant, discovery, type DiscoveryRequestOptions } from 'openid-client'

export async function accessToken(
  key: SigningKey,
  app: { issuer: string; clientId: string },
  options?: DiscoveryRequestOptions,
): Promise<string> {
  const { issuer, clientId } = app
  const assertions = createAssertionSource(key, privateKeyJwt({ clientId, audience: issuer }))
  const server = await discovery(new URL(issuer), clientId, {}, clientAuth(assertions), options)
  return (await clientCredentialsGrant(server, { scope: 'reports.read' })).access_token
}
