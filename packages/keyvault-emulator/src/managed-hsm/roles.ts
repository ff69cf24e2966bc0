import { z } from 'zod'
import { badParameter, ServiceError } from '../protocol/errors.ts'
import { ok, withBody, type Answer, type Call, type Operation } from '../vault/operation.ts'
import type { HsmRoleAssignment, HsmRoleDefinition } from '../vault/records.ts'
import { findRole } from './access.ts'
import { builtInRoles } from './built-in-roles.ts'

const actions = z.array(z.string()).default([])
const definitionSchema = z.object({
  properties: z.object({
    roleName: z.string().default(''),
    description: z.string().default(''),
    assignableScopes: z.array(z.string()).default(['/']),
    permissions: z
      .array(z.object({ actions, notActions: actions, dataActions: actions, notDataActions: actions }))
      .default([]),
  }),
})
const assignmentSchema = z.object({
  properties: z.object({ roleDefinitionId: z.string(), principalId: z.string() }),
})
const guid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

const [definitions, assignments] = ['roleDefinitions', 'roleAssignments'] as const
const permission = ['keys', 'get'] as const

/** Role definitions and role assignments of a managed HSM. */
export const hsmRoleOperations: readonly Operation[] = [
  {
    name: 'roleDefinitions/read',
    method: 'GET',
    path: definitions,
    permission,
    quota: 'other',
    handle: ({ vault }) => {
      const custom = Object.values(vault.settings.roleDefinitions ?? {})
      return ok({ value: [...builtInRoles, ...custom].map(definitionBody) })
    },
  },
  {
    name: 'roleDefinitions/read',
    method: 'GET',
    path: `${definitions}/{name}`,
    permission,
    quota: 'other',
    handle: ({ vault, name }) => ok(definitionBody(found(findRole(vault.settings, name), 'definition'))),
  },
  {
    name: 'roleDefinitions/write',
    method: 'PUT',
    path: `${definitions}/{name}`,
    permission,
    quota: 'other',
    handle: withBody(definitionSchema, setDefinition),
  },
  {
    name: 'roleDefinitions/delete',
    method: 'DELETE',
    path: `${definitions}/{name}`,
    permission,
    quota: 'other',
    handle: (call) => {
      refuseBuiltIn(call.name)
      return call.vault.updateSettings((draft) => {
        const { [call.name.toLowerCase()]: removed, ...rest } = draft.roleDefinitions ?? {}
        draft.roleDefinitions = rest
        return ok(definitionBody(found(removed, 'definition')))
      })
    },
  },
  {
    name: 'roleAssignments/read',
    method: 'GET',
    path: assignments,
    permission,
    quota: 'other',
    handle: ({ vault, scope }) => {
      const all = Object.values(vault.settings.roleAssignments ?? {})
      return ok({ value: all.filter((one) => scope === '/' || one.scope === scope).map(assignmentBody) })
    },
  },
  {
    name: 'roleAssignments/read',
    method: 'GET',
    path: `${assignments}/{name}`,
    permission,
    quota: 'other',
    handle: ({ vault, name }) =>
      ok(assignmentBody(found(vault.settings.roleAssignments?.[name.toLowerCase()], 'assignment'))),
  },
  {
    name: 'roleAssignments/write',
    method: 'PUT',
    path: `${assignments}/{name}`,
    permission,
    quota: 'other',
    handle: withBody(assignmentSchema, createAssignment),
  },
  {
    name: 'roleAssignments/delete',
    method: 'DELETE',
    path: `${assignments}/{name}`,
    permission,
    quota: 'other',
    handle: (call) =>
      call.vault.updateSettings((draft) => {
        const { [call.name.toLowerCase()]: removed, ...rest } = draft.roleAssignments ?? {}
        draft.roleAssignments = rest
        return ok(assignmentBody(found(removed, 'assignment')))
      }),
  },
]

function setDefinition(call: Call<z.output<typeof definitionSchema>>): Answer {
  const name = call.name.toLowerCase()
  if (!guid.test(name)) throw badParameter('Role definition name must be a GUID')
  refuseBuiltIn(name)
  const definition: HsmRoleDefinition = { name, type: 'CustomRole', ...call.body.properties }
  call.vault.updateSettings((draft) => {
    draft.roleDefinitions = { ...draft.roleDefinitions, [name]: definition }
  })
  return { status: 201, body: definitionBody(definition) }
}

function createAssignment(call: Call<z.output<typeof assignmentSchema>>): Answer {
  const name = call.name.toLowerCase()
  if (!guid.test(name)) throw badParameter('Role assignment name must be a GUID')
  const { roleDefinitionId, principalId } = call.body.properties
  found(findRole(call.vault.settings, roleDefinitionId), 'definition')
  const assignment: HsmRoleAssignment = { name, principalId, roleDefinitionId, scope: call.scope }
  return call.vault.updateSettings((draft) => {
    const { roleAssignments = {} } = draft
    if (roleAssignments[name] !== undefined) {
      throw new ServiceError(400, 'RoleAssignmentExists', 'The role assignment already exists.')
    }
    draft.roleAssignments = { ...roleAssignments, [name]: assignment }
    return { status: 201, body: assignmentBody(assignment) }
  })
}

function refuseBuiltIn(name: string): void {
  if (!builtInRoles.some((role) => role.name === name.toLowerCase())) return
  throw badParameter(
    'Cannot re-use the name/GUID matching that of a built-in role. Please use a unique role ID.',
  )
}

function found<T>(value: T | undefined, kind: 'definition' | 'assignment'): T {
  if (value !== undefined) return value
  const code = kind === 'definition' ? 'RoleDefinitionNotFound' : 'RoleAssignmentNotFound'
  throw new ServiceError(404, code, `Requested role ${kind} not found`)
}

function definitionBody({ name, ...properties }: HsmRoleDefinition): object {
  return {
    id: `Microsoft.KeyVault/providers/Microsoft.Authorization/roleDefinitions/${name}`,
    name,
    properties,
    type: 'Microsoft.Authorization/roleDefinitions',
  }
}

function assignmentBody({ name, ...properties }: HsmRoleAssignment): object {
  const scope = properties.scope === '/' ? '' : properties.scope
  return {
    id: `${scope}/providers/Microsoft.Authorization/roleAssignments/${name}`,
    name,
    properties,
    type: 'Microsoft.Authorization/roleAssignments',
  }
}
