import { vaultAction, type Authorizable } from '../protocol/data-actions.ts'
import { forbidden } from '../protocol/errors.ts'
import type { AccessPolicy } from '../protocol/permissions.ts'
import { allowingAssignment, type ResolvedAssignment } from './roles.ts'

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
  /** What it may do in every vault that has access policies. */
  readonly access: AccessPolicy | 'all'
  /** What it may do in vaults with role-based access control. */
  readonly roles: readonly ResolvedAssignment[]
}

/** How a vault decides what an identity may do: by its access policies, or by role-based access control (RBAC). */
export type Authorization = 'accessPolicies' | 'rbac'

/** The vault of a request. */
export interface GuardedVault {
  readonly name: string
  readonly tenantId: string
  readonly region: string
  readonly authorization: Authorization
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

/**
 * Checks that an identity may carry out an operation.
 *
 * @param object `keys/NAME` and alike; empty for the vault as a whole
 * @returns the headers that tell which role assignment allowed it
 * @throws ServiceError 403 in the words of the service
 */
export function requirePermission(
  identity: Identity,
  operation: Authorizable,
  vault: GuardedVault,
  object: string,
): Readonly<Record<string, string>> {
  if (vault.authorization === 'rbac') return requireRole(identity, operation, vault, object)
  requirePolicy(identity, operation, vault)
  return {}
}

function requirePolicy(
  identity: Identity,
  { permission: [collection, name] }: Authorizable,
  vault: GuardedVault,
): void {
  if (identity.access === 'all') return
  const allowed: readonly string[] | 'all' = identity.access[collection] ?? []
  if (allowed === 'all' || allowed.includes(name)) return
  // manageissuers includes the finer permissions on issuers.
  if (name.endsWith('issuers') && allowed.includes('manageissuers')) return
  throw forbidden(
    `The user, group or application '${callerOf(identity, vault)}' does not have ${collection} ${name} permission on ` +
      `key vault '${vault.name};location=${vault.region}'. For help resolving this issue, please see ` +
      'https://go.microsoft.com/fwlink/?linkid=2125287',
    'ForbiddenByPolicy',
  )
}

function requireRole(
  identity: Identity,
  operation: Authorizable,
  vault: GuardedVault,
  object: string,
): Record<string, string> {
  const action = vaultAction(operation)
  const path = object === '' ? vault.name : `${vault.name}/${object}`
  const assignment = allowingAssignment(identity.roles, action, path)
  if (assignment !== undefined) return { 'x-ms-keyvault-rbac-assignment-id': assignment.id }
  throw forbidden(
    [
      'Caller is not authorized to perform action on resource.',
      'If role assignments, deny assignments or role definitions were changed recently, please observe propagation time.',
      `Caller: ${callerOf(identity, vault)}`,
      `Action: '${action}'`,
      `Resource: '${resourceGroup}/providers/microsoft.keyvault/vaults/${path}'`,
      'Assignment: (not found)',
      'DenyAssignmentId: null',
      "DecisionReason: 'DeniedWithNoValidRBAC' ",
      `Vault: ${vault.name};location=${vault.region}`,
      '',
    ].join('\r\n'),
    'ForbiddenByRbac',
  )
}

/** The resource group that the vaults of every emulator are in. */
const resourceGroup = '/subscriptions/00000000-0000-4000-8000-0000000000c1/resourcegroups/emulator'

function callerOf({ clientId, objectId }: Identity, { tenantId }: GuardedVault): string {
  return `appid=${clientId};oid=${objectId};iss=https://sts.windows.net/${tenantId}/`
}
