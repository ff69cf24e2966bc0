import { forbidden } from '../protocol/errors.ts'
import type { AccessPolicy, Permission } from '../protocol/permissions.ts'

/** An application or a managed identity that can sign in. */
export interface Identity {
  /** The application id: `client_id` at the authority, `appid` in its tokens. */
  readonly clientId: string
  /** For the client credentials grant; null for an identity without one. */
  readonly clientSecret: string | null
  /** The client assertions (RFC 7523) that it signs in with; null for an identity without them. */
  readonly assertion: AcceptedAssertion | null
  /** `oid` in its tokens. */
  readonly objectId: string
  /** What it may do in every vault. */
  readonly access: AccessPolicy | 'all'
}

/** The client assertions that an identity can sign in with. */
export interface AcceptedAssertion {
  /** `iss` of the assertion. */
  readonly issuer: string
  /** `sub` of the assertion. */
  readonly subject: string
  /** The certificate or the public key of the issuer, in PEM. */
  readonly publicKey: string
}

/** Whether it is a managed identity, which has nothing to sign in with. */
export function isManagedIdentity({ clientSecret, assertion }: Identity): boolean {
  return clientSecret === null && assertion === null
}

/** @throws ServiceError 403 in the words of the service when the identity's policy lacks the permission */
export function requirePermission(
  identity: Identity,
  [collection, name]: Permission,
  vault: { readonly name: string; readonly tenantId: string; readonly region: string },
): void {
  if (identity.access === 'all') return
  const allowed: readonly string[] | 'all' = identity.access[collection] ?? []
  if (allowed === 'all' || allowed.includes(name)) return
  // manageissuers includes the finer permissions on issuers.
  if (name.endsWith('issuers') && allowed.includes('manageissuers')) return
  throw forbidden(
    `The user, group or application 'appid=${identity.clientId};oid=${identity.objectId};` +
      `iss=https://sts.windows.net/${vault.tenantId}/' does not have ${collection} ${name} permission on key vault ` +
      `'${vault.name};location=${vault.region}'. For help resolving this issue, please see ` +
      'https://go.microsoft.com/fwlink/?linkid=2125287',
    'ForbiddenByPolicy',
  )
}
