import type { X509Certificate } from 'node:crypto'
import type { Signer } from '@sealwright/core'
import { aCertificate, invalidArgument } from '@sealwright/core/internal'
import { encodePublicKey, readPublicKey } from '../keys/public-key.ts'
import { certifies } from '../keys/same-key.ts'
import { isEmptyName } from '../names/distinguished-name.ts'
import { anIssuerOrSigner, renewalOptions } from './arguments.ts'
import { namesOf, signCertificate } from './certificate-content.ts'
import { subjectAltName } from './extensions/alternative-names.ts'
import { reencodeExtension } from './extensions/certificate-extensions.ts'
import { decodeExtension } from './extensions/extension.ts'
import { authorityKeyIdentifier, subjectKeyIdentifier } from './extensions/key-identifiers.ts'
import { checkIssuance, examineIssuer, type Issuer } from './issuer.ts'
import { isSelfIssued, readCertificateFields } from './parse-certificate.ts'
import { newSerialNumber } from './serial-number.ts'
import { resolveValidity, secondsOf, type ValidityOptions } from './validity.ts'

/** What is new in a renewed certificate. */
export interface RenewCertificateOptions extends ValidityOptions {
  /** Hexadecimal; positive and at most 20 octets. Default 126 random bits. */
  readonly serialNumber?: string | undefined
}

/**
 * Issues a new certificate with the subject, key and extensions of an old one. The serial number, the times and the key
 * identifiers are new.
 *
 * @param certificate one that you trust. Its signature is not verified, and what it says is certified again
 * @param by the certificate's own key for a self-signed certificate, or a CA. A certificate that a CA issued is renewed by a CA.
 * @param options by default valid from now on and for as long as the old one, but not longer than the CA's certificate
 * @throws SealwrightError `INVALID_ARGUMENT` when the signer is not the certificate's own key, or a CA issued the certificate; else as
 *   `issueCertificate`
 * @example
 * ```ts
 * import type { KeyObject, X509Certificate } from 'node:crypto'
 * import { createLocalSigner } from '@sealwright/core'
 * import { renewCertificate } from '@sealwright/x509'
 *
 * async function renew(certificate: X509Certificate, privateKey: KeyObject) {
 *   return renewCertificate(certificate, createLocalSigner(privateKey))
 * }
 * ```
 */
export async function renewCertificate(
  certificate: X509Certificate,
  by: Signer | Issuer,
  options: RenewCertificateOptions = {},
): Promise<X509Certificate> {
  aCertificate('certificate', certificate)
  anIssuerOrSigner('by', by)
  renewalOptions('options', options)
  const fields = readCertificateFields(certificate)
  const subject = fields.subject.bytes
  const issuer = 'signer' in by ? examineIssuer(by) : null
  if (issuer !== null) {
    const names = decodeExtension(fields.extensions, subjectAltName, 'the certificate') ?? []
    checkIssuance(issuer, certificate.ca, namesOf(subject, names))
  } else if (!certifies(certificate, signerOf(by).publicKey)) {
    throw invalidArgument('a certificate is renewed by its own key or by a CA; this is a different key')
  } else if (!isSelfIssued(certificate)) {
    throw invalidArgument(
      'a CA issued this certificate: pass the { signer, certificate } of that CA, or make a self-signed certificate with ' +
        'createSelfSignedCertificate',
    )
  } else if (isEmptyName(subject)) {
    throw invalidArgument('a self-signed certificate needs a subject, and this one has none')
  }
  const publicKey = readPublicKey(fields.publicKeyInfo, 'the public key of the certificate')
  const content = {
    serialNumber: newSerialNumber(options.serialNumber),
    validity: resolveValidity(options, secondsOf(fields), issuer?.notAfter ?? null),
    extensions: fields.extensions.filter(({ oid }) => !isKeyIdentifier(oid)).map(reencodeExtension),
    subject,
    publicKeyInfo: encodePublicKey(publicKey),
  }
  return signCertificate(signerOf(by), content, issuer)
}

function signerOf(by: Signer | Issuer): Signer {
  return 'signer' in by ? by.signer : by
}

function isKeyIdentifier(oid: string): boolean {
  return oid === subjectKeyIdentifier.oid || oid === authorityKeyIdentifier.oid
}
