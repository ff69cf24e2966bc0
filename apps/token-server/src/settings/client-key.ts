import { createPublicKey, type JsonWebKey, type KeyObject } from 'node:crypto'
import { algorithmsOf } from '@sealwright/core'

/** The asymmetric JWS algorithms that jose verifies, and so those that a client may sign its assertions with. */
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

/** Why a JWK cannot verify a client's assertions, or null when it can. Quotes no part of the key. */
export function clientKeyProblem(jwk: Readonly<Record<string, unknown>>): string | null {
  const held = privateMembers.find((member) => member in jwk)
  if (held !== undefined) return `holds the private member "${held}"; only public keys belong here`
  if (jwk['use'] !== undefined && jwk['use'] !== 'sig') return 'has a "use" other than "sig"'
  if (jwk['kid'] !== undefined && typeof jwk['kid'] !== 'string') return 'has a "kid" that is no string'

  let usable: readonly string[]
  try {
    usable = algorithmsOf(importKey(jwk)).map((row) => row.name)
  } catch (error) {
    return `is not a public key that can be used: ${error instanceof Error ? error.message : String(error)}`
  }
  usable = usable.filter((name) => verifiableAlgorithms.includes(name))
  if (usable.length === 0)
    return `is of a kind that is not accepted for assertions; ${verifiableAlgorithms.join(', ')} are`
  if (jwk['alg'] !== undefined && !usable.some((name) => name === jwk['alg'])) {
    return `has an "alg" that the key cannot do; it can do ${usable.join(', ')}`
  }
  return null
}

function importKey(jwk: JsonWebKey): KeyObject {
  return createPublicKey({ key: jwk, format: 'jwk' })
}
