import { X509Certificate, type KeyObject } from 'node:crypto'
import { SealwrightError, type Signer } from '@sealwright/core'
import { Integer } from 'asn1js'
import { Certificate, type Extension } from 'pkijs'
import { readBer } from '../asn1/ber.ts'
import { timeOf } from '../asn1/time.ts'
import { certifies } from '../keys/same-key.ts'
import {
  checkNewName,
  EncodedName,
  encodeDistinguishedName,
  encodeSubject,
  isEmptyName,
} from '../names/distinguished-name.ts'
import type { SubjectAltName } from '../names/general-name.ts'
import { EncodedPublicKey, encodePublicKey, readPublicKey } from '../keys/public-key.ts'
import { signDocument } from '../signing/sign-document.ts'
import {
  keyIdentifierOf,
  randomSerialNumber,
  resolveValidity,
  secondsOf,
  secondsPerDay,
  type Validity,
  type ValidityOptions,
} from './certificate-fields.ts'
import { readCertificateRequest } from './certificate-request.ts'
import {
  authorityKeyIdentifierExtension,
  extensionOids,
  extensionsOf,
  interpretExtensions,
  mergeExtensions,
  reencodeExtension,
  subjectKeyIdentifierExtension,
  type CertificateExtensions,
  type ReadExtensions,
} from './extensions.ts'
import { checkKeyUsage } from './key-usage.ts'
import { readCertificateFields } from './parse-certificate.ts'
import { profileDefaults, type CertificateProfile } from './profiles.ts'

/** Whose key signs a certificate, and the certificate of that key. */
export interface Issuer {
  readonly signer: Signer
  /** That of the signer's key; a CA's (basicConstraints cA TRUE). */
  readonly certificate: X509Certificate
}

export interface CertificateOptions extends ValidityOptions {
  /**
   * An RFC 4514 string, such as `CN=my-app-auth,O=Contoso`: the most specific first, and special characters escaped with a
   * backslash. Empty for a certificate of a CA's whose names are its `subjectAltNames`, which are critical then; a CA has a
   * name, and so has a self-signed certificate.
   */
  readonly subject: string
  /** The defaults of everything below. Default `tokenSigning`. */
  readonly profile?: CertificateProfile | undefined
  readonly subjectAltNames?: readonly SubjectAltName[] | undefined
  /** Each takes the place of the profile's. Key identifiers are always there, and not asked for. */
  readonly extensions?: CertificateExtensions | undefined
}

/**
 * Makes a certificate that is signed by the key it certifies: for signing tokens, or with another profile a root CA's. The
 * signer may be a key in this process or one in a vault; its signature is verified here before the certificate is returned.
 *
 * @throws SealwrightError `INVALID_ARGUMENT` for a malformed subject, name, time or extension, or a key usage that is not for
 *   keys of that kind, before anything is signed; `INVALID_SIGNATURE` when the signer's signature does not verify; or what the signer throws
 */
export async function createSelfSignedCertificate(
  signer: Signer,
  options: CertificateOptions,
): Promise<X509Certificate> {
  const subject = encodeDistinguishedName(options.subject)
  return signCertificate(signer, {
    ...contentOf(options, { subject, publicKey: signer.publicKey, issuer: null }),
    issuer: subject,
    issuerKeyIdentifier: null,
  })
}

/**
 * Makes a certificate for somebody's public key, signed by a CA. It ends no later than the CA's own: what the profile says is
 * cut short, and a `notAfter` after that is refused.
 *
 * @param publicKey a key that can sign as core has it; its owner's private key is not needed
 * @throws SealwrightError `INVALID_ARGUMENT` also for an issuer whose certificate is not its signer's, has ended, or is not a
 *   CA's that may issue this; `UNSUPPORTED_KEY` for a public key that is too weak or of another kind; else as
 *   {@link createSelfSignedCertificate}
 */
export async function createCertificate(
  issuer: Issuer,
  publicKey: KeyObject,
  options: CertificateOptions,
): Promise<X509Certificate> {
  return issue(issuer, publicKey, encodeSubject(options.subject), options)
}

export type IssueCertificateOptions = Omit<CertificateOptions, 'subject'>

/**
 * Issues a certificate for the key of a certificate request, in the request's name. What extensions the request asks for is
 * passed over: they are wishes of whoever made it. `readCertificateRequest` shows them, for a caller who grants some.
 *
 * @param request PKCS#10 (RFC 2986), DER; its signature must verify with the key in it
 * @throws SealwrightError `INVALID_ENCODING`, `LIMIT_EXCEEDED`, `UNSUPPORTED_ALGORITHM` for what is no request that can be
 *   read, `INVALID_ENCODING` also for a subject that may not go into a new certificate as it is, such as one in BMPStrings
 *   (RFC 5280 §4.1.2.4); `INVALID_SIGNATURE` for a request that its own key has not signed; else as {@link createCertificate}
 */
export async function issueCertificate(
  request: Uint8Array,
  issuer: Issuer,
  options: IssueCertificateOptions = {},
): Promise<X509Certificate> {
  const { publicKey, subjectDer } = readCertificateRequest(request)
  const what = 'the subject of the certificate request'
  checkNewName(readBer(subjectDer, what, { elements: 1000, depth: 16 }), what)
  return issue(issuer, publicKey, subjectDer, options)
}

/**
 * Makes a new certificate with the subject, key and extensions of an old one. Serial number, times and key identifiers are
 * its own.
 *
 * @param by the key itself, for a self-signed certificate, or a CA
 * @param options valid from now and for as long as the old one, or until the CA's ends, unless they say otherwise
 * @throws SealwrightError `INVALID_ARGUMENT` when a signer is given that is not the certificate's own key; else as
 *   {@link createCertificate}
 */
export async function renewCertificate(
  certificate: X509Certificate,
  by: Signer | Issuer,
  options: ValidityOptions = {},
): Promise<X509Certificate> {
  const fields = readCertificateFields(certificate)
  const { subject } = fields
  const publicKey = readPublicKey(fields.publicKeyInfo, 'the public key of the certificate')
  const contentUntil = (issuerEnd: Date | null): CertificateContent => ({
    validity: resolveValidity(options, secondsOf(fields), issuerEnd),
    extensions: fields.extensions.filter(({ oid }) => !keyIdentifierOids.has(oid)).map(reencodeExtension),
    subject: subject.bytes,
    publicKeyInfo: encodePublicKey(publicKey),
  })
  if ('signer' in by) {
    const issuer = examineIssuer(by)
    checkPathLength(issuer, certificate.ca)
    return signCertificate(by.signer, { ...contentUntil(issuer.notAfter), ...issuerFields(issuer) })
  }
  if (!certifies(certificate, by.publicKey)) {
    throw refused('a certificate is renewed by its own key or by a CA, and this key is another')
  }
  if (isEmptyName(subject.bytes))
    throw refused('a self-signed certificate has a subject, and this one has none')
  return signCertificate(by, { ...contentUntil(null), issuer: subject.bytes, issuerKeyIdentifier: null })
}

/** They are made for each certificate. */
const keyIdentifierOids: ReadonlySet<string> = new Set([
  extensionOids.subjectKeyIdentifier,
  extensionOids.authorityKeyIdentifier,
])

/** All of a certificate that is not its issuer's. */
interface CertificateContent {
  readonly validity: Validity
  /** Without key identifiers. */
  readonly extensions: readonly Extension[]
  /** Name, DER. */
  readonly subject: Uint8Array
  /** SubjectPublicKeyInfo, DER. */
  readonly publicKeyInfo: Uint8Array
}

interface ToBeSigned extends CertificateContent {
  /** Name, DER. */
  readonly issuer: Uint8Array
  /** Null for that of the key itself. */
  readonly issuerKeyIdentifier: Uint8Array | null
}

/** Whom a certificate is for, and who issues it. */
interface Certified {
  readonly subject: Uint8Array
  readonly publicKey: KeyObject
  /** Null for the key itself. */
  readonly issuer: ExaminedIssuer | null
}

function contentOf(options: IssueCertificateOptions, certified: Certified): CertificateContent {
  const { subject, publicKey, issuer } = certified
  const { validityDays, extensions: defaults } = profileDefaults(options.profile ?? 'tokenSigning')
  const wanted = mergeExtensions(options, defaults)
  const { keyUsage = [], subjectAltNames = [] } = wanted
  const ca = wanted.basicConstraints?.ca === true
  if (issuer !== null) checkPathLength(issuer, ca)
  checkKeyUsage(keyUsage, publicKey)
  if (ca && !keyUsage.includes('keyCertSign')) {
    // RFC 5280 §4.2.1.3; a request may leave it to whoever issues the certificate.
    throw refused('a CA’s certificate has the key usage keyCertSign')
  }
  const nameless = isEmptyName(subject)
  if (nameless && (ca || subjectAltNames.length === 0)) {
    throw refused('a certificate without a subject has subjectAltNames, and is not a CA’s')
  }
  return {
    validity: resolveValidity(options, validityDays * secondsPerDay, issuer?.notAfter ?? null),
    extensions: extensionsOf(wanted, nameless),
    subject,
    publicKeyInfo: encodePublicKey(publicKey),
  }
}

async function issue(
  issuer: Issuer,
  publicKey: KeyObject,
  subject: Uint8Array,
  options: IssueCertificateOptions,
): Promise<X509Certificate> {
  const examined = examineIssuer(issuer)
  return signCertificate(issuer.signer, {
    ...contentOf(options, { subject, publicKey, issuer: examined }),
    ...issuerFields(examined),
  })
}

/** What an issuer's certificate says to what it issues. */
export interface ExaminedIssuer {
  /** Name, DER: as the certificate has it, so that chains are found by comparing bytes. */
  readonly subject: Uint8Array
  /** The certificate's subjectKeyIdentifier, or what it would be (RFC 5280 §4.2.1.1). */
  readonly keyIdentifier: Uint8Array
  /** Its last second. */
  readonly notAfter: Date
  readonly extensions: ReadExtensions
}

/**
 * Makes sure that the certificate is its signer's and a CA's.
 *
 * @throws SealwrightError `INVALID_ARGUMENT`, and for a certificate that cannot be read as `parseCertificate`
 */
export function examineIssuer({ signer, certificate }: Issuer): ExaminedIssuer {
  if (!certifies(certificate, signer.publicKey)) {
    throw refused('the issuer’s certificate is not that of the key that signs')
  }
  const fields = readCertificateFields(certificate)
  const extensions = interpretExtensions(fields.extensions, 'the issuer’s certificate')
  const { keyUsage, subjectKeyIdentifier } = extensions
  if (keyUsage !== null && !keyUsage.includes('keyCertSign')) {
    throw refused('the issuer’s certificate does not let its key sign certificates (keyCertSign)')
  }
  if (!certificate.ca) {
    throw refused('the issuer’s certificate is not a CA’s, so that nobody would accept what it issues')
  }
  const keyIdentifier =
    subjectKeyIdentifier === null
      ? keyIdentifierOf(encodePublicKey(signer.publicKey))
      : Buffer.from(subjectKeyIdentifier, 'hex')
  return { subject: fields.subject.bytes, keyIdentifier, notAfter: fields.notAfter, extensions }
}

function checkPathLength({ extensions }: ExaminedIssuer, ca: boolean): void {
  if (ca && extensions.basicConstraints?.pathLength === 0) {
    throw refused('the issuer’s certificate allows no CA below it (path length 0)')
  }
}

function issuerFields({
  subject,
  keyIdentifier,
}: ExaminedIssuer): Pick<ToBeSigned, 'issuer' | 'issuerKeyIdentifier'> {
  return { issuer: subject, issuerKeyIdentifier: keyIdentifier }
}

/** TBSCertificate (RFC 5280 §4.1.2), version 3. */
async function signCertificate(signer: Signer, content: ToBeSigned): Promise<X509Certificate> {
  const { validity, subject, publicKeyInfo, issuer, extensions } = content
  const keyIdentifier = keyIdentifierOf(publicKeyInfo)
  const certificate = new Certificate({
    version: 2,
    serialNumber: new Integer({ valueHex: randomSerialNumber() }),
    issuer: new EncodedName(issuer),
    notBefore: timeOf(validity.notBefore),
    notAfter: timeOf(validity.notAfter),
    subject: new EncodedName(subject),
    subjectPublicKeyInfo: new EncodedPublicKey(publicKeyInfo),
    extensions: [
      ...extensions,
      subjectKeyIdentifierExtension(keyIdentifier),
      authorityKeyIdentifierExtension(content.issuerKeyIdentifier ?? keyIdentifier),
    ],
  })
  return new X509Certificate(await signDocument(certificate, signer))
}

function refused(message: string): SealwrightError {
  return new SealwrightError('INVALID_ARGUMENT', message)
}
