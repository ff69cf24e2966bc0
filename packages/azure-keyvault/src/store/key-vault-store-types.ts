import type {
  CreateKeyOptions,
  GetKeyOptions,
  KeyDeleter,
  KeyDisabler,
  KeyRotator,
  KeyStore,
  Password,
  Pkcs12Importer,
  RotateKeyOptions,
  SigningKey,
} from '@sealwright/core'
import type { SubjectAltName } from '@sealwright/x509'
import type { KeyAttestation } from '../attestation/verify-key-attestation.ts'
import type { KeyVaultStatus } from '../requests/vault-status.ts'
import type { CertificateIssuer } from '../vault/collection.ts'

/**
 * The signing keys of one vault. Private keys are generated in it or imported into it and cannot be exported. Nothing here
 * ever requests a private key.
 */
export interface KeyVaultStore extends KeyStore, Pkcs12Importer, KeyDeleter, KeyDisabler, KeyRotator {
  /** Which of the vault's collections it is. */
  readonly collection: 'certificates' | 'keys'
  /**
   * Creates a key in the vault. In the collection `certificates` it has a certificate. A bare key has none;
   * `createSelfSignedCertificate` of @sealwright/x509 creates one with its signer.
   */
  create(name: string, options?: CreateVaultKeyOptions): Promise<SigningKey>
  /**
   * Gets the key with that name, and makes it only when it is proven absent. If several callers do so at once, one
   * creates the key and all get it. Waits for a certificate that is still being created.
   */
  getOrCreate(name: string, options?: CreateVaultKeyOptions): Promise<SigningKey>
  /**
   * Imports a private key with its certificate; in the collection `keys` the certificate is dropped. The key keeps its `kid`
   * and cannot be exported from the vault.
   *
   * @param file PKCS#12, PEM or any other format that `readKeyFile` of @sealwright/x509 reads. It must hold exactly one
   *   private key
   * @throws SealwrightError `INVALID_ARGUMENT` when the file has no private key, several, or no certificate for it;
   *   otherwise as {@link Pkcs12Importer.importPkcs12}
   */
  importPkcs12(name: string, file: Uint8Array, password: Password): Promise<SigningKey>
  /** Creates a new version like the newest, with a new key. */
  rotate(name: string, options?: RotateVaultKeyOptions): Promise<SigningKey>
  /**
   * Requests a managed HSM's signed statement about a key whose private part it holds. `verifyKeyAttestation`
   * verifies it.
   *
   * @param options the version; default: the newest
   * @throws SealwrightError `UNSUPPORTED_OPERATION` for a vault: only managed HSMs attest keys; `NOT_FOUND`, or as `get`
   */
  getKeyAttestation(name: string, options?: GetKeyOptions): Promise<KeyAttestation>
  /** Quota, queue, circuit breaker and counts of the connection to the vault, for metrics. Sends no requests. */
  status(): KeyVaultStatus
}

/** Options of {@link KeyVaultStore.create}. */
export interface CreateVaultKeyOptions extends CreateKeyOptions {
  /** Whether the vault keeps the key in a hardware module; needs a premium vault. Default false; always true in a managed HSM. */
  readonly hardware?: boolean | undefined
  /** Signs the certificate. By default the key signs it itself. */
  readonly issuer?: CertificateIssuer | undefined
  /**
   * Further names in the certificate, of the types `dns`, `email`, `upn`, `uri` and `ip`. Later versions have them,
   * too.
   */
  readonly subjectAltNames?: readonly SubjectAltName[] | undefined
}

/** How {@link KeyVaultStore.rotate} makes the next version. */
export interface RotateVaultKeyOptions extends RotateKeyOptions {
  /** Signs the certificate, where the key does not sign it itself. */
  readonly issuer?: CertificateIssuer | undefined
}
