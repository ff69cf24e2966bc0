import { DefaultAzureCredential, ManagedIdentityCredential } from '@azure/identity'
import { KeyClient } from '@azure/keyvault-keys'
import { startKeyVaultEmulator, type RunningKeyVaultEmulator } from '@sealwright/keyvault-emulator'
import { rejection } from '@sealwright/test-kit/errors'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { errorOf } from '../support/rig.ts'

// One emulator for the whole file: the SDK keeps the endpoint it found, and its tokens, for the life of the
// process.
let emulator: RunningKeyVaultEmulator

beforeAll(async () => {
  emulator = await startKeyVaultEmulator({
    identities: [{}, { clientId: 'reader', access: { keys: ['get'] } }],
  })
  for (const [name, value] of Object.entries(emulator.appServiceEnvironment)) vi.stubEnv(name, value)
})

afterAll(async () => {
  vi.unstubAllEnvs()
  await emulator.close()
})

function keyClient(credential: ConstructorParameters<typeof KeyClient>[1]): KeyClient {
  return new KeyClient(emulator.vaultUrl(), credential, { agent: emulator.agent() })
}

describe('App Service', () => {
  test('ManagedIdentityCredential, unmodified, is the system-assigned identity', async () => {
    await keyClient(new ManagedIdentityCredential()).createEcKey('k')
    expect(emulator.requests.list('identity').map(({ path }) => path)).toEqual(['/msi/token'])
  })

  test('a user-assigned identity has its own permissions', async () => {
    const reader = keyClient(new ManagedIdentityCredential({ clientId: 'reader' }))
    await expect(reader.getKey('k')).resolves.toMatchObject({ name: 'k' })
    expect(errorOf(await rejection(reader.createEcKey('k')))).toMatchObject({ status: 403 })
  })

  test('DefaultAzureCredential, unmodified, finds it', async () => {
    await expect(keyClient(new DefaultAzureCredential()).getKey('k')).resolves.toMatchObject({ name: 'k' })
  })
})

describe('the endpoints themselves', () => {
  test.each([
    ['App Service without its header', '/msi/token?resource=https://vault.azure.net', {}, 401],
    ['IMDS without Metadata', '/metadata/identity/oauth2/token?resource=https://vault.azure.net', {}, 400],
    ['IMDS without a resource', '/metadata/identity/oauth2/token', { metadata: 'true' }, 400],
    [
      'an unknown identity',
      '/metadata/identity/oauth2/token?resource=x&client_id=y',
      { metadata: 'true' },
      400,
    ],
    ['another path', '/metadata/instance', { metadata: 'true' }, 404],
  ])('%s is refused', async (_name, path, headers, status) => {
    const answer = await fetch(`http://127.0.0.1:${emulator.metadataPort}${path}`, { headers })
    expect(answer.status).toBe(status)
  })
})
