import { createLocalSigner, type KeyTypeName, type Signer } from '@sealwright/core'
import { privateKey } from '@sealwright/test-kit/keys'
import { createJWS, createJWT, verifyJWS, verifyJWT } from 'did-jwt'
import { decodeProtectedHeader } from 'jose'
import { describe, expect, test } from 'vitest'
import { document, sign } from '../examples/did-jwt.ts'
import { didDocument, didJwtSigner, type DidDocument } from '../src/did-jwt.ts'
import { openFolderRing, rotateInTheMiddle } from './support/rotation.ts'

const did = 'did:web:auth.example.com'
const audience = 'did:web:api.example.com'

const keys: readonly (readonly [algorithm: string, keyType: KeyTypeName])[] = [
  ['ES256', 'ec-p256'],
  ['ES256K', 'ec-secp256k1'],
  ['Ed25519', 'ed25519'],
  ['EdDSA', 'ed25519'],
]

/** Verifies with the document as it comes over the wire. */
async function verify(token: string, resolved: DidDocument): Promise<void> {
  const resolver = { resolve: async () => ({ didDocument: JSON.parse(JSON.stringify(resolved)) }) } as never
  const options = { resolver, audience, proofPurpose: 'assertionMethod' } as const
  const { payload, signer } = await verifyJWT(token, options)
  expect(payload).toMatchObject({ iss: did, sub: 'alice' })
  expect(signer.id).toBe(decodeProtectedHeader(token).kid)
}

const claims = { sub: 'alice', aud: audience }

test.each(keys)('did-jwt verifies %s with the DID document of a ring', async (algorithm, keyType) => {
  const { ring } = await openFolderRing(keyType, { algorithms: [algorithm] })
  const token = await sign(ring, did, claims)
  expect(decodeProtectedHeader(token).alg).toBe(algorithm)
  await verify(token, document(ring, did))
})

test('did-jwt verifies tokens while the key rotates', async () => {
  const testRing = await openFolderRing('ec-p256')
  let resolved = document(testRing.ring, did)
  const kids = await rotateInTheMiddle(testRing, async () => [await sign(testRing.ring, did, claims)], {
    validate: (token) => verify(token, resolved),
    async expire() {
      resolved = document(testRing.ring, did)
    },
  })
  expect(kids).toHaveLength(2)
})

const signerOf = (algorithm: string): Signer => createLocalSigner(privateKey(algorithm), { algorithm })

describe('the signer', () => {
  test('signs a JWS of bytes and of text', async () => {
    const signer = signerOf('ES256')
    const { verificationMethod } = didDocument(did, (await openFolderRing('ec-p256')).ring)
    expect(verificationMethod).toHaveLength(1)
    const jws = await createJWS('aGVsbG8', didJwtSigner(signer), { alg: 'ES256' })
    const publicKeyJwk = signer.publicKey.export({ format: 'jwk' })
    const key = { id: 'a', type: 'JsonWebKey2020', controller: did, publicKeyJwk } as never
    expect(verifyJWS(jws, key)).toBe(key)
    const bytes = await didJwtSigner(signer)(Buffer.from(jws.split('.').slice(0, 2).join('.')))
    expect(bytes).toMatch(/^[\w-]{86}$/)
  })

  test('signs data that is no JWS', async () => {
    expect(await didJwtSigner(signerOf('EdDSA'))('any data')).toMatch(/^[\w-]{86}$/)
  })

  test('refuses a header with another algorithm, such as the default of did-jwt', async () => {
    const signer = didJwtSigner(signerOf('ES256'))
    await expect(createJWT({ sub: 'alice' }, { issuer: did, signer })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining("{ alg: 'ES256' }") as string,
    })
  })

  test('refuses a key whose algorithm did-jwt does not know', () => {
    expect(() => didJwtSigner(signerOf('RS256'))).toThrow(
      expect.objectContaining({
        code: 'UNSUPPORTED_ALGORITHM',
        message: 'did-jwt does not support RS256; use a key for one of ES256, ES256K, Ed25519, EdDSA',
      }),
    )
  })
})

test.each(['web:a', 'did:', 'did:web:', 'did:web:a b', 'did:WEB:a', undefined])(
  'a DID document is not made for %o',
  async (wrong) => {
    const { ring } = await openFolderRing('ec-p256')
    // @ts-expect-error -- as callers in JavaScript may
    expect(() => didDocument(wrong, ring)).toThrow('did must be a DID')
  },
)
