import type { Identity } from '../identity/access.ts'
import { coversAction, coversResource } from '../protocol/data-actions.ts'
import { ServiceError } from '../protocol/errors.ts'
import type { HsmRoleDefinition, VaultSettings } from '../vault/records.ts'
import { builtInRoles } from './built-in-roles.ts'

const managedHsm = 'Microsoft.KeyVault/managedHsm'

/** The data actions of a managed HSM whose names are not `keys/PERMISSION/action`. */
const hsmActions: Readonly<Record<string, string>> = {
  'keys/getDeleted': 'keys/deletedKeys/read/action',
  'keys/listDeleted': 'keys/deletedKeys/read/action',
  'keys/recover': 'keys/deletedKeys/recover/action',
  'keys/purge': 'keys/deletedKeys/delete',
  'keys/create': 'keys/create',
  'keys/delete': 'keys/delete',
  'keys/get': 'keys/read/action',
  'keys/list': 'keys/read/action',
  'keys/listVersions': 'keys/read/action',
  'keys/getAttestation': 'keys/read/action',
  'keys/getRotationPolicy': 'keys/read/action',
  'keys/setRotationPolicy': 'keys/write/action',
  'keys/update': 'keys/write/action',
  'keys/wrapKey': 'keys/wrap/action',
  'keys/unwrapKey': 'keys/unwrap/action',
}

/** The data action of a managed HSM that an operation needs. Operations of the HSM itself are named after theirs. */
function hsmAction({ name }: { readonly name: string }): string {
  return `${managedHsm}/${hsmActions[name] ?? `${name}/action`}`
}

/** A role definition by its id or by the last segment of its id; undefined when there is no such role. */
export function findRole({ roleDefinitions = {} }: VaultSettings, id: string): HsmRoleDefinition | undefined {
  const name = (id.split('/').at(-1) ?? '').toLowerCase()
  return builtInRoles.find((role) => role.name === name) ?? roleDefinitions[name]
}

/**
 * Checks that an identity may carry out an operation in a managed HSM, by the local roles of the HSM. An identity
 * without restrictions counts as an administrator of the HSM, and may use its keys as well.
 *
 * @param scope `/`, `/keys` or `/keys/NAME`, of what the operation is about
 * @throws ServiceError 403
 */
export function requireHsmRole(
  identity: Identity,
  operation: { readonly name: string },
  settings: VaultSettings,
  scope: string,
): void {
  if (identity.access === 'all') return
  const action = hsmAction(operation)
  const assigned = Object.values(settings.roleAssignments ?? {}).filter(
    ({ principalId, scope: of }) => principalId === identity.objectId && coversResource(of, scope),
  )
  const isAllowed = assigned.some(({ roleDefinitionId }) => {
    const permissions = findRole(settings, roleDefinitionId)?.permissions ?? []
    return permissions.some(
      ({ dataActions, notDataActions }) =>
        dataActions.some((pattern) => coversAction(pattern, action)) &&
        !notDataActions.some((pattern) => coversAction(pattern, action)),
    )
  })
  if (isAllowed) return
  throw new ServiceError(
    403,
    'Forbidden',
    `User, application or service principal ${identity.objectId} does not have the data action ${action} on scope ` +
      `${scope}.`,
  )
}
