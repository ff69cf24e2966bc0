import { createPublicKey, generateKeyPairSync, randomBytes, type KeyObject } from 'node:crypto'

/**
 * Public keys for an assertion that no key of its client fits, so that it is verified like any other and takes as long.
 * Nothing verifies with them; whoever uses them refuses the assertion whatever comes out.
 *
 * @returns a function that gives the key for one of the `verifiableAlgorithms`
 */
export function createDecoyKeys(): (algorithm: string) => KeyObject {
  const rsa = rsaKey()
  const ed25519 = generateKeyPairSync('ed25519').publicKey
  const ec: Readonly<Record<string, KeyObject>> = {
    ES256: generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey,
    ES384: generateKeyPairSync('ec', { namedCurve: 'P-384' }).publicKey,
    ES512: generateKeyPairSync('ec', { namedCurve: 'P-521' }).publicKey,
  }
  return (algorithm) => ec[algorithm] ?? (algorithm.startsWith('Ed') ? ed25519 : rsa)
}

/** 2048 random bits for a modulus: to verify with, they cost what a real one does, which takes long to make. */
function rsaKey(): KeyObject {
  const modulus = randomBytes(256)
  modulus[0] = (modulus[0] ?? 0) | 0x80
  modulus[255] = (modulus[255] ?? 0) | 0x01
  return createPublicKey({
    key: { kty: 'RSA', n: modulus.toString('base64url'), e: 'AQAB' },
    format: 'jwk',
  })
}
