import { X509Certificate } from 'node:crypto'
import type {
  CertificatePolicy,
  KeyVaultCertificate,
  KeyVaultCertificateWithPolicy,
} from '@azure/keyvault-certificates'
import { SealwrightError } from '@sealwright/core'
import type { Abortable, FindOptions } from './collection.ts'
import type { VaultConnection } from './connection.ts'
import { versionsIn, type ListedVersion } from './listed-version.ts'

/** One version of a certificate, as the vault describes it. */
export interface CertificateVersion {
  readonly name: string
  readonly version: string
  /** null while the vault is still making it. */
  readonly issued: IssuedCertificate | null
  readonly enabled: boolean
  readonly createdAt: Date | null
  /** The policy it was created with; null where the response has none, as for versions that are not the newest. */
  readonly policy: CertificatePolicy | null
}

/** A certificate and the key it belongs to. */
export interface IssuedCertificate {
  readonly certificate: X509Certificate
  /** The vault's identifier of its key, a URL. */
  readonly keyId: string
}

/** @returns the newest when `version` is null; null when the vault reports that it does not exist */
export function findCertificate(
  connection: VaultConnection,
  name: string,
  { version, isNew, signal }: FindOptions,
): Promise<CertificateVersion | null> {
  const object = `the certificate ${version === null ? name : `${name}/${version}`}`
  const { certificates } = connection.sdk
  return connection.find({ permission: 'certificates/get', object, isNew, signal }, async (options) =>
    readCertificateVersion(
      version === null
        ? await certificates.getCertificate(name, options)
        : await certificates.getCertificateVersion(name, version, options),
    ),
  )
}

/** @returns the issued versions in any order; empty when there is no certificate of that name */
export function listCertificateVersions(
  connection: VaultConnection,
  name: string,
  { signal }: Abortable,
): Promise<readonly ListedVersion[]> {
  const operation = { permission: 'certificates/list', object: `the certificate ${name}`, signal } as const
  return connection.read(operation, async (options) =>
    // A request that failed or was cancelled leaves a version without a certificate, and so without a thumbprint.
    versionsIn(
      connection.sdk.certificates.listPropertiesOfCertificateVersions(name, options),
      ({ x509Thumbprint }) => x509Thumbprint !== undefined,
    ),
  )
}

/** @throws SealwrightError `INVALID_ENCODING` for an answer without a version, or whose certificate does not parse */
export function readCertificateVersion(
  certificate: KeyVaultCertificate | KeyVaultCertificateWithPolicy,
): CertificateVersion {
  const { name, cer, keyId } = certificate
  const { version, enabled, createdOn } = certificate.properties
  if (version === undefined) {
    throw new SealwrightError(
      'INVALID_ENCODING',
      `the vault returned the certificate ${name} without its version`,
    )
  }
  const policy = 'policy' in certificate ? certificate.policy : undefined
  return {
    name,
    version,
    issued:
      cer === undefined || keyId === undefined ? null : { certificate: parseCertificate(name, cer), keyId },
    enabled: enabled !== false,
    createdAt: createdOn ?? null,
    policy: policy ?? null,
  }
}

function parseCertificate(name: string, der: Uint8Array): X509Certificate {
  try {
    return new X509Certificate(der)
  } catch (cause) {
    throw new SealwrightError('INVALID_ENCODING', `the vault's certificate ${name} does not parse`, { cause })
  }
}
