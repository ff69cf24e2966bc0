import { forbidden } from './errors.ts'
import type { Permission } from './operation.ts'

/** Every permission by collection, spelled as access policies do. */
export const permissions = {
  keys: [
    'get',
    'list',
    'update',
    'create',
    'import',
    'delete',
    'recover',
    'backup',
    'restore',
    'decrypt',
    'encrypt',
    'unwrapKey',
    'wrapKey',
    'verify',
    'sign',
    'purge',
    'release',
    'rotate',
    'getrotationpolicy',
    'setrotationpolicy',
  ],
  secrets: ['get', 'list', 'set', 'delete', 'recover', 'backup', 'restore', 'purge'],
  certificates: [
    'get',
    'list',
    'update',
    'create',
    'import',
    'delete',
    'recover',
    'backup',
    'restore',
    'managecontacts',
    'manageissuers',
    'getissuers',
    'listissuers',
    'setissuers',
    'deleteissuers',
    'purge',
  ],
} as const

export type KeyPermission = (typeof permissions.keys)[number]
export type SecretPermission = (typeof permissions.secrets)[number]
export type CertificatePermission = (typeof permissions.certificates)[number]

/** An access policy. A collection left out allows nothing in it. */
export interface AccessPolicy {
  readonly keys?: readonly KeyPermission[] | 'all' | undefined
  readonly secrets?: readonly SecretPermission[] | 'all' | undefined
  readonly certificates?: readonly CertificatePermission[] | 'all' | undefined
}

/** Somebody who can sign in. */
export interface Identity {
  /** The application id: `client_id` at the authority, `appid` in its tokens. */
  readonly clientId: string
  /** For the client credentials grant; null for a managed identity, which has none. */
  readonly clientSecret: string | null
  /** `oid` in its tokens. */
  readonly objectId: string
  readonly access: AccessPolicy | 'all'
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
  // Whoever may manage issuers may do all that the finer permissions name.
  if (name.endsWith('issuers') && allowed.includes('manageissuers')) return
  throw forbidden(
    `The user, group or application 'appid=${identity.clientId};oid=${identity.objectId};` +
      `iss=https://sts.windows.net/${vault.tenantId}/' does not have ${collection} ${name} permission on key vault ` +
      `'${vault.name};location=${vault.region}'. For help resolving this issue, please see ` +
      'https://go.microsoft.com/fwlink/?linkid=2125287',
    'AccessDenied',
  )
}
