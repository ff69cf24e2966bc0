import { X509Certificate, type KeyObject } from 'node:crypto'
import type { Signer } from '@sealwright/core'
import { invalidArgument } from '@sealwright/core/internal'
import { Certificate, type Extension } from 'pkijs'
import { readBer } from '../asn1/ber.ts'
import { unsignedInteger } from '../asn1/encode.ts'
import { timeOf } from '../asn1/time.ts'
import { encodedPublicKey, encodePublicKey } from '../keys/public-key.ts'
import { emailAddressesOf, encodedName, formatName, isEmptyName } from '../names/distinguished-name.ts'
import type { GeneralName, SubjectAltName } from '../names/general-name.ts'
import { signDocument } from '../signing/sign-document.ts'
import {
  encodeExtensions,
  withDefaults,
  type CertificateExtensions,
} from './extensions/certificate-extensions.ts'
import {
  authorityKeyIdentifierExtension,
  keyIdentifierOf,
  subjectKeyIdentifierExtension,
} from './extensions/key-identifiers.ts'
import { checkKeyUsage } from './extensions/key-usage.ts'
import { checkIssuance, type ExaminedIssuer } from './issuer.ts'
import { profileDefaults, type CertificateProfile } from './profiles.ts'
import { newSerialNumber } from './serial-number.ts'
import { resolveValidity, secondsPerDay, type Validity, type ValidityOptions } from './validity.ts'

/** The contents of a new certificate, beside its subject and key. */
export interface CertificateOptions extends ValidityOptions {
  /** The defaults of everything below. Default `tokenSigning`. */
  readonly profile?: CertificateProfile | undefined
  /**
   * Other names of the subject. They are critical where the subject is empty. An e-mail address in the subject is added
   * (RFC 5280 §4.1.2.6).
   */
  readonly subjectAltNames?: readonly SubjectAltName[] | undefined
  /** Each replaces that of the profile. The key identifiers are always there. */
  readonly extensions?: CertificateExtensions | undefined
  /** Hexadecimal; positive and at most 20 octets. Default 126 random bits. */
  readonly serialNumber?: string | undefined
}

/**
 * A certificate's content, apart from its issuer and the key identifiers.
 *
 * @internal
 */
export interface CertificateContent {
  readonly serialNumber: Uint8Array
  readonly validity: Validity
  readonly extensions: readonly Extension[]
  /** Name, DER. */
  readonly subject: Uint8Array
  /** SubjectPublicKeyInfo, DER. */
  readonly publicKeyInfo: Uint8Array
}

/** The subject of a certificate, and its issuer. */
interface Certified {
  /** Name, DER. */
  readonly subject: Uint8Array
  readonly publicKey: KeyObject
  /** Null for a self-signed certificate. */
  readonly issuer: ExaminedIssuer | null
}

/**
 * Resolves and checks the contents of a new certificate.
 *
 * @throws SealwrightError `INVALID_ARGUMENT`, `UNSUPPORTED_KEY`
 *
 * @internal
 */
export function resolveContent(
  options: CertificateOptions,
  { subject, publicKey, issuer }: Certified,
): CertificateContent {
  const { validityDays, extensions: defaults } = profileDefaults(options.profile ?? 'tokenSigning')
  const extensions = withDefaults(options.extensions ?? {}, defaults)
  const subjectAltNames = withEmailAddresses(options.subjectAltNames ?? [], subject)
  const { keyUsage = [] } = extensions
  const ca = extensions.basicConstraints?.ca === true
  if (issuer !== null) checkIssuance(issuer, ca, namesOf(subject, subjectAltNames))
  checkKeyUsage(keyUsage, publicKey)
  if (ca && !keyUsage.includes('keyCertSign')) {
    // RFC 5280 §4.2.1.3. A request may leave the key usage to the CA that issues.
    throw invalidArgument('a CA certificate needs the key usage keyCertSign')
  }
  const nameless = isEmptyName(subject)
  if (nameless && issuer === null) {
    throw invalidArgument(
      'a self-signed certificate needs a subject, which is its issuer too (RFC 5280 §4.1.2.4)',
    )
  }
  if (nameless && (ca || subjectAltNames.length === 0)) {
    throw invalidArgument(
      'a certificate with an empty subject needs subjectAltNames and cannot be a CA certificate',
    )
  }
  if (
    options.profile === 'tlsServer' &&
    !subjectAltNames.some(({ type }) => type === 'dns' || type === 'ip')
  ) {
    // RFC 9525 §2: clients ignore the common name.
    throw invalidArgument('a TLS server’s certificate needs a DNS name or an IP address in subjectAltNames')
  }
  return {
    serialNumber: newSerialNumber(options.serialNumber),
    validity: resolveValidity(options, validityDays * secondsPerDay, issuer?.notAfter ?? null),
    extensions: encodeExtensions({ ...extensions, subjectAltNames }, nameless),
    subject,
    publicKeyInfo: encodePublicKey(publicKey),
  }
}

/** RFC 5280 §4.1.2.6: an e-mail address is an rfc822Name, even if the subject has it too. */
function withEmailAddresses(
  names: readonly SubjectAltName[],
  subject: Uint8Array,
): readonly SubjectAltName[] {
  const missing = emailAddressesOf(readName(subject)).filter(
    (value) => !names.some((name) => name.type === 'email' && name.value === value),
  )
  return [...names, ...missing.map((value) => ({ type: 'email', value }) as const)]
}

/**
 * All names of a certificate, for its issuer's name constraints.
 *
 * @param subject Name, DER
 */
export function namesOf(
  subject: Uint8Array,
  subjectAltNames: readonly GeneralName[],
): readonly GeneralName[] {
  if (isEmptyName(subject)) return subjectAltNames
  const name = readName(subject)
  return [
    { type: 'directoryName', value: formatName(name) },
    ...emailAddressesOf(name).map((value) => ({ type: 'email', value }) as const),
    ...subjectAltNames,
  ]
}

function readName(subject: Uint8Array): ReturnType<typeof readBer> {
  return readBer(subject, 'the subject', { elements: 1000, depth: 16 })
}

/**
 * Signs a TBSCertificate (RFC 5280 §4.1.2) of version 3.
 *
 * @param issuer null for a self-signed certificate
 *
 * @internal
 */
export async function signCertificate(
  signer: Signer,
  content: CertificateContent,
  issuer: ExaminedIssuer | null,
): Promise<X509Certificate> {
  const { serialNumber, validity, subject, publicKeyInfo, extensions } = content
  const keyIdentifier = keyIdentifierOf(publicKeyInfo)
  const certificate = new Certificate({
    version: 2,
    serialNumber: unsignedInteger(serialNumber),
    issuer: encodedName(issuer?.subject ?? subject),
    notBefore: timeOf(validity.notBefore),
    notAfter: timeOf(validity.notAfter),
    subject: encodedName(subject),
    subjectPublicKeyInfo: encodedPublicKey(publicKeyInfo),
    extensions: [
      ...extensions,
      subjectKeyIdentifierExtension(keyIdentifier),
      authorityKeyIdentifierExtension(issuer?.keyIdentifier ?? keyIdentifier),
    ],
  })
  return new X509Certificate(await signDocument(certificate, signer))
}
