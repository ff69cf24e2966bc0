import { openSigningKey } from '@sealwright/core'
import { localStore } from '@sealwright/local-store'
import { scratchFolder } from '@sealwright/test-kit/folders'
import { expect, onTestFinished, test, vi } from 'vitest'
import { Verifier } from '../support/services.ts'

test("the README's first example makes an assertion with a key that it makes", async () => {
  const before = process.cwd()
  process.chdir(scratchFolder())
  onTestFinished(() => process.chdir(before))
  const log = vi.spyOn(console, 'log').mockImplementation(() => undefined)
  onTestFinished(() => log.mockRestore())
  await import('./assertion.ts')
  const [[assertion] = []] = log.mock.calls as string[][]
  const { publicKey, keyId } = await openSigningKey('store:./keys?name=reports', { backends: [localStore()] })
  const registered = { clientId: 'reports', publicKey, keyId, audience: 'https://id.example.com' }
  await new Verifier('privateKeyJwt', registered).verify(assertion ?? '')
  expect(log).toHaveBeenCalledTimes(1)
})
