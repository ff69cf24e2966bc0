import type { KeyObject, X509Certificate } from 'node:crypto'
import {
  algorithmsOf,
  chooseAlgorithm,
  jwkThumbprint,
  SealwrightError,
  type SignatureAlgorithm,
  type Signer,
  type SigningKey,
} from '@sealwright/core'
import { vaultAlgorithm } from './algorithms.ts'
import type { CertificateRecord, IssuedCertificate, KeyRecord } from './records.ts'
import { RemoteSigner } from './remote-signer.ts'
import type { VaultClient } from './connection.ts'
import { namesVersion } from '../vault-uri.ts'

/** A version of a key or certificate in a vault. */
export class VaultSigningKey implements SigningKey {
  readonly name: string
  readonly version: string
  readonly location: string
  readonly keyId: string
  readonly publicKey: KeyObject
  readonly algorithms: readonly SignatureAlgorithm[]
  readonly certificates: readonly X509Certificate[]
  readonly notBefore: Date | null
  readonly notAfter: Date | null
  readonly createdAt: Date | null
  readonly enabled: boolean
  readonly #client: VaultClient
  readonly #isInHardware: boolean

  private constructor(
    client: VaultClient,
    key: Pick<
      SigningKey,
      | 'name'
      | 'version'
      | 'location'
      | 'publicKey'
      | 'certificates'
      | 'notBefore'
      | 'notAfter'
      | 'createdAt'
      | 'enabled'
    >,
    options: { readonly maySign: boolean; readonly isInHardware: boolean },
  ) {
    this.name = key.name
    this.version = key.version
    this.location = key.location
    this.publicKey = key.publicKey
    this.keyId = jwkThumbprint(key.publicKey)
    this.algorithms = options.maySign
      ? algorithmsOf(key.publicKey).filter((algorithm) => vaultAlgorithm(algorithm) !== null)
      : []
    this.certificates = key.certificates
    this.notBefore = key.notBefore
    this.notAfter = key.notAfter
    this.createdAt = key.createdAt
    this.enabled = key.enabled
    this.#client = client
    this.#isInHardware = options.isInHardware
  }

  /** @throws SealwrightError `UNSUPPORTED_KEY` for a key that JWS cannot use */
  static ofKey(client: VaultClient, record: KeyRecord): VaultSigningKey {
    const { name, version, publicKey } = record
    if (publicKey === null) {
      throw new SealwrightError(
        'UNSUPPORTED_KEY',
        `the key ${name} in ${client.vaultUrl} is no RSA or EC key, so it cannot sign a JWS`,
      )
    }
    checkKeyId(client, record, record.id)
    const location = `${client.vaultUrl}/keys/${name}/${version}`
    return new VaultSigningKey(client, { ...record, publicKey, location, certificates: [] }, record)
  }

  /** @throws SealwrightError `UNSUPPORTED_KEY` for a key that JWS cannot use */
  static ofCertificate(
    client: VaultClient,
    { certificate, keyId }: IssuedCertificate,
    record: CertificateRecord,
    isInHardware: boolean,
  ): VaultSigningKey {
    const { name, version } = record
    // The versions of a certificate and of its key have one name; the signer signs with the key of this very version.
    checkKeyId(client, record, keyId)
    return new VaultSigningKey(
      client,
      {
        ...record,
        location: `${client.vaultUrl}/certificates/${name}/${version}`,
        publicKey: certificate.publicKey,
        certificates: [certificate],
        notBefore: new Date(certificate.validFrom),
        notAfter: new Date(certificate.validTo),
      },
      { maySign: true, isInHardware },
    )
  }

  signer(algorithm?: string): Signer {
    const row = chooseAlgorithm(this.algorithms, algorithm)
    const { name, version, keyId, publicKey } = this
    return new RemoteSigner(
      this.#client,
      { name, version, keyId, publicKey, isInHardware: this.#isInHardware },
      row,
    )
  }
}

function checkKeyId(
  client: VaultClient,
  { name, version }: { readonly name: string; readonly version: string },
  keyId: string,
): void {
  if (namesVersion(keyId, { vaultUrl: client.vaultUrl, name, version })) return
  throw new SealwrightError(
    'INVALID_ENCODING',
    `${client.vaultUrl} answered for ${name}/${version} with the key ${keyId}`,
  )
}
