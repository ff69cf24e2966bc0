import { algorithmsOf, importJwk } from '@sealwright/core'

/** The asymmetric JWS algorithms that jose verifies. Clients may sign their assertions with these. */
export const verifiableAlgorithms: readonly string[] = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'Ed25519',
  'EdDSA',
]

/** RFC 7518 §6.2.2, §6.3.2 and §6.4.1. */
const privateMembers = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k', 'priv']

/** Why a JWK cannot verify a client's assertions; null if it can. The text quotes no part of the key. */
export function clientKeyProblem(jwk: Readonly<Record<string, unknown>>): string | null {
  const held = privateMembers.find((member) => member in jwk)
  if (held !== undefined)
    return `contains the private member "${held}"; remove it: only the public key is needed`
  if (jwk['kid'] !== undefined && typeof jwk['kid'] !== 'string') return 'has a "kid" that is not a string'

  let usable: readonly string[]
  try {
    usable = usableAlgorithms(jwk)
  } catch (error) {
    return `cannot be used: ${error instanceof Error ? error.message : String(error)}`
  }
  return usable.length === 0
    ? `is not a key for any of the accepted algorithms: ${verifiableAlgorithms.join(', ')}`
    : null
}

/**
 * The algorithms of the assertions that a JWK can verify.
 *
 * @throws SealwrightError for something other than a public key, for a weak key, and for a key that its JWK says is not for
 *   signatures (`use`, `key_ops`, `alg`)
 */
export function usableAlgorithms(jwk: Readonly<Record<string, unknown>>): readonly string[] {
  return algorithmsOf(importJwk(jwk))
    .map(({ name }) => name)
    .filter((name) => verifiableAlgorithms.includes(name))
}
