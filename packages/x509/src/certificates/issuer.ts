import type { X509Certificate } from 'node:crypto'
import type { Signer } from '@sealwright/core'
import { invalidArgument } from '@sealwright/core/internal'
import { encodePublicKey } from '../keys/public-key.ts'
import { certifies } from '../keys/same-key.ts'
import { isEmptyName } from '../names/distinguished-name.ts'
import type { GeneralName } from '../names/general-name.ts'
import { nameConstraintProblem } from '../names/permitted-names.ts'
import { interpretExtensions, type ReadExtensions } from './extensions/certificate-extensions.ts'
import { keyIdentifierOf } from './extensions/key-identifiers.ts'
import { readCertificateFields } from './parse-certificate.ts'
import type { Validity } from './validity.ts'

/** A CA: its key and the certificate of that key. */
export interface Issuer {
  /** Signs with the CA's private key. */
  readonly signer: Signer
  /** The certificate of the signer's key; a CA's (basicConstraints cA TRUE). */
  readonly certificate: X509Certificate
}

/** The fields of an issuer's certificate that its certificates depend on. */
export interface ExaminedIssuer {
  /** Name, DER: byte by byte as in the certificate, since chains are found by comparing bytes. */
  readonly subject: Uint8Array
  /** The certificate's subjectKeyIdentifier, or what it would be (RFC 5280 §4.2.1.1). */
  readonly keyIdentifier: Uint8Array
  /** Its first second. */
  readonly notBefore: Date
  /** Its last second. */
  readonly notAfter: Date
  readonly extensions: ReadExtensions
}

/**
 * Checks that the certificate is that of its signer's key and of a CA, and valid now.
 *
 * @throws SealwrightError `INVALID_ARGUMENT`; for a certificate that cannot be read as `parseCertificate`
 */
export function examineIssuer({ signer, certificate }: Issuer): ExaminedIssuer {
  if (!certifies(certificate, signer.publicKey)) {
    throw invalidArgument('the issuer’s certificate does not belong to the key that signs')
  }
  const fields = readCertificateFields(certificate)
  const extensions = interpretExtensions(fields.extensions, 'the issuer’s certificate')
  const { keyUsage, subjectKeyIdentifier } = extensions
  if (keyUsage !== null && !keyUsage.includes('keyCertSign')) {
    throw invalidArgument(
      'the issuer’s certificate does not allow its key to sign certificates (keyCertSign)',
    )
  }
  if (!certificate.ca) {
    throw invalidArgument(
      'the issuer’s certificate is not a CA certificate; verifiers would refuse the certificates that it issues',
    )
  }
  if (isEmptyName(fields.subject.bytes)) {
    throw invalidArgument(
      'the issuer’s certificate has no subject, so nothing can name it as its issuer (RFC 5280 §4.1.2.4)',
    )
  }
  assertValidNow(fields)
  const keyIdentifier =
    subjectKeyIdentifier === null
      ? keyIdentifierOf(encodePublicKey(signer.publicKey))
      : Buffer.from(subjectKeyIdentifier, 'hex')
  const { notBefore, notAfter } = fields
  return { subject: fields.subject.bytes, keyIdentifier, notBefore, notAfter, extensions }
}

/** The check uses the current time: a CA must be valid when it signs, even if it backdates. */
function assertValidNow({ notBefore, notAfter }: Validity): void {
  const now = Date.now()
  if (now < notBefore.getTime()) {
    throw invalidArgument(`the issuer’s certificate is not valid before ${notBefore.toISOString()}`)
  }
  // The last second belongs to it.
  if (now >= notAfter.getTime() + 1000) {
    throw invalidArgument(
      `the issuer’s certificate has expired: it was valid until ${notAfter.toISOString()}`,
    )
  }
}

/**
 * Checks that the issuer's certificate allows a certificate: its path length, and its name constraints.
 *
 * @param ca whether the new certificate is a CA's
 * @param names of the new certificate, its subject among them
 * @throws SealwrightError `INVALID_ARGUMENT`
 */
export function checkIssuance(
  { extensions }: ExaminedIssuer,
  ca: boolean,
  names: readonly GeneralName[],
): void {
  const { basicConstraints, nameConstraints } = extensions
  if (ca && basicConstraints?.pathLength === 0) {
    throw invalidArgument('the issuer’s certificate allows no CA below it (path length 0)')
  }
  const problem = nameConstraints === null ? null : nameConstraintProblem(names, nameConstraints)
  if (problem !== null) throw invalidArgument(`the name constraints of the issuer’s certificate: ${problem}`)
}
