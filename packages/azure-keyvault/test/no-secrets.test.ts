import { once } from 'node:events'
import { request } from 'node:https'
import { expect, test } from 'vitest'
import { closeVault, openVault, type TestVault } from './support/vault.ts'

async function askForSecret({ url, options }: TestVault): Promise<void> {
  const asking = request(`${url}/secrets/my-app-auth?api-version=7.6`, { agent: options.agent }).end()
  const [answer] = await once(asking, 'response')
  answer.resume()
}

test('a suite that asks for a secret fails, even if it clears the log of requests', async () => {
  const vault = await openVault()
  await askForSecret(vault)
  expect(() => vault.emulator.requests.clear()).toThrow(/secrets/)
  await expect(closeVault(vault)).rejects.toThrow(/secrets/)
})
