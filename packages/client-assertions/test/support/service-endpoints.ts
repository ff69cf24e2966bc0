import type { SigningKey } from '@sealwright/core'
import { clientId, registration, tenantId } from './registrations.ts'
import { startServices, type ServiceServer } from './service-server.ts'
import { Verifier } from './services.ts'

/** Everything that the clients log in to. */
export interface Services {
  /** Over TLS: Microsoft Entra ID and Google. */
  readonly secure: ServiceServer
  /** GitHub, Keycloak and another, for clients that use fetch, which takes no certificate of its own. */
  readonly plain: ServiceServer
}

/** Starts services that know the public half of a key. */
export async function startServicesFor(
  key: Pick<SigningKey, 'publicKey' | 'keyId' | 'certificates'>,
  tls: { readonly key: string; readonly cert: string },
): Promise<Services> {
  const secure = await startServices((origin) => {
    const tokenPath = `/${tenantId}/oauth2/v2.0/token`
    const entra = { ...registration('entra', key), audience: origin + tokenPath }
    return {
      [tokenPath]: { kind: 'client', verifier: new Verifier('entra', entra), clientId },
      '/token': {
        kind: 'grant',
        verifier: new Verifier('googleServiceAccount', registration('googleServiceAccount', key)),
      },
    }
  }, tls)
  const plain = await startServices((origin) => {
    const gitHub = new Verifier('gitHubApp', registration('gitHubApp', key))
    const keycloak = { ...registration('keycloak', key), audience: `${origin}/realms/contoso` }
    const generic = { ...registration('privateKeyJwt', key), audience: `${origin}/id` }
    return {
      '/app': { kind: 'bearer', verifier: gitHub },
      '/app/installations/7/access_tokens': { kind: 'bearer', verifier: gitHub },
      '/realms/contoso/token': { kind: 'client', verifier: new Verifier('keycloak', keycloak), clientId },
      '/id/token': { kind: 'client', verifier: new Verifier('privateKeyJwt', generic), clientId },
    }
  })
  return { secure, plain }
}
