import { openFolderStore } from '@sealwright/local-store'
import { scratchFolder } from '@sealwright/test-kit/folders'
import { expect, test } from 'vitest'
import { listeningServer } from '../apps/token-server/test/support/server.ts'
import { sealwright } from '../packages/cli/test/support/sealwright.ts'

test('the doctor finds nothing wrong with the token server, before and while it rotates', async () => {
  const folder = scratchFolder()
  const store = await openFolderStore(folder)
  await store.create('auth', { keyType: 'ec-p256' })
  const uri = `store:${folder}?name=auth`
  const { origin, ring } = await listeningServer({ env: { SIGNING_KEY: uri } })
  const client = ['--client-id', 'client', '--client-secret-env', 'SECRET', '--scope', 'api1']
  const args = ['doctor', '--issuer', origin, '--key', uri, ...client, '--api', `${origin}/api/identity`]
  const env = { SECRET: 'the secret' }
  const before = await sealwright([...args, '--json'], { env })
  expect(JSON.parse(before.out)).toMatchObject({ ok: true, findings: [], prediction: { rejectedFrom: null } })
  const next = await store.rotate('auth')
  await ring.refresh()
  const during = await sealwright([...args, '--json'], { env })
  expect(JSON.parse(during.out)).toMatchObject({
    findings: [],
    prediction: { announcedAt: next.createdAt?.toISOString(), rejectedFrom: null },
  })
  // A server with a shorter announcement would have the new key sign before all validators have it.
  const sooner = await sealwright([...args, '--announcement', '3600'], { env })
  expect(sooner.code).toBe(3)
  expect(sooner.out).toContain(`error: rotation-key-unknown: ${next.keyId}\n`)
})
