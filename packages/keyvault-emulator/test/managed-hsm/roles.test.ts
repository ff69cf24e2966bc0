import { createKeyVaultEmulator } from '@sealwright/keyvault-emulator'
import { expect, test } from 'vitest'

const provider = '/providers/Microsoft.Authorization'
const cryptoUser =
  'Microsoft.KeyVault/providers/Microsoft.Authorization/roleDefinitions/21dbd100-6940-42c2-9190-5d6cb909625b'
const [id, other] = ['5e62913b-aa90-4d14-be46-ca5464344218', '761c4722-735e-4ade-84c2-3f9d838803d0']

/** An HSM with an administrator and an identity without rights, `limited`. */
function hsm() {
  const emulator = createKeyVaultEmulator({ identities: [{}, { clientId: 'limited', roles: [] }] })
  const [administrator, limited] = emulator.identities
  const ask = async (
    method: string,
    path: string,
    body?: unknown,
    identity = administrator,
  ): Promise<{ status: number; body: Record<string, unknown> }> => {
    const { token } = await emulator.credential(identity).getToken('https://managedhsm.azure.net/.default')
    const response = await emulator.handle({
      method,
      url: new URL(`https://pool.managedhsm.azure.net${path}?api-version=2025-07-01`),
      headers: { authorization: `Bearer ${token}` },
      body: body === undefined ? new Uint8Array() : Buffer.from(JSON.stringify(body)),
    })
    return {
      status: response.status,
      body: JSON.parse(Buffer.from(response.body ?? []).toString() || '{}') as Record<string, unknown>,
    }
  }
  return { ask, limited, principalId: limited?.objectId ?? '' }
}

test('a role assignment allows what its role does, until it is deleted', async () => {
  const { ask, limited, principalId } = hsm()
  const create = () => ask('POST', '/keys/k/create', { kty: 'EC' }, limited)
  expect((await create()).status).toBe(403)
  const properties = { roleDefinitionId: cryptoUser, principalId }
  expect(await ask('PUT', `//${provider}/roleAssignments/${id}`, { properties })).toEqual({
    status: 201,
    body: {
      id: `${provider}/roleAssignments/${id}`,
      name: id,
      properties: { principalId, roleDefinitionId: cryptoUser, scope: '/' },
      type: 'Microsoft.Authorization/roleAssignments',
    },
  })
  expect((await create()).status).toBe(200)
  expect((await ask('DELETE', '/deletedkeys/k', undefined, limited)).status).toBe(403)
  expect((await ask('GET', '/settings', undefined, limited)).status).toBe(403)
  expect((await ask('DELETE', `//${provider}/roleAssignments/${id}`)).status).toBe(200)
  expect((await create()).status).toBe(403)
})

test('a role on one key is none on its neighbour', async () => {
  const { ask, limited, principalId } = hsm()
  for (const name of ['mine', 'yours']) await ask('POST', `/keys/${name}/create`, { kty: 'EC' })
  const properties = { roleDefinitionId: cryptoUser, principalId }
  await ask('PUT', `//keys/mine${provider}/roleAssignments/${id}`, { properties })
  expect((await ask('GET', '/keys/mine', undefined, limited)).status).toBe(200)
  expect((await ask('GET', '/keys/yours', undefined, limited)).status).toBe(403)
  expect((await ask('GET', '/keys', undefined, limited)).status).toBe(403)
  const listed = await ask('GET', `//keys/mine${provider}/roleAssignments`)
  expect(listed.body['value']).toMatchObject([{ name: id, properties: { scope: '/keys/mine' } }])
})

test('a custom role: what it takes away is not allowed', async () => {
  const { ask, limited, principalId } = hsm()
  const permissions = [
    {
      dataActions: ['Microsoft.KeyVault/managedHsm/keys/*'],
      notDataActions: ['Microsoft.KeyVault/managedHsm/keys/delete'],
    },
  ]
  const properties = { roleName: 'all but delete', permissions }
  const made = await ask('PUT', `//${provider}/roleDefinitions/${other}`, { properties })
  expect(made).toMatchObject({
    status: 201,
    body: { properties: { roleName: 'all but delete', type: 'CustomRole', assignableScopes: ['/'] } },
  })
  const roleDefinitionId = made.body['id']
  await ask('PUT', `//${provider}/roleAssignments/${id}`, { properties: { roleDefinitionId, principalId } })
  expect((await ask('POST', '/keys/k/create', { kty: 'EC' }, limited)).status).toBe(200)
  expect((await ask('DELETE', '/keys/k', undefined, limited)).status).toBe(403)
  expect((await ask('DELETE', `//${provider}/roleDefinitions/${other}`)).status).toBe(200)
  expect((await ask('GET', '/keys/k', undefined, limited)).status).toBe(403)
})

test.each([
  ['PUT', `roleDefinitions/a290e904-7015-4bba-90c8-60543313cdb4`, 400, 'BadParameter'],
  ['DELETE', `roleDefinitions/a290e904-7015-4bba-90c8-60543313cdb4`, 400, 'BadParameter'],
  ['PUT', 'roleDefinitions/foo%20unique%20value', 400, 'BadParameter'],
  ['GET', 'roleDefinitions/does_not_exist', 404, 'RoleDefinitionNotFound'],
  ['DELETE', `roleAssignments/${id}`, 404, 'RoleAssignmentNotFound'],
])('%s %s is %i %s, as recorded', async (method, path, status, code) => {
  const body = method === 'PUT' ? { properties: { roleName: 'x' } } : undefined
  expect(await hsm().ask(method, `//${provider}/${path}`, body)).toMatchObject({
    status,
    body: { error: { code } },
  })
})

test('an assignment that exists is 400 RoleAssignmentExists', async () => {
  const { ask, principalId } = hsm()
  const properties = { roleDefinitionId: cryptoUser, principalId }
  const assign = () => ask('PUT', `//${provider}/roleAssignments/${id}`, { properties })
  expect((await assign()).status).toBe(201)
  expect(await assign()).toMatchObject({ status: 400, body: { error: { code: 'RoleAssignmentExists' } } })
})

test('its one setting is read and changed', async () => {
  const { ask } = hsm()
  const setting = { name: 'AllowKeyManagementOperationsThroughARM', type: 'boolean', value: 'false' }
  expect((await ask('GET', '/settings')).body).toEqual({ settings: [setting] })
  const changed = await ask('PATCH', `/settings/${setting.name}`, { value: 'true' })
  expect(changed.body).toEqual({ ...setting, value: 'true' })
  expect((await ask('GET', `/settings/${setting.name}`)).body).toEqual({ ...setting, value: 'true' })
})
