import type { SigningKey } from '@sealwright/core'
import {
  auth0,
  entra,
  gitHubApp,
  googleServiceAccount,
  keycloak,
  okta,
  privateKeyJwt,
  smartBackend,
  type AssertionPreset,
} from '../../src/index.ts'
import type { Registration, ServiceName } from './services.ts'

export const tenantId = '72f988bf-86f1-41af-91ab-2d7cd011db47'
/** The tenant that MSAL logs in to, so that its requests are told from those of @azure/identity. */
export const msalTenantId = '9188040d-6c67-4c5b-b112-36a304b66dad'
export const clientId = '6731de76-14a6-49ae-97bc-6eba6914391e'
export const account = {
  email: 'reports@my-project.iam.gserviceaccount.com',
  keyId: '370ab79b4513eb9bad7c9bd16a95cb76b5b2a56a',
  scopes: ['https://www.googleapis.com/auth/cloud-platform', 'https://www.googleapis.com/auth/pubsub'],
} as const
export const tokenEndpoint = 'https://id.example/token'

/** Each preset as an application uses it. */
export const presets: Readonly<Record<ServiceName, AssertionPreset>> = {
  auth0: auth0({ domain: 'contoso.eu.auth0.com', clientId }),
  entra: entra({ tenantId, clientId }),
  gitHubApp: gitHubApp({ appId: 12_345 }),
  googleServiceAccount: googleServiceAccount(account),
  keycloak: keycloak({ issuer: 'https://sso.example.com/realms/contoso', clientId }),
  okta: okta({ clientId, tokenEndpoint }),
  privateKeyJwt: privateKeyJwt({ clientId, audience: 'https://id.example' }),
  smartBackend: smartBackend({ clientId, tokenEndpoint }),
}

/** What the service was told of the key, as its documentation says. */
export function registration(
  service: ServiceName,
  key: Pick<SigningKey, 'publicKey' | 'keyId' | 'certificates'>,
): Registration {
  const { publicKey, keyId } = key
  switch (service) {
    case 'auth0':
      return { clientId, publicKey, audience: 'https://contoso.eu.auth0.com/' }
    case 'entra': {
      const [certificate] = key.certificates
      const audience = `https://login.microsoftonline.com/${tenantId}/oauth2/v2.0/token`
      return { clientId, publicKey, audience, ...(certificate && { certificate }) }
    }
    case 'gitHubApp':
      return { clientId: '12345', publicKey }
    case 'googleServiceAccount':
      return {
        clientId: account.email,
        publicKey,
        audience: 'https://oauth2.googleapis.com/token',
        keyId: account.keyId,
        scope: 'https://www.googleapis.com/auth/cloud-platform https://www.googleapis.com/auth/pubsub',
      }
    case 'keycloak':
      return { clientId, publicKey, audience: 'https://sso.example.com/realms/contoso', keyId }
    case 'okta':
    case 'smartBackend':
      return { clientId, publicKey, audience: tokenEndpoint, keyId }
    default:
      return { clientId, publicKey, audience: 'https://id.example', keyId }
  }
}
