import { createLocalJWKSet, type JSONWebKeySet, type JWK } from 'jose'
import { usableAlgorithms } from '../settings/client-key.ts'

/** Rejects when no key fits, or several do. */
export type KeyFinder = ReturnType<typeof createLocalJWKSet>

/**
 * Finds the key of a JWK Set that verifies an assertion, by `alg` and `kid`.
 *
 * Every key is imported here. jose imports a key when it is first used, which takes time: the first forged assertion of
 * an existing client would take longer than that of a client that does not exist.
 */
export async function createKeyFinder(jwks: JSONWebKeySet): Promise<KeyFinder> {
  const keys = jwks.keys.map(withEitherNameOfEd25519)
  const find = createLocalJWKSet({ keys })
  const uses = keys.flatMap((key) =>
    usableAlgorithms(key).map((alg) => find({ alg, ...(key.kid !== undefined && { kid: key.kid }) })),
  )
  // Where several keys fit none is imported, then or later.
  await Promise.allSettled(uses)
  return find
}

/** Ed25519 signatures have two names, `EdDSA` (RFC 8037) and `Ed25519` (RFC 9864), and clients use either. */
function withEitherNameOfEd25519({ alg, ...key }: JWK): JWK {
  return alg === undefined || alg === 'EdDSA' || alg === 'Ed25519' ? key : { ...key, alg }
}
