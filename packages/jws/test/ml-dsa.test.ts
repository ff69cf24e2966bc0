import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { createLocalSigner, signingKeyJwk } from '@sealwright/core'
import { importJWK, jwtVerify, type JWK } from 'jose'
import { describe, expect, test } from 'vitest'
import { createJwtIssuer, createSigner } from '../src/index.ts'
import { signingKey } from './support/keys.ts'

const claims = { sub: 'client', client_id: 'client' }

/** Null on a Node older than 24.7, which has to refuse. */
function makeKey(type: string): KeyObject | null {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
  // Node's types do not have these key types yet.
  const make = (): KeyObject => generateKeyPairSync(type as 'ed25519').privateKey
  if (major > 24 || (major === 24 && minor >= 7)) return make()
  expect(make).toThrow(expect.objectContaining({ code: 'ERR_INVALID_ARG_VALUE' }))
  return null
}

describe.for(['ML-DSA-44', 'ML-DSA-65', 'ML-DSA-87'])('%s', (name) => {
  test.for(['auto', 'inline', 'libuv', 'pool'] as const)('%s: jose verifies the token', async (mode) => {
    const privateKey = makeKey(name.toLowerCase())
    // Without such a key there is nothing to sign with: no code of ours is reached.
    if (privateKey === null) return
    const signer = createSigner(privateKey, { mode })
    try {
      const issuer = createJwtIssuer(signer, { issuer: 'https://issuer', audience: 'api' })
      const tokens = await Promise.all(Array.from({ length: 8 }, () => issuer.issue(claims)))
      const jwk = signingKeyJwk(signingKey(privateKey), name)
      expect(jwk).toMatchObject({ kty: 'AKP', alg: name, kid: createLocalSigner(privateKey).keyId })
      const key = await importJWK(jwk as JWK)
      for (const token of tokens) {
        // oxlint-disable-next-line no-await-in-loop -- eight are soon done
        const { protectedHeader } = await jwtVerify(token, key, { issuer: 'https://issuer', audience: 'api' })
        expect(protectedHeader.alg).toBe(name)
      }
    } finally {
      await signer.close()
    }
  })
})
