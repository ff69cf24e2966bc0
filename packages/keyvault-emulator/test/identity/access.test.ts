import type { AccessPolicy } from '@sealwright/keyvault-emulator'
import { rejection } from '@sealwright/test-kit/errors'
import { describe, expect, test } from 'vitest'
import { errorOf, startRig, rigFor, type Rig } from '../support/rig.ts'

/** A rig whose identity has only that policy, on a vault that an all-powerful one has furnished. */
async function restricted(access: AccessPolicy): Promise<Rig> {
  const rig = await startRig({ identities: [{ clientId: 'limited', clientSecret: 'x', access }, {}] })
  const owner = rig.emulator.identities[1]
  const { token } = await rig.emulator.credential(owner).getToken('https://vault.azure.net/.default')
  await rig.raw('POST', '/keys/k/create?api-version=7.6', { token, body: { kty: 'EC' } })
  await rig.raw('PUT', '/secrets/s?api-version=7.6', { token, body: { value: 'x' } })
  return rigFor(rig.emulator)
}

describe('access policies', () => {
  test('what is not allowed is a 403 in the words of the service', async () => {
    const rig = await restricted({ keys: ['sign'] })
    const error = errorOf(await rejection(rig.keys.getKey('k')))
    expect(error).toEqual({
      status: 403,
      code: 'Forbidden',
      inner: 'ForbiddenByPolicy',
      message:
        "The user, group or application 'appid=limited;oid=00000000-0000-4000-8000-0000000000b1;" +
        "iss=https://sts.windows.net/00000000-0000-4000-8000-000000000001/' does not have keys get permission on key " +
        "vault 'emulator;location=westeurope'. For help resolving this issue, please see " +
        'https://go.microsoft.com/fwlink/?linkid=2125287',
    })
  })

  const calls: Readonly<Record<string, (rig: Rig) => Promise<unknown>>> = {
    'keys get': (rig) => rig.keys.getKey('k'),
    'keys create': (rig) => rig.keys.createEcKey('k2'),
    'keys list': (rig) => rig.keys.listPropertiesOfKeys().next(),
    'keys update': (rig) => rig.keys.updateKeyProperties('k', { enabled: true }),
    'keys rotate': (rig) => rig.keys.rotateKey('k'),
    'keys getrotationpolicy': (rig) => rig.keys.getKeyRotationPolicy('k'),
    'keys backup': (rig) => rig.keys.backupKey('k'),
    'secrets get': (rig) => rig.secrets.getSecret('s'),
    'secrets set': (rig) => rig.secrets.setSecret('s', 'y'),
    'certificates create': (rig) =>
      rig.certificates.beginCreateCertificate('c', { issuerName: 'Self', subject: 'CN=c' }),
    'certificates managecontacts': (rig) => rig.certificates.setContacts([{ email: 'a@b.example' }]),
  }

  test.each(Object.keys(calls))('%s is allowed by its permission and by nothing else', async (permission) => {
    const [collection = '', name = ''] = permission.split(' ')
    const call = calls[permission]
    if (call === undefined) throw new Error('no such call')
    const allowed = await restricted({ [collection]: [name, 'get'] })
    await expect(call(allowed)).resolves.toBeDefined()
    const everythingElse: AccessPolicy = {
      keys: 'all',
      secrets: 'all',
      certificates: 'all',
      [collection]: ['delete'],
    }
    const denied = await restricted(everythingElse)
    const error = errorOf(await rejection(call(denied)))
    expect(error).toMatchObject({ status: 403, code: 'Forbidden' })
  })

  test('a client that may sign but not get still signs', async () => {
    const rig = await restricted({ keys: ['sign'] })
    const { result } = await rig
      .cryptography(`${rig.emulator.vaultUrl()}/keys/k`)
      .sign('ES256', new Uint8Array(32))
    expect(result).toHaveLength(64)
  })
})
