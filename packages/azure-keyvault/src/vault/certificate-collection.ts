import type { KeyObject, X509Certificate } from 'node:crypto'
import type { CertificatePolicy } from '@azure/keyvault-certificates'
import { SealwrightError, type SigningKey } from '@sealwright/core'
import { encodePem, issueCertificate } from '@sealwright/x509'
import type { CertificateIssuer, Collection, NewKey } from './collection.ts'
import type { VersionRecord } from './records.ts'
import { sleep } from '../timing.ts'
import type { VaultClient } from './connection.ts'
import { vaultKeyType } from './key-types.ts'
import { VaultSigningKey } from './signing-key.ts'

type Signal = AbortSignal | undefined

/** The certificates of a vault, each with its key: `/certificates/NAME`. */
export class CertificateCollection implements Collection {
  readonly kind = 'certificates'
  readonly #client: VaultClient
  /** Questions under way, by name. */
  readonly #keyTypes = new Map<string, Promise<string | null>>()

  constructor(client: VaultClient) {
    this.#client = client
  }

  async find(name: string, version: string | null, signal: Signal): Promise<SigningKey | 'pending' | null> {
    // The answer for one version does not say whether its key is in hardware, which decides what a signature costs.
    const [record, policyKeyType] = await Promise.all([
      this.#client.getCertificate(name, version, signal),
      version === null ? null : this.#keyTypeOf(name),
    ])
    if (record === null) return null
    if (record.issued === null) return 'pending'
    const keyType = record.policy?.keyType ?? policyKeyType
    // Where nobody says, the costlier: what is spared of the quota does no harm.
    const isInHardware = keyType?.endsWith('-HSM') !== false
    return VaultSigningKey.ofCertificate(this.#client, record.issued, record, isInHardware)
  }

  /** Asked once for all versions that are read at the same time; null when the vault does not tell. */
  #keyTypeOf(name: string): Promise<string | null> {
    let keyType = this.#keyTypes.get(name)
    if (keyType === undefined) {
      keyType = this.#client
        .getCertificateKeyType(name, undefined)
        .catch(() => null)
        .finally(() => this.#keyTypes.delete(name))
      this.#keyTypes.set(name, keyType)
    }
    return keyType
  }

  names(signal: Signal): Promise<readonly string[]> {
    return this.#client.listCertificates(signal)
  }

  versions(name: string, signal: Signal): Promise<readonly VersionRecord[]> {
    return this.#client.listCertificateVersions(name, signal)
  }

  create(name: string, key: NewKey, signal: Signal): Promise<string> {
    return this.#make(name, policyOf(key), key.issuer, key.validityDays, signal)
  }

  async rotate(name: string, issuer: CertificateIssuer | null, signal: Signal): Promise<string> {
    const newest = await this.#client.getCertificate(name, null, signal)
    if (newest === null || newest.policy === null) {
      throw new SealwrightError('NOT_FOUND', `there is no certificate ${name} in ${this.#client.vaultUrl}`)
    }
    if (newest.policy.issuerName !== 'Self' && issuer === null) {
      throw new SealwrightError(
        'UNSUPPORTED_OPERATION',
        `the certificate ${name} in ${this.#client.vaultUrl} is not self-signed by the vault; rotating it takes the issuer`,
      )
    }
    const { validFrom, validTo } = newest.issued?.certificate ?? {}
    const validityDays =
      validFrom === undefined || validTo === undefined
        ? defaultRenewalDays
        : Math.round((Date.parse(validTo) - Date.parse(validFrom)) / dayInMilliseconds)
    return this.#make(name, { ...newest.policy, ...notExportable }, issuer, validityDays, signal)
  }

  async import(
    name: string,
    privateKey: KeyObject,
    certificates: readonly X509Certificate[],
    _hardware: boolean,
    signal: Signal,
  ): Promise<string> {
    const pem = [
      privateKey.export({ format: 'pem', type: 'pkcs8' }),
      ...certificates.map((certificate) => encodePem('CERTIFICATE', certificate.raw)),
    ].join('')
    const { version, policy } = await this.#client.importCertificate(name, pem, signal)
    if (policy?.exportable !== false) {
      const what = `${this.#client.vaultUrl} made the key of ${name}/${version} exportable although told not to`
      try {
        // Whoever aborts must not leave it so.
        await this.disable(name, version, undefined)
      } catch (cause) {
        throw new SealwrightError(
          'UNSUPPORTED_OPERATION',
          `${what}; the version should be disabled, which failed`,
          { cause },
        )
      }
      throw new SealwrightError('UNSUPPORTED_OPERATION', `${what}; the version is disabled`)
    }
    return version
  }

  disable(name: string, version: string, signal: Signal): Promise<void> {
    return this.#client.disableCertificate(name, version, signal)
  }

  delete(name: string, signal: Signal): Promise<void> {
    return this.#client.deleteCertificate(name, signal)
  }

  /** Starts the certificate, has it signed, and waits until the vault has it. */
  async #make(
    name: string,
    policy: CertificatePolicy,
    issuer: CertificateIssuer | null,
    validityDays: number,
    signal: Signal,
  ): Promise<string> {
    const issuerName = issuer === null ? 'Self' : 'Unknown'
    const csr = await this.#client.startCertificate(name, { ...policy, issuerName }, signal)
    return issuer === null
      ? this.#untilIssued(name, csr, signal)
      : this.#issue(name, csr, issuer, validityDays, signal)
  }

  /** The certificate comes from our issuer: the vault gives a request, and takes the certificate in return. */
  async #issue(
    name: string,
    csr: Uint8Array,
    issuer: CertificateIssuer,
    validityDays: number,
    signal: Signal,
  ): Promise<string> {
    try {
      const [issuerCertificate, ...further] = issuer.certificates
      if (issuerCertificate === undefined) {
        throw new SealwrightError('INVALID_ARGUMENT', 'the issuer comes without its certificate')
      }
      // Cut short where the issuer's own ends sooner: a rotation is not to fail because the CA is old.
      const endAsked = Date.now() + validityDays * dayInMilliseconds
      const certificate = await issueCertificate(
        csr,
        { signer: issuer.signer, certificate: issuerCertificate },
        { notAfter: new Date(Math.min(endAsked, Date.parse(issuerCertificate.validTo))) },
      )
      const chain = [certificate, issuerCertificate, ...further].map(({ raw }) => raw)
      return (await this.#client.mergeCertificate(name, chain, signal)).version
    } catch (error) {
      // A request left pending would keep the name from everybody. The first error is the one that matters.
      await this.#client.cancelCertificate(name, undefined).catch(() => undefined)
      throw error
    }
  }

  async #untilIssued(name: string, csr: Uint8Array, signal: Signal): Promise<string> {
    const { creationTimeout, pollInterval } = this.#client.settings
    const giveUpAt = performance.now() + creationTimeout
    for (;;) {
      // eslint-disable-next-line no-await-in-loop -- asks until the answer changes
      const { status, error } = await this.#client.getCertificateOperation(name, signal)
      if (status === 'completed') return this.#versionOf(name, csr, signal)
      if (status === 'failed') {
        throw new SealwrightError(
          'UNAVAILABLE',
          `${this.#client.vaultUrl} could not make the certificate ${name}: ${error ?? 'it does not say why'}`,
        )
      }
      if (performance.now() > giveUpAt) {
        throw new SealwrightError(
          'TIMEOUT',
          `${this.#client.vaultUrl} has not finished the certificate ${name} in ${creationTimeout} ms; it may yet`,
          { retryAfter: 10 },
        )
      }
      // eslint-disable-next-line no-await-in-loop
      await sleep(pollInterval, signal)
    }
  }

  /**
   * The version that came of the request. A pending certificate has another id than the finished one, and the newest may
   * be somebody else's by now; but the request holds the public key (RFC 2986 §4.1), byte by byte as the certificate does.
   */
  async #versionOf(name: string, csr: Uint8Array, signal: Signal): Promise<string> {
    const isOurs = (certificate: X509Certificate | undefined): boolean =>
      certificate !== undefined &&
      Buffer.from(csr).includes(certificate.publicKey.export({ format: 'der', type: 'spki' }))
    const newest = await this.#client.getCertificate(name, null, signal)
    if (newest !== null && isOurs(newest.issued?.certificate)) return newest.version
    for (const { version } of await this.#client.listCertificateVersions(name, signal)) {
      // eslint-disable-next-line no-await-in-loop -- as good as never more than one
      const record = await this.#client.getCertificate(name, version, signal)
      if (isOurs(record?.issued?.certificate)) return version
    }
    throw new SealwrightError(
      'UNAVAILABLE',
      `the certificate ${name} was finished in ${this.#client.vaultUrl}, but it is not there`,
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
}: NewKey): CertificatePolicy & { issuerName: string } {
  const { kty, keySize, curve } = vaultKeyType(keyType, hardware)
  return {
    issuerName: 'Self',
    subject,
    keyType: kty,
    ...(keySize !== null && { keySize }),
    ...(curve !== null && { keyCurveName: curve }),
    ...notExportable,
    keyUsage: ['digitalSignature'],
    enhancedKeyUsage: [],
    validityInMonths: monthsOf(validityDays),
  }
}

/** The service counts in months; the last one that is begun is given whole. */
function monthsOf(days: number): number {
  const daysInMonth = 365.25 / 12
  return Math.max(1, Math.ceil(days / daysInMonth))
}
