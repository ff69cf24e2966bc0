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
import { namesVersion } from '../vault-uri.ts'
import { vaultAlgorithm } from './algorithms.ts'
import type { CertificateVersion, IssuedCertificate } from './certificate-version.ts'
import type { VaultConnection } from './connection.ts'
import type { KeyVersion } from './key-version.ts'
import { RemoteSigner } from './remote-signer.ts'

/** The members of a signing key that come from its version in the vault. */
type Facts = Omit<SigningKey, 'keyId' | 'algorithms' | 'enforcesValidity' | 'signer'>

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
  readonly enforcesValidity = true
  readonly createdAt: Date | null
  readonly enabled: boolean
  readonly #connection: VaultConnection
  readonly #isInHardware: boolean

  private constructor(
    connection: VaultConnection,
    facts: Facts,
    options: { readonly maySign: boolean; readonly isInHardware: boolean },
  ) {
    this.name = facts.name
    this.version = facts.version
    this.location = facts.location
    this.publicKey = facts.publicKey
    this.keyId = jwkThumbprint(facts.publicKey)
    this.algorithms = options.maySign
      ? algorithmsOf(facts.publicKey).filter((algorithm) => vaultAlgorithm(algorithm) !== null)
      : []
    this.certificates = facts.certificates
    this.notBefore = facts.notBefore
    this.notAfter = facts.notAfter
    this.createdAt = facts.createdAt
    this.enabled = facts.enabled
    this.#connection = connection
    this.#isInHardware = options.isInHardware
  }

  /** @throws SealwrightError `UNSUPPORTED_KEY` for a key that JWS cannot use */
  static ofKey(connection: VaultConnection, key: KeyVersion): VaultSigningKey {
    const { name, version, publicKey } = key
    if (publicKey === null) {
      throw new SealwrightError(
        'UNSUPPORTED_KEY',
        `the key ${name} in ${connection.vaultUrl} is not an RSA or EC key, so it cannot sign a JWS`,
      )
    }
    checkKeyId(connection, key, key.id)
    const location = `${connection.vaultUrl}/keys/${name}/${version}`
    return new VaultSigningKey(connection, { ...key, publicKey, location, certificates: [] }, key)
  }

  /** @throws SealwrightError `UNSUPPORTED_KEY` for a key that JWS cannot use */
  static ofCertificate(
    connection: VaultConnection,
    { name, version, createdAt, enabled }: CertificateVersion,
    { certificate, keyId, isInHardware }: IssuedCertificate & { readonly isInHardware: boolean },
  ): VaultSigningKey {
    // A certificate version and its key version share name and id. The signer signs with the key of this version.
    checkKeyId(connection, { name, version }, keyId)
    const facts = {
      name,
      version,
      createdAt,
      enabled,
      location: `${connection.vaultUrl}/certificates/${name}/${version}`,
      publicKey: certificate.publicKey,
      certificates: [certificate],
      notBefore: new Date(certificate.validFrom),
      notAfter: new Date(certificate.validTo),
    }
    return new VaultSigningKey(connection, facts, { maySign: true, isInHardware })
  }

  signer(algorithm?: string): Signer {
    const row = chooseAlgorithm(this.algorithms, algorithm)
    const { name, version, keyId, publicKey, createdAt } = this
    const key = { name, version, keyId, publicKey, createdAt, isInHardware: this.#isInHardware }
    return new RemoteSigner(this.#connection, key, row)
  }
}

function checkKeyId(
  { vaultUrl }: VaultConnection,
  { name, version }: { readonly name: string; readonly version: string },
  keyId: string,
): void {
  if (namesVersion(keyId, { vaultUrl, name, version })) return
  throw new SealwrightError(
    'INVALID_ENCODING',
    `${vaultUrl} returned the key ${keyId} instead of ${name}/${version}`,
  )
}
