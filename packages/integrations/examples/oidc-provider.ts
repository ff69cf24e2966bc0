import type { RequestListener } from 'node:http'
import { rotatingProvider } from '@sealwright/integrations/oidc-provider'
import type { KeyRing } from '@sealwright/keyring'
import { Provider, type Configuration } from 'oidc-provider'

export function authorizationServer(ring: KeyRing, issuer: string, more: Configuration): RequestListener {
  const externalSigningSupport = { enabled: true, ack: 'experimental-01' }
  const features = { ...more.features, externalSigningSupport }
  const { callback } = rotatingProvider(ring, (jwks) => new Provider(issuer, { ...more, features, jwks }))
  return callback
}
