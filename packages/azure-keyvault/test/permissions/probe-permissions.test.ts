import { wellKnown, type IdentityOptions } from '@sealwright/keyvault-emulator'
import { secretCredential } from '@sealwright/test-kit/credentials'
import { describe, expect, test } from 'vitest'
import { openKeyVault, probeKeyVaultPermissions, type KeyVaultOptions } from '../../src/index.ts'
import { startVault, type TestVault } from '../support/vault.ts'

const server = { clientId: '00000000-0000-4000-8000-000000000051', clientSecret: 'server-secret' }

async function vaultFor(access: Pick<IdentityOptions, 'access' | 'roles'>): Promise<TestVault> {
  const administrator = access.roles === undefined ? { ...wellKnown, access: 'all' as const } : wellKnown
  const vault = await startVault({ identities: [administrator, { ...server, ...access }] })
  await openKeyVault(vault.url, vault.options).create('signing', { keyType: 'ec-p256' })
  return vault
}

function asServer({ emulator, options }: TestVault): KeyVaultOptions {
  return { ...options, credential: secretCredential(emulator, server) }
}

describe('the permissions of an identity', () => {
  test('that can read and sign, by access policies', async () => {
    const vault = await vaultFor({ access: { certificates: ['get', 'list'], keys: ['sign'] } })
    expect(await probeKeyVaultPermissions(`${vault.url}/certificates/signing`, asServer(vault))).toEqual({
      granted: ['certificates/get', 'certificates/list', 'keys/sign'],
      denied: [
        'certificates/import',
        'certificates/delete',
        'certificates/purge',
        'keys/get',
        'keys/list',
        'keys/import',
        'keys/delete',
        'keys/purge',
      ],
      exportable: false,
    })
  })

  test('that has roles on one object', async () => {
    const vault = await vaultFor({
      roles: [
        { role: 'Key Vault Crypto User', scope: 'contoso/keys/signing' },
        { role: 'Key Vault Certificates Officer', scope: 'contoso' },
      ],
    })
    const { granted, exportable } = await probeKeyVaultPermissions(
      `${vault.url}/certificates/signing`,
      asServer(vault),
    )
    expect(granted).toEqual([
      'certificates/get',
      'certificates/list',
      'certificates/import',
      'certificates/delete',
      'certificates/purge',
      'keys/get',
      'keys/list',
      'keys/sign',
    ])
    expect(exportable).toBe(false)
  })

  test('that may do everything, and nothing has changed after that', async () => {
    const vault = await startVault()
    const store = openKeyVault(vault.url, { ...vault.options, collection: 'keys' })
    const { version } = await store.create('signing', { keyType: 'ec-p256' })
    const uri = `${vault.url}/keys/signing`
    expect(await probeKeyVaultPermissions(uri, vault.options)).toEqual({
      granted: ['keys/get', 'keys/list', 'keys/sign', 'keys/import', 'keys/delete', 'keys/purge'],
      denied: [],
      exportable: false,
    })
    const names: string[] = []
    for await (const { name } of vault.keys.listPropertiesOfKeys()) names.push(name)
    for await (const { name } of vault.keys.listDeletedKeys()) names.push(name)
    expect(names).toEqual(['signing'])
    expect((await store.list()).map((key) => key.version)).toEqual([version])
  })

  test('of a key that can be exported', async () => {
    const vault = await startVault()
    const policy = {
      keyType: 'EC',
      keyCurveName: 'P-256',
      exportable: true,
      subject: 'CN=a',
      issuerName: 'Self',
    }
    const poller = await vault.certificates.beginCreateCertificate('signing', policy, { intervalInMs: 10 })
    await poller.pollUntilDone()
    const uri = `${vault.url}/certificates/signing`
    expect(await probeKeyVaultPermissions(uri, vault.options)).toMatchObject({ exportable: true })
  })

  test('cannot be told where the vault refuses everything', async () => {
    const vault = await startVault()
    vault.emulator.faults.add({
      operation: 'keys/get',
      fault: { type: 'status', status: 403, message: 'Client address is not authorized' },
    })
    await expect(probeKeyVaultPermissions(`${vault.url}/keys/signing`, vault.options)).rejects.toMatchObject({
      code: 'ACCESS_DENIED',
      message: expect.stringContaining('Client address is not authorized'),
    })
  })
})

test('the URI names a key', async () => {
  await expect(
    probeKeyVaultPermissions('https://contoso.vault.azure.net/secrets/signing'),
  ).rejects.toMatchObject({
    code: 'INVALID_ARGUMENT',
  })
})
