import type { KeyObject } from 'node:crypto'
import type { KeyVaultKey } from '@azure/keyvault-keys'
import { importJwk, SealwrightError } from '@sealwright/core'

/** One version of a key, as the vault describes it. */
export interface KeyVersion {
  readonly name: string
  readonly version: string
  /** The vault's identifier of it, a URL. */
  readonly id: string
  /** null for a kind of key that JWS cannot use, such as a symmetric one. */
  readonly publicKey: KeyObject | null
  readonly isInHardware: boolean
  /** Whether its permitted operations include signing. */
  readonly maySign: boolean
  readonly enabled: boolean
  readonly notBefore: Date | null
  readonly notAfter: Date | null
  readonly createdAt: Date | null
}

/** @throws SealwrightError `INVALID_ENCODING` for an answer without a version, or whose public key does not parse */
export function readKeyVersion(key: KeyVaultKey): KeyVersion {
  const { version, enabled, notBefore, expiresOn, createdOn } = key.properties
  if (version === undefined || key.id === undefined) {
    throw new SealwrightError(
      'INVALID_ENCODING',
      `the vault returned the key ${key.name} without its version`,
    )
  }
  return {
    name: key.name,
    version,
    id: key.id,
    publicKey: publicKeyOf(key),
    isInHardware: key.keyType?.endsWith('-HSM') === true,
    maySign: key.keyOperations?.includes('sign') !== false,
    enabled: enabled !== false,
    notBefore: notBefore ?? null,
    notAfter: expiresOn ?? null,
    createdAt: createdOn ?? null,
  }
}

function publicKeyOf({ name, key }: KeyVaultKey): KeyObject | null {
  if (key === undefined) return null
  const { kty = '', crv = '', n, e, x, y } = key
  let jwk: Record<string, string>
  if (kty.startsWith('RSA') && n !== undefined && e !== undefined) {
    jwk = { kty, n: base64url(n), e: base64url(e) }
  } else if (kty.startsWith('EC') && x !== undefined && y !== undefined) {
    jwk = { kty, crv, x: base64url(x), y: base64url(y) }
  } else {
    return null
  }
  try {
    return importJwk(jwk)
  } catch (cause) {
    throw new SealwrightError('INVALID_ENCODING', `the vault's public key of ${name} does not parse`, {
      cause,
    })
  }
}

function base64url(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64url')
}
