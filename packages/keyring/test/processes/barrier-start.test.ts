import { scratchFolder } from '@sealwright/test-kit/folders'
import { isFull } from '@sealwright/test-kit/full'
import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { createLocalJWKSet, jwtVerify, type JSONWebKeySet } from 'jose'
import { describe, expect, test } from 'vitest'
import { bundledProgram } from '@sealwright/test-kit/programs'
import type { StoreConfig } from '../support/instance.ts'
import { startInstances, startVault, type Instance } from '../support/instances.ts'

const program = bundledProgram(new URL('../support/instance.ts', import.meta.url))
const create = { keyType: 'ec-p256' } as const

/** All open a ring on the same empty place at once, and each checks the token of every other. */
async function startTogether(
  instances: readonly Instance[],
  store: StoreConfig,
): Promise<{ keys: number; verified: number }> {
  const name = `signing-${randomUUID()}`
  const opened = await Promise.all(
    instances.map((instance) =>
      instance.open({ sources: [{ store, name, create }], policy: { tokenLifetime: 60 } }),
    ),
  )
  let verified = 0
  for (const { jwks } of opened) {
    const keySet = createLocalJWKSet(JSON.parse(jwks) as JSONWebKeySet)
    for (const { token } of opened) {
      await jwtVerify(token, keySet, { audience: 'api' })
      verified++
    }
  }
  return { keys: new Set(opened.map(({ keyId }) => keyId)).size, verified }
}

describe('eight instances that start at the same moment on an empty store', () => {
  test(`a folder, ${isFull ? 50 : 2} times: one key, and every token verifies everywhere`, async () => {
    const folder = scratchFolder()
    const instances = await startInstances(program(), 8)
    for (let round = 0; round < (isFull ? 50 : 2); round++)
      expect(await startTogether(instances, { folder: join(folder, `${round}`) })).toEqual({
        keys: 1,
        verified: 64,
      })
  }, 300_000)

  test(`a vault, ${isFull ? 50 : 1} times: one key, and every token verifies everywhere`, async () => {
    const { config } = await startVault()
    const instances = await startInstances(program(), 8)
    for (let round = 0; round < (isFull ? 50 : 1); round++)
      expect(await startTogether(instances, config)).toEqual({ keys: 1, verified: 64 })
  }, 1_200_000)
})
