import { generateKeyPairSync } from 'node:crypto'
import { expect, onTestFinished, test } from 'vitest'
import { makeModule } from '../packages/azure-keyvault/test/support/attested-key.ts'
import { attestedKeyBody, startManagedHsm } from '../packages/azure-keyvault/test/support/managed-hsm.ts'
import { emulatorAgent } from '@sealwright/test-kit/emulator-agent'
import { succeed } from '../packages/cli/test/support/sealwright.ts'

const credential = {
  getToken: () => Promise.resolve({ token: 'token', expiresOnTimestamp: Date.now() + 3_600_000 }),
}

test('sealwright inspect shows what a managed HSM attests of a key, or why it does not verify', async () => {
  const { publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const module = await makeModule()
  const { url, ca } = await startManagedHsm(attestedKeyBody(module, publicKey))
  const agent = emulatorAgent(ca)
  onTestFinished(() => agent.destroy())
  const vault = { credential, agent }
  const command = ['inspect', `${url}/keys/k`]

  const trusting = { vault, attestation: { roots: [module.root] } }
  expect((await succeed(command, trusting)).out).toMatch(
    / {2}attested: {3}by the managed HSM\n {2}made in the HSM yes, extractable \w+, never extractable yes\n/,
  )
  const json: unknown = JSON.parse((await succeed([...command, '--json'], trusting)).out)
  expect(json).toMatchObject({ attestation: { verified: true, problem: null, namesPublicKey: true } })

  // Marvell's roots have not signed it.
  expect((await succeed(command, { vault })).out).toMatch(/ {2}attested: {3}no: .*attestation/)
})
