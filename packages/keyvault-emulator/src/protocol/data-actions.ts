import type { Permission } from './permissions.ts'

/** What decides the data action of a request. */
export interface Authorizable {
  /** Such as `keys/sign`. */
  readonly name: string
  readonly permission: Permission
}

const vaults = 'Microsoft.KeyVault/vaults'

/** The data actions of vaults whose names are not those of the access policy's permission. */
const vaultActions: Readonly<Record<string, string>> = {
  'keys get': 'keys/read',
  'keys list': 'keys/read',
  'keys delete': 'keys/delete',
  'keys unwrapKey': 'keys/unwrap/action',
  'keys wrapKey': 'keys/wrap/action',
  'keys getrotationpolicy': 'keyrotationpolicies/read',
  'keys setrotationpolicy': 'keyrotationpolicies/write',
  'secrets get': 'secrets/getSecret/action',
  'secrets list': 'secrets/readMetadata/action',
  'secrets set': 'secrets/setSecret/action',
  'secrets delete': 'secrets/delete',
  'certificates get': 'certificates/read',
  'certificates list': 'certificates/read',
  'certificates delete': 'certificates/delete',
  'certificates managecontacts': 'certificatecontacts/write',
  'certificates getissuers': 'certificatecas/read',
  'certificates listissuers': 'certificatecas/read',
  'certificates setissuers': 'certificatecas/write',
  'certificates deleteissuers': 'certificatecas/delete',
}

/** The data action of a vault that an operation needs, such as `Microsoft.KeyVault/vaults/keys/sign/action`. */
export function vaultAction({ name, permission: [collection, permission] }: Authorizable): string {
  if (name === 'secrets/update') return `${vaults}/secrets/update/action`
  return `${vaults}/${vaultActions[`${collection} ${permission}`] ?? `${collection}/${permission}/action`}`
}

/** Whether a data action of a role, in which `*` stands for any text, covers an action. Case does not matter. */
export function coversAction(pattern: string, action: string): boolean {
  const parts = pattern.split('*').map((part) => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&'))
  return new RegExp(`^${parts.join('.*')}$`, 'i').test(action)
}

/**
 * Whether a scope covers a resource: the resource itself and everything below it. The empty scope and `/` cover everything.
 * Case does not matter.
 */
export function coversResource(scope: string, resource: string): boolean {
  const [outer, inner] = [scope.replace(/\/$/, '').toLowerCase(), resource.toLowerCase()]
  return outer === '' || inner === outer || inner.startsWith(`${outer}/`)
}
