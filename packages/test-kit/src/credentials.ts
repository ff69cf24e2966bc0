import { ClientSecretCredential } from '@azure/identity'

/** The facts about a running emulator that a credential needs. */
export interface Authority {
  readonly tenantId: string
  readonly authorityHost: string
  /** PEM */
  readonly ca: string
}

/** The credential that a service uses, signed in at the authority of an emulator. */
export function secretCredential(
  authority: Authority,
  identity: { readonly clientId: string; readonly clientSecret: string },
): ClientSecretCredential {
  return new ClientSecretCredential(authority.tenantId, identity.clientId, identity.clientSecret, {
    authorityHost: authority.authorityHost,
    disableInstanceDiscovery: true,
    tlsOptions: { ca: authority.ca },
  })
}
