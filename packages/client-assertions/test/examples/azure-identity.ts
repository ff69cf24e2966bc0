import { ClientAssertionCredential, type ClientAssertionCredentialOptions } from '@azure/identity'
import { createAssertionSource, entra, type EntraOptions } from '@sealwright/client-assertions'
import type { SigningKey } from '@sealwright/core'

export function credential(
  key: SigningKey,
  app: EntraOptions,
  options?: ClientAssertionCredentialOptions,
): ClientAssertionCredential {
  const assertions = createAssertionSource(key, entra(app))
  return new ClientAssertionCredential(app.tenantId, app.clientId, () => assertions.assertion(), options)
}
