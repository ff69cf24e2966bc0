import {
  createKeyVaultEmulator,
  EmulatorError,
  startKeyVaultEmulator,
  type RoleAssignment,
} from '@sealwright/keyvault-emulator'
import { rejection } from '@sealwright/test-kit/errors'
import { describe, expect, onTestFinished, test } from 'vitest'
import { errorOf, rigFor, startRig, type Rig } from '../support/rig.ts'

/** A rig whose identity has only these roles, on a vault that an administrator has furnished. */
async function withRoles(...roles: RoleAssignment[]): Promise<Rig> {
  const emulator = await startKeyVaultEmulator({
    identities: [{ clientId: 'limited', clientSecret: 'x', roles }, {}],
  })
  onTestFinished(() => emulator.close())
  const rig = rigFor(emulator)
  const { token } = await emulator
    .credential(emulator.identities[1])
    .getToken('https://vault.azure.net/.default')
  await rig.raw('POST', '/keys/k/create?api-version=7.6', { token, body: { kty: 'EC' } })
  await rig.raw('PUT', '/secrets/s?api-version=7.6', { token, body: { value: 'x' } })
  return rig
}

const calls: Readonly<Record<string, (rig: Rig) => Promise<unknown>>> = {
  'keys get': (rig) => rig.keys.getKey('k'),
  'keys list': (rig) => rig.keys.listPropertiesOfKeys().next(),
  'keys create': (rig) => rig.keys.createEcKey('other'),
  'keys update': (rig) => rig.keys.updateKeyProperties('k', { tags: {} }),
  'keys sign': (rig) =>
    rig.cryptography(`${rig.emulator.vaultUrl()}/keys/k`).sign('ES256', new Uint8Array(32)),
  'keys rotate': (rig) => rig.keys.rotateKey('k'),
  'keys getRotationPolicy': (rig) => rig.keys.getKeyRotationPolicy('k'),
  'keys backup': (rig) => rig.keys.backupKey('k'),
  'secrets get': (rig) => rig.secrets.getSecret('s'),
  'secrets set': (rig) => rig.secrets.setSecret('s', 'y'),
  'secrets update': (rig) => rig.secrets.updateSecretProperties('s', '', { tags: {} }),
  'secrets list': (rig) => rig.secrets.listPropertiesOfSecrets().next(),
  'certificates create': (rig) =>
    rig.certificates.beginCreateCertificate('c', { issuerName: 'Self', subject: 'CN=c', keyType: 'EC' }),
  'certificates list': (rig) => rig.certificates.listPropertiesOfCertificates().next(),
  'certificates contacts': (rig) => rig.certificates.setContacts([{ email: 'a@b.example' }]),
  'certificates issuers': (rig) => rig.certificates.createIssuer('i', 'Test'),
}

/** What each built-in role allows of the calls above, from the service's documentation. */
const allowed: Readonly<Record<string, readonly string[]>> = {
  'Key Vault Administrator': Object.keys(calls),
  'Key Vault Reader': [
    'keys get',
    'keys list',
    'keys getRotationPolicy',
    'secrets list',
    'certificates list',
  ],
  'Key Vault Crypto Officer': Object.keys(calls).filter((name) => name.startsWith('keys')),
  'Key Vault Crypto User': ['keys get', 'keys list', 'keys update', 'keys sign', 'keys backup'],
  'Key Vault Crypto Service Encryption User': ['keys get', 'keys list'],
  'Key Vault Crypto Service Release User': [],
  'Key Vault Secrets Officer': Object.keys(calls).filter((name) => name.startsWith('secrets')),
  'Key Vault Secrets User': ['secrets get', 'secrets list'],
  'Key Vault Certificates Officer': Object.keys(calls).filter((name) => name.startsWith('certificates')),
  'Key Vault Certificate User': ['keys get', 'keys list', 'secrets get', 'secrets list', 'certificates list'],
}

describe('role-based access control', () => {
  test.each(Object.keys(allowed))('%s allows what the documentation says, and nothing else', async (role) => {
    const rig = await withRoles({ role })
    for (const [name, call] of Object.entries(calls)) {
      const status = await call(rig).then(
        () => 200,
        (error: unknown) => errorOf(error).status,
      )
      expect(status, name).toBe(allowed[role]?.includes(name) === true ? 200 : 403)
    }
  })

  test('the 403 names the caller, the action and the resource in the words of the service', async () => {
    const rig = await withRoles()
    expect(errorOf(await rejection(rig.secrets.getSecret('s')))).toEqual({
      status: 403,
      code: 'Forbidden',
      inner: 'ForbiddenByRbac',
      message: [
        'Caller is not authorized to perform action on resource.',
        'If role assignments, deny assignments or role definitions were changed recently, please observe propagation time.',
        'Caller: appid=limited;oid=00000000-0000-4000-8000-0000000000b1;iss=https://sts.windows.net/00000000-0000-4000-8000-000000000001/',
        "Action: 'Microsoft.KeyVault/vaults/secrets/getSecret/action'",
        "Resource: '/subscriptions/00000000-0000-4000-8000-0000000000c1/resourcegroups/emulator/providers/microsoft.keyvault/vaults/emulator/secrets/s'",
        'Assignment: (not found)',
        'DenyAssignmentId: null',
        "DecisionReason: 'DeniedWithNoValidRBAC' ",
        'Vault: emulator;location=westeurope',
        '',
      ].join('\r\n'),
    })
  })

  test('a role on one vault is none on another', async () => {
    const here = await withRoles({ role: 'Key Vault Crypto User', scope: 'emulator' })
    await expect(here.keys.getKey('k')).resolves.toBeDefined()
    const elsewhere = await withRoles({ role: 'Key Vault Crypto User', scope: 'other' })
    expect(errorOf(await rejection(elsewhere.keys.getKey('k')))).toMatchObject({ inner: 'ForbiddenByRbac' })
  })

  test('a role on one key is none on its neighbour, nor on the list', async () => {
    const resource = '/subscriptions/s/resourceGroups/g/providers/Microsoft.KeyVault/vaults/emulator/keys/K'
    for (const scope of ['emulator/keys/k', resource]) {
      const rig = await withRoles({ role: 'Key Vault Crypto Officer', scope })
      await expect(rig.keys.getKey('k')).resolves.toBeDefined()
      await expect(rig.keys.createEcKey('k')).resolves.toBeDefined()
      for (const call of [rig.keys.createEcKey('kk'), rig.keys.getKey('other')]) {
        expect(errorOf(await rejection(call))).toMatchObject({ status: 403, inner: 'ForbiddenByRbac' })
      }
      expect((await rig.raw('GET', '/keys?api-version=7.6')).status).toBe(403)
    }
  })

  test('the answer names the assignment that allowed it', async () => {
    const rig = await withRoles({ role: '12338af0-0e69-4776-bea7-57ae8d297424' })
    const { headers } = await rig.raw('GET', '/keys/k?api-version=7.6')
    expect(headers['x-ms-keyvault-rbac-assignment-id']).toBe(rig.emulator.identities[0]?.roles[0]?.id)
  })
})

/** Starts an emulator with one role assignment. */
const started = (role: string, scope?: string) => () =>
  createKeyVaultEmulator({ identities: [{ roles: [{ role, scope }] }] })

describe('which model a vault has', () => {
  test('role-based access control, unless an identity has an access policy', async () => {
    const assignment = 'x-ms-keyvault-rbac-assignment-id'
    const byDefault = await startRig()
    expect((await byDefault.raw('GET', '/keys?api-version=7.6')).headers[assignment]).toMatch(
      /^[0-9a-f]{32}$/,
    )
    const policies = await startRig({ identities: [{ clientSecret: 'x', access: { keys: 'all' } }] })
    expect((await policies.raw('GET', '/keys?api-version=7.6')).headers[assignment]).toBeUndefined()
  })

  test('rights in one model are none in the other', async () => {
    const identities = [{ clientId: 'app', clientSecret: 'x', access: { keys: ['get'] } as const }]
    const rbac = await startRig({ identities, authorization: 'rbac' })
    expect(errorOf(await rejection(rbac.keys.getKey('k')))).toMatchObject({ inner: 'ForbiddenByRbac' })
    const roles = [{ clientId: 'app', clientSecret: 'x', roles: [{ role: 'Key Vault Reader' }] }]
    const policies = await startRig({ identities: roles, authorization: { emulator: 'accessPolicies' } })
    expect(errorOf(await rejection(policies.keys.getKey('k')))).toMatchObject({ inner: 'ForbiddenByPolicy' })
  })

  test('has to be said where identities have both', () => {
    const both = [{ access: { keys: 'all' as const } }, { roles: [] }]
    expect(() => createKeyVaultEmulator({ identities: both })).toThrow(EmulatorError)
    expect(() => createKeyVaultEmulator({ identities: both, authorization: 'rbac' })).not.toThrow()
  })

  test('an unknown role and an invalid scope are refused, and the roles named', () => {
    expect(started('Key Vault Signer')).toThrow(/unknown role .* Key Vault Crypto User/)
    expect(started('Key Vault Reader', 'emulator/keys')).toThrow(/invalid scope/)
  })
})
