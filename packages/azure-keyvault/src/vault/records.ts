import { createPublicKey, X509Certificate, type KeyObject } from 'node:crypto'
import type {
  CertificatePolicy,
  KeyVaultCertificate,
  KeyVaultCertificateWithPolicy,
} from '@azure/keyvault-certificates'
import type { KeyVaultKey } from '@azure/keyvault-keys'
import { SealwrightError } from '@sealwright/core'

/** One version of a key, as the vault describes it. */
export interface KeyRecord {
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

/** One version of a certificate, as the vault describes it. */
export interface CertificateRecord {
  readonly name: string
  readonly version: string
  /** null while the vault is still making it. */
  readonly issued: IssuedCertificate | null
  readonly enabled: boolean
  readonly createdAt: Date | null
  /** What it was made by; null where the answer does not say, as for versions that are not the newest. */
  readonly policy: CertificatePolicy | null
}

export interface IssuedCertificate {
  readonly certificate: X509Certificate
  /** The vault's identifier of its key, a URL. */
  readonly keyId: string
}

/** What a listing says of a version. */
export interface VersionRecord {
  readonly version: string
  readonly createdAt: Date | null
  readonly enabled: boolean
}

export function keyRecord(key: KeyVaultKey): KeyRecord {
  const { version, enabled, notBefore, expiresOn, createdOn } = key.properties
  if (version === undefined || key.id === undefined) throw incomplete('key', key.name)
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

export function certificateRecord(
  certificate: KeyVaultCertificate | KeyVaultCertificateWithPolicy,
): CertificateRecord {
  const { version, enabled, createdOn } = certificate.properties
  const { cer, keyId } = certificate
  if (version === undefined) throw incomplete('certificate', certificate.name)
  const policy = 'policy' in certificate ? certificate.policy : undefined
  return {
    name: certificate.name,
    version,
    issued: cer === undefined || keyId === undefined ? null : { certificate: parseCertificate(cer), keyId },
    enabled: enabled !== false,
    createdAt: createdOn ?? null,
    policy: policy ?? null,
  }
}

function parseCertificate(der: Uint8Array): X509Certificate {
  try {
    return new X509Certificate(der)
  } catch (cause) {
    throw new SealwrightError(
      'INVALID_ENCODING',
      'the vault answered with something that is no certificate',
      {
        cause,
      },
    )
  }
}

/** The JWK names of Key Vault's curves; it alone says P-256K for secp256k1 (RFC 8812 §3.1). */
const jwkCurves: Readonly<Record<string, string>> = { 'P-256K': 'secp256k1', SECP256K1: 'secp256k1' }

function publicKeyOf({ key }: KeyVaultKey): KeyObject | null {
  if (key === undefined) return null
  const { kty = '', crv = '', n, e, x, y } = key
  let jwk: Record<string, string>
  if (kty.startsWith('RSA') && n !== undefined && e !== undefined) {
    jwk = { kty: 'RSA', n: base64url(n), e: base64url(e) }
  } else if (kty.startsWith('EC') && x !== undefined && y !== undefined) {
    jwk = { kty: 'EC', crv: jwkCurves[crv] ?? crv, x: base64url(x), y: base64url(y) }
  } else {
    return null
  }
  try {
    return createPublicKey({ format: 'jwk', key: jwk })
  } catch (cause) {
    throw new SealwrightError('INVALID_ENCODING', 'the vault answered with a public key that is none', {
      cause,
    })
  }
}

function base64url(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64url')
}

function incomplete(kind: string, name: string): SealwrightError {
  return new SealwrightError(
    'INVALID_ENCODING',
    `the vault described the ${kind} ${name} without its version`,
  )
}
