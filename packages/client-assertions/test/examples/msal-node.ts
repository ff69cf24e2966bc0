import { ConfidentialClientApplication, type NodeSystemOptions } from '@azure/msal-node'
import { createAssertionSource, entra } from '@sealwright/client-assertions'
import type { SigningKey } from '@sealwright/core'

interface App {
  tenantId: string
  clientId: string
  authority: string // https://login.microsoftonline.com
}

export function confidentialClient(
  key: SigningKey,
  app: App,
  system: NodeSystemOptions = {},
): ConfidentialClientApplication {
  const assertions = createAssertionSource(key, entra(app))
  return new ConfidentialClientApplication({
    auth: {
      clientId: app.clientId,
      authority: `${app.authority}/${app.tenantId}`,
      knownAuthorities: [new URL(app.authority).host],
      clientAssertion: () => assertions.assertion(),
    },
    system,
  })
}
