import { generateKeyPairSync, randomBytes } from 'node:crypto'
import type { JWK } from 'jose'
import { clientKeyProblem } from '../settings/client-key.ts'

/**
 * Public keys for assertions that fit no key of the client. Such an assertion is verified like any other and takes as long,
 * so the time does not reveal which clients exist. No assertion verifies with these keys, and it is refused in any case.
 *
 * @returns JWKs, one for each kind of key that a client may have
 */
export function createDecoyKeys(): JWK[] {
  const ec = ['P-256', 'P-384', 'P-521'].map(
    (namedCurve) => generateKeyPairSync('ec', { namedCurve }).publicKey,
  )
  const ed25519 = generateKeyPairSync('ed25519').publicKey
  return [rsaKey(), ...[ed25519, ...ec].map((key): JWK => key.export({ format: 'jwk' }))]
}

/** 2048 random bits as the modulus: verifying costs the same as with a real one, which takes long to make. */
function rsaKey(): JWK {
  for (;;) {
    const modulus = randomBytes(256)
    modulus[0] = (modulus[0] ?? 0) | 0x80
    modulus[255] = (modulus[255] ?? 0) | 0x01
    const jwk = { kty: 'RSA', n: modulus.toString('base64url'), e: 'AQAB' }
    // One in six has no small factor. The others are refused as weak keys.
    if (clientKeyProblem(jwk) === null) return jwk
  }
}
