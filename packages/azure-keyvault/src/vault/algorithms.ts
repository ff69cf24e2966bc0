import type { KnownSignatureAlgorithms } from '@azure/keyvault-keys'
import type { AlgorithmName, SignatureAlgorithm } from '@sealwright/core'

/** The service's `JsonWebKeySignatureAlgorithm` of each JOSE algorithm; null where Key Vault cannot sign with it. */
const vaultAlgorithms: Readonly<Record<AlgorithmName, `${KnownSignatureAlgorithms}` | null>> = {
  RS256: 'RS256',
  RS384: 'RS384',
  RS512: 'RS512',
  PS256: 'PS256',
  PS384: 'PS384',
  PS512: 'PS512',
  ES256: 'ES256',
  ES384: 'ES384',
  ES512: 'ES512',
  ES256K: 'ES256K',
  Ed25519: null,
  EdDSA: null,
  'ML-DSA-44': null,
  'ML-DSA-65': null,
  'ML-DSA-87': null,
}

/** How Key Vault names the algorithm; null where it cannot sign with it. */
export function vaultAlgorithm(algorithm: SignatureAlgorithm): string | null {
  return vaultAlgorithms[algorithm.name]
}
