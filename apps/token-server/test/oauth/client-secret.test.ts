import crypto, { createHash } from 'node:crypto'
import { syncBuiltinESMExports } from 'node:module'
import { expect, onTestFinished, test, vi } from 'vitest'
import { hasSecret } from '../../src/oauth/client-secret.ts'
import type { Client } from '../../src/settings/settings.ts'

const hash = (secret: string): Uint8Array => createHash('sha256').update(secret).digest()

const client = (...secrets: readonly string[]): Client => ({
  clientId: 'client',
  secretHashes: secrets.map(hash),
  jwks: null,
  grantTypes: ['client_credentials'],
  scopes: ['api1'],
  accessTokenLifetime: 60,
  signingAlgorithm: null,
})

test.each([
  { client: client('a'), secret: 'a', expected: true },
  { client: client('a', 'b', 'c'), secret: 'a', expected: true },
  { client: client('a', 'b', 'c'), secret: 'c', expected: true },
  { client: client('é€😀'), secret: 'é€😀', expected: true },
  { client: client('a'), secret: 'A', expected: false },
  { client: client('a'), secret: '', expected: false },
  { client: client('a'), secret: Buffer.from(hash('a')).toString('hex'), expected: false },
  { client: client(), secret: '', expected: false },
  { client: undefined, secret: 'a', expected: false },
])('$secret of $client.secretHashes.length: $expected', ({ client: of, secret, expected }) => {
  expect(hasSecret(of, secret)).toBe(expected)
})

test.each([undefined, client(), client('a'), client('a', 'b')])(
  'compares a hash for every client: %j',
  (of) => {
    const comparisons = vi.spyOn(crypto, 'timingSafeEqual')
    syncBuiltinESMExports()
    onTestFinished(() => {
      comparisons.mockRestore()
      syncBuiltinESMExports()
    })
    hasSecret(of, 'a')
    // All of them, even after one that matches.
    expect(comparisons).toHaveBeenCalledTimes(Math.max(1, of?.secretHashes.length ?? 0))
  },
)
