import { ManagedIdentityCredential } from '@azure/identity'
import { KeyClient } from '@azure/keyvault-keys'
import { expect, test, vi } from 'vitest'
import { startRig } from '../support/rig.ts'

// In a file of its own, for the SDK decides once per process where it is.
test('ManagedIdentityCredential, unmodified, on a virtual machine', async () => {
  const { emulator } = await startRig()
  for (const [name, value] of Object.entries(emulator.imdsEnvironment)) vi.stubEnv(name, value)
  const keys = new KeyClient(emulator.vaultUrl(), new ManagedIdentityCredential(), {
    agent: emulator.agent(),
  })
  await expect(keys.createEcKey('k')).resolves.toMatchObject({ name: 'k' })
  expect(emulator.requests.list('identity').at(-1)?.path).toMatch(/^\/metadata\/identity\/oauth2\/token/)
})
