import { createHash } from 'node:crypto'
import { EmulatorError } from '../protocol/errors.ts'
import { coversAction, coversResource } from '../protocol/data-actions.ts'
import { vaultRoles, type VaultRole } from './vault-roles.ts'

/** A role of an identity on vaults, on one vault, or on one object. */
export interface RoleAssignment {
  /** Name or id of a built-in role, such as `Key Vault Crypto User`. */
  readonly role: string
  /**
   * `VAULT`, or `VAULT/keys/NAME` and alike for `secrets` and `certificates`. A resource id of Azure counts from what
   * follows its `vaults/`. Default: every vault.
   */
  readonly scope?: string | undefined
}

const scopePattern = /^[a-z0-9-]{1,63}(\/(keys|secrets|certificates)\/[0-9A-Za-z-]{1,127})?$/i

/** A role assignment in the form that requests are checked against. */
export interface ResolvedAssignment {
  /** 32 hexadecimal digits, as in the header `x-ms-keyvault-rbac-assignment-id`. */
  readonly id: string
  /** The built-in role. */
  readonly role: VaultRole
  /** In lower case; empty for every vault. */
  readonly scope: string
}

/**
 * @param principal what the id of the assignment is made of, beside the role and the scope
 * @throws EmulatorError for an unknown role and for a scope of another form
 */
export function resolveAssignment(
  principal: string,
  { role, scope = '' }: RoleAssignment,
): ResolvedAssignment {
  const wanted = role.toLowerCase()
  const known = vaultRoles.find(({ id, name }) => id === wanted || name.toLowerCase() === wanted)
  if (known === undefined) {
    throw new EmulatorError(
      `unknown role ${role}; there are ${vaultRoles.map(({ name }) => name).join(', ')}`,
    )
  }
  const path = scope.replace(/^\/subscriptions\/.*\/vaults\//i, '').toLowerCase()
  if (path !== '' && !scopePattern.test(path)) {
    throw new EmulatorError(`invalid scope ${scope}; use VAULT or VAULT/keys/NAME`)
  }
  const id = createHash('sha256').update([principal, known.id, path].join('\n')).digest('hex').slice(0, 32)
  return { id, role: known, scope: path }
}

/**
 * The assignment that allows an action on a resource; undefined when none does.
 *
 * @param resource `VAULT` or `VAULT/keys/NAME`
 */
export function allowingAssignment(
  assignments: readonly ResolvedAssignment[],
  action: string,
  resource: string,
): ResolvedAssignment | undefined {
  return assignments.find(
    ({ role, scope }) =>
      coversResource(scope, resource) &&
      role.dataActions.some((pattern) => coversAction(`Microsoft.KeyVault/vaults/${pattern}`, action)),
  )
}
