import type { CertificatePolicy } from '@azure/keyvault-certificates'
import { SealwrightError, type SigningKey } from '@sealwright/core'
import { encodePem } from '@sealwright/x509'
import { PendingWork } from '../pending-work.ts'
import { CertificateIssuance } from './certificate-issuance.ts'
import { findCertificate, listCertificateVersions, readCertificateVersion } from './certificate-version.ts'
import type {
  Abortable,
  CertificateIssuer,
  Collection,
  FindOptions,
  ImportedKey,
  NewKey,
} from './collection.ts'
import type { VaultConnection } from './connection.ts'
import { vaultKeyType } from './key-types.ts'
import { namesIn, newestIn, type ListedVersion, type NewestVersion } from './listed-version.ts'
import { VaultSigningKey } from './signing-key.ts'

/** The certificates of a vault, each with its key: `/certificates/NAME`. */
export class CertificateCollection implements Collection {
  readonly kind = 'certificates'
  readonly #connection: VaultConnection
  readonly #issuance: CertificateIssuance
  /** By name. */
  readonly #keyTypes = new PendingWork<string | null>()

  constructor(connection: VaultConnection) {
    this.#connection = connection
    this.#issuance = new CertificateIssuance(connection)
  }

  async find(name: string, options: FindOptions): Promise<SigningKey | 'pending' | null> {
    // The answer for one version does not say whether its key is in hardware, which decides what a signature costs.
    const [found, policyKeyType] = await Promise.all([
      findCertificate(this.#connection, name, options),
      options.version === null ? null : this.#keyTypes.share(name, () => this.#policyKeyType(name)),
    ])
    if (found === null) return null
    if (found.issued === null) {
      // A request that failed, was cancelled or was deleted leaves a certificate that never gets a key.
      return (await this.#issuance.isUnderWay(name, options)) ? 'pending' : null
    }
    const keyType = found.policy?.keyType ?? policyKeyType
    // Where the vault does not say, the higher cost is assumed: using less than the quota does no harm.
    const isInHardware = keyType?.endsWith('-HSM') !== false
    return VaultSigningKey.ofCertificate(this.#connection, found, { ...found.issued, isInHardware })
  }

  newest(name: string, { signal }: Abortable): Promise<NewestVersion | null> {
    const operation = { permission: 'certificates/get', object: `the certificate ${name}`, signal } as const
    return this.#connection.find(operation, (options) =>
      newestIn((onResponse) =>
        this.#connection.sdk.certificates.getCertificate(name, { ...options, onResponse }),
      ),
    )
  }

  /** The key type that the next version will have, such as `RSA-HSM`; null when the vault does not say. */
  async #policyKeyType(name: string): Promise<string | null> {
    const object = `the policy of the certificate ${name}`
    const operation = { permission: 'certificates/get', object, signal: undefined } as const
    const policy = await this.#connection
      .find(operation, (options) => this.#connection.sdk.certificates.getCertificatePolicy(name, options))
      .catch(() => null)
    return policy?.keyType ?? null
  }

  names({ signal }: Abortable): Promise<readonly string[]> {
    const operation = { permission: 'certificates/list', object: 'the certificates', signal } as const
    const { certificates } = this.#connection.sdk
    return this.#connection.read(operation, async (options) =>
      // Includes pending ones: their names are taken.
      namesIn(certificates.listPropertiesOfCertificates({ ...options, includePending: true })),
    )
  }

  versions(name: string, options: Abortable): Promise<readonly ListedVersion[]> {
    return listCertificateVersions(this.#connection, name, options)
  }

  create(name: string, key: NewKey, { signal }: Abortable): Promise<string> {
    const { issuer, validityDays } = key
    return this.#issuance.make(name, { policy: policyOf(key), issuer, validityDays, signal })
  }

  async rotate(
    name: string,
    { issuer, signal }: Abortable & { readonly issuer: CertificateIssuer | null },
  ): Promise<string> {
    const { vaultUrl } = this.#connection
    const newest = await findCertificate(this.#connection, name, { version: null, signal })
    if (newest === null || newest.policy === null) {
      throw new SealwrightError('NOT_FOUND', `there is no certificate ${name} in ${vaultUrl}`)
    }
    if (newest.policy.issuerName !== 'Self' && issuer === null) {
      throw new SealwrightError(
        'UNSUPPORTED_OPERATION',
        `the vault does not sign the certificate ${name} in ${vaultUrl} itself; pass its issuer to rotate it`,
      )
    }
    const { validFrom, validTo } = newest.issued?.certificate ?? {}
    const validityDays =
      validFrom === undefined || validTo === undefined
        ? defaultRenewalDays
        : Math.round((Date.parse(validTo) - Date.parse(validFrom)) / dayInMilliseconds)
    const policy = { ...newest.policy, ...notExportable }
    return this.#issuance.make(name, { policy, issuer, validityDays, signal })
  }

  async import(name: string, { privateKey, certificates }: ImportedKey): Promise<string> {
    const pem = [
      privateKey.export({ format: 'pem', type: 'pkcs8' }),
      ...certificates.map((certificate) => encodePem('CERTIFICATE', certificate.raw)),
    ].join('')
    const object = `the certificate ${name}`
    const operation = { permission: 'certificates/import', object, signal: undefined } as const
    const { version, policy } = await this.#connection.create(
      { ...operation, isInHardware: false },
      async (abortSignal) =>
        readCertificateVersion(
          await this.#connection.sdk.certificates.importCertificate(name, Buffer.from(pem), {
            abortSignal,
            // Makes the client send the text as it is. importNotExportable adds the policy itself.
            policy: { contentType: 'application/x-pem-file' },
          }),
        ),
    )
    if (policy?.exportable !== false) await this.#withdraw(name, version)
    return version
  }

  /** Disables a version whose private key could be read from the vault. */
  async #withdraw(name: string, version: string): Promise<never> {
    const fault = `${this.#connection.vaultUrl} made the key of ${name}/${version} exportable, although a non-exportable key was requested`
    try {
      await this.disable(name, version)
    } catch (cause) {
      const message = `${fault}; disabling the version failed: disable it yourself`
      throw new SealwrightError('UNSUPPORTED_OPERATION', message, { cause })
    }
    throw new SealwrightError('UNSUPPORTED_OPERATION', `${fault}; the version is disabled`)
  }

  disable(name: string, version: string): Promise<void> {
    const object = `the certificate ${name}/${version}`
    const operation = { permission: 'certificates/update', object, signal: undefined } as const
    return this.#connection.update(operation, async (abortSignal) => {
      const properties = { abortSignal, enabled: false }
      await this.#connection.sdk.certificates.updateCertificateProperties(name, version, properties)
    })
  }

  delete(name: string): Promise<void> {
    const operation = { permission: 'certificates/delete', object: `the certificate ${name}` } as const
    return this.#connection.remove({ ...operation, signal: undefined }, (options) =>
      this.#connection.sdk.certificates.beginDeleteCertificate(name, options),
    )
  }

  recover(name: string, { signal }: Abortable): Promise<void> {
    const operation = {
      permission: 'certificates/recover',
      object: `the certificate ${name}`,
      signal,
    } as const
    // It is removed from the deleted ones.
    return this.#connection.remove(operation, (options) =>
      this.#connection.sdk.certificates.beginRecoverDeletedCertificate(name, options),
    )
  }
}

const dayInMilliseconds = 24 * 60 * 60 * 1_000
const defaultRenewalDays = 730

const notExportable = { exportable: false, reuseKey: false } as const

/** A certificate for signing tokens: no extended key usage, no export. */
function policyOf({
  keyType,
  hardware,
  subject,
  validityDays,
  names,
}: NewKey): CertificatePolicy & { issuerName: string } {
  const { kty, keySize, curve } = vaultKeyType(keyType, hardware)
  return {
    issuerName: 'Self',
    subject,
    ...(names !== null && { subjectAlternativeNames: names }),
    keyType: kty,
    ...(keySize !== null && { keySize }),
    ...(curve !== null && { keyCurveName: curve }),
    ...notExportable,
    keyUsage: ['digitalSignature'],
    enhancedKeyUsage: [],
    validityInMonths: monthsOf(validityDays),
    // Without one the service renews at 80 % by itself, and signers that start later than others get another key.
    lifetimeActions: [{ action: 'EmailContacts', lifetimePercentage: 80 }],
  }
}

/** The service counts in months. Part of a month counts as a whole one. */
function monthsOf(days: number): number {
  const daysInMonth = 365.25 / 12
  return Math.max(1, Math.ceil(days / daysInMonth))
}
