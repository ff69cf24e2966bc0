import { azureKeyVault } from '@sealwright/azure-keyvault'
import type { KeyTypeName } from '@sealwright/core'
import { startKeyVaultEmulator, wellKnown } from '@sealwright/keyvault-emulator'
import { secretCredential } from '@sealwright/test-kit/credentials'
import { onTestFinished } from 'vitest'
import { openTestRing, type TestRing } from './rotation.ts'

/** Opens a ring on a certificate in an emulated vault. Both end with the test. */
export async function openVaultRing(keyType: KeyTypeName): Promise<TestRing> {
  const emulator = await startKeyVaultEmulator({ timing: { issuance: 5, deletion: 5 } })
  onTestFinished(() => emulator.close())
  const vault = azureKeyVault({
    credential: secretCredential(emulator, wellKnown),
    agent: emulator.agent(),
    pollInterval: 5,
    settleTime: 0,
    deadline: 20_000,
    attemptTimeout: 10_000,
  })
  const uri = `${emulator.vaultUrl('contoso')}/certificates/signing`
  return openTestRing([{ uri, create: { keyType } }], { backends: [vault] })
}
