import { importJWK, type CryptoKey, type JSONWebKeySet, type JWK } from 'jose'
import { usableAlgorithms } from '../settings/client-key.ts'

/** The key that verifies an assertion, or how many keys fit its header if not exactly one. */
type FoundKey = CryptoKey | 'none' | 'several'

/** Finds the key for the header of an assertion, by `alg` and `kid`. */
export type KeyFinder = (header: { readonly alg: string; readonly kid?: unknown }) => FoundKey

/**
 * Prepares the keys of a JWK Set.
 *
 * Every key is imported here, and looking for one throws nothing. jose imports a key when it is first used, and throws when none
 * fits. Both take time: a forged assertion of an existing client would take longer than that of a client that does not exist.
 */
export async function createKeyFinder(jwks: JSONWebKeySet): Promise<KeyFinder> {
  const keys = await Promise.all(jwks.keys.map(withEitherNameOfEd25519).flatMap(importedKeys))
  return ({ alg, kid }) => {
    let found: FoundKey = 'none'
    for (const each of keys) {
      if (each.alg !== alg || (kid !== undefined && each.kid !== kid)) continue
      found = found === 'none' ? each.key : 'several'
    }
    return found
  }
}

interface ImportedKey {
  readonly alg: string
  readonly kid: unknown
  readonly key: CryptoKey
}

/** A key for each of its algorithms. */
function importedKeys(jwk: JWK): readonly Promise<ImportedKey>[] {
  // They include "verify". Web Crypto refuses a public key that is for anything else as well.
  const { key_ops: _, ...publicKey } = jwk
  return usableAlgorithms(jwk).map(async (alg) => {
    const key = await importJWK(publicKey, alg)
    if (key instanceof Uint8Array) throw new Error('unreachable: the settings have only asymmetric keys')
    return { alg, kid: jwk.kid, key }
  })
}

/** Ed25519 signatures have two names, `EdDSA` (RFC 8037) and `Ed25519` (RFC 9864), and clients use either. */
function withEitherNameOfEd25519(jwk: JWK): JWK {
  if (jwk.alg !== 'EdDSA' && jwk.alg !== 'Ed25519') return jwk
  const { alg: _, ...key } = jwk
  return key
}
