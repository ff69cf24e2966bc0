import { keyType, SealwrightError, type KeyTypeName } from '@sealwright/core'

/** A key type as Key Vault's requests spell it. */
export interface VaultKeyType {
  readonly kty: 'RSA' | 'RSA-HSM' | 'EC' | 'EC-HSM'
  /** RSA modulus length in bits; null for EC. */
  readonly keySize: number | null
  /** null for RSA. */
  readonly curve: VaultCurve | null
}

type VaultCurve = 'P-256' | 'P-384' | 'P-521' | 'P-256K'

const vaultKeyTypes: Readonly<Record<KeyTypeName, Omit<VaultKeyType, 'kty'> | null>> = {
  'rsa-2048': { keySize: 2048, curve: null },
  'rsa-3072': { keySize: 3072, curve: null },
  'rsa-4096': { keySize: 4096, curve: null },
  'ec-p256': { keySize: null, curve: 'P-256' },
  'ec-p384': { keySize: null, curve: 'P-384' },
  'ec-p521': { keySize: null, curve: 'P-521' },
  'ec-secp256k1': { keySize: null, curve: 'P-256K' },
  // Key Vault has no Edwards curves and no ML-DSA.
  ed25519: null,
  'ml-dsa-44': null,
  'ml-dsa-65': null,
  'ml-dsa-87': null,
}

/**
 * @param hardware whether the key is kept in a hardware module
 * @throws SealwrightError `UNSUPPORTED_KEY` for a name that is not a key type, and for types that Key Vault does not have
 */
export function vaultKeyType(name: KeyTypeName, hardware: boolean): VaultKeyType {
  const type = vaultKeyTypes[keyType(name).name]
  if (type === null) {
    const possible = Object.entries(vaultKeyTypes).flatMap(([each, has]) => (has === null ? [] : [each]))
    throw new SealwrightError(
      'UNSUPPORTED_KEY',
      `Key Vault does not support keys of type ${name}; it supports ${possible.join(', ')}`,
    )
  }
  const kty = type.curve === null ? 'RSA' : 'EC'
  return { ...type, kty: hardware ? `${kty}-HSM` : kty }
}
