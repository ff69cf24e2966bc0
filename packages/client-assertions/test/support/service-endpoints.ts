import type { SigningKey } from '@sealwright/core'
import { clientId, msalTenantId, registration, tenantId } from './registrations.ts'
import { startServices, type Endpoint, type ServiceServer } from './service-server.ts'
import { Verifier } from './services.ts'

/** Everything that the clients log in to. */
export interface Services {
  /** Over TLS: Microsoft Entra ID and Google. */
  readonly secure: ServiceServer
  /** GitHub, Keycloak, another and an MCP server, for clients that use fetch, which takes no certificate of its own. */
  readonly plain: ServiceServer
}

export const entraTokenPath = (tenant: string): string => `/${tenant}/oauth2/v2.0/token`

/** Starts services that know the public half of a key. */
export async function startServicesFor(
  key: Pick<SigningKey, 'publicKey' | 'keyId' | 'certificates'>,
  tls: { readonly key: string; readonly cert: string },
): Promise<Services> {
  const parameters = { client_id: clientId }
  const secure = await startServices((origin) => {
    const entra = (path: string): Endpoint => {
      const registered = { ...registration('entra', key), audience: origin + path }
      return { kind: 'client', verifier: new Verifier('entra', registered), parameters }
    }
    const [path, msalPath] = [entraTokenPath(tenantId), entraTokenPath(msalTenantId)]
    return {
      [path]: entra(path),
      [msalPath]: entra(msalPath),
      '/token': {
        kind: 'grant',
        verifier: new Verifier('googleServiceAccount', registration('googleServiceAccount', key)),
      },
    }
  }, tls)
  const plain = await startServices((origin) => {
    const verifier = (service: 'keycloak' | 'privateKeyJwt', path: string): Verifier =>
      new Verifier(service, { ...registration(service, key), audience: origin + path })
    const gitHub = new Verifier('gitHubApp', registration('gitHubApp', key))
    const mcp = { ...parameters, scope: 'mcp:read', resource: `${origin}/mcp` }
    return {
      '/app': { kind: 'bearer', verifier: gitHub },
      '/app/installations/7/access_tokens': { kind: 'bearer', verifier: gitHub },
      '/realms/contoso/token': {
        kind: 'client',
        verifier: verifier('keycloak', '/realms/contoso'),
        parameters,
      },
      '/id/token': { kind: 'client', verifier: verifier('privateKeyJwt', '/id'), parameters },
      '/mcp-id/token': { kind: 'client', verifier: verifier('privateKeyJwt', '/mcp-id'), parameters: mcp },
      '/mcp': { kind: 'mcp', issuer: `${origin}/mcp-id` },
      // It sends clients to a server that is not theirs.
      '/rogue/mcp': { kind: 'mcp', issuer: `${origin}/rogue-id` },
      '/rogue-id/token': { kind: 'client', verifier: verifier('privateKeyJwt', '/rogue-id') },
    }
  })
  return { secure, plain }
}
