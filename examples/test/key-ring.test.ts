import { readFileSync } from 'node:fs'
import { scratchFolder } from '@sealwright/test-kit/folders'
import { createLocalJWKSet, jwtVerify, type JSONWebKeySet } from 'jose'
import { expect, onTestFinished, test, vi } from 'vitest'

test('the ring makes its key and issues a token that its JWK Set verifies', async () => {
  const workingFolder = process.cwd()
  process.chdir(scratchFolder())
  const log = vi.spyOn(console, 'log').mockImplementation(() => undefined)
  onTestFinished(() => {
    log.mockRestore()
    process.chdir(workingFolder)
  })
  await import('../key-ring.ts')
  const [status, cacheControl, body, token] = log.mock.calls.flat() as [number, string, string, string]
  expect([status, cacheControl]).toEqual([200, 'public, max-age=3600, must-revalidate'])
  const { payload } = await jwtVerify(token, createLocalJWKSet(JSON.parse(body) as JSONWebKeySet))
  expect(payload.sub).toBe('alice')
})

test('the README of keyring shows this file', () => {
  const readme = readFileSync(new URL('../../packages/keyring/README.md', import.meta.url), 'utf8')
  const [, example] = /```ts\n(.*?)```/s.exec(readme) ?? []
  expect(example).toBe(readFileSync(new URL('../key-ring.ts', import.meta.url), 'utf8'))
})
