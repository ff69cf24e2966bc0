import { createHash, randomBytes, X509Certificate } from 'node:crypto'
import { SealwrightError, type Signer } from '@sealwright/core'
import { BitString, OctetString } from 'asn1js'
import {
  AuthorityKeyIdentifier,
  BasicConstraints,
  Certificate,
  Extension,
  PublicKeyInfo,
  RelativeDistinguishedNames,
  Time,
  TimeType,
} from 'pkijs'
import { signatureAlgorithmIdentifier } from './algorithm-identifiers.ts'
import { integerOfBytes, octetString, type DerValue } from './asn1/der.ts'
import { encodeDistinguishedName } from './names/distinguished-name.ts'
import { signDocument } from './sign-document.ts'
import { encodeSubjectAltNames, type SubjectAltName } from './names/subject-alt-name.ts'

export interface SelfSignedCertificateOptions {
  /**
   * Subject and issuer as an RFC 4514 string, such as `CN=my-app-auth,O=Contoso`: the most specific first, and special
   * characters escaped with a backslash.
   */
  readonly subject: string
  /** Default now. Fractions of a second are dropped: certificates have none. */
  readonly notBefore?: Date | undefined
  /** The last second it is valid. Default 730 days after `notBefore`. Fractions of a second are dropped. */
  readonly notAfter?: Date | undefined
  readonly subjectAltNames?: readonly SubjectAltName[] | undefined
}

const defaultValidityDays = 730
const dayInMilliseconds = 24 * 60 * 60 * 1000

/**
 * Makes a certificate for signing tokens, signed by the key it certifies. The signer may be a key in this process or one
 * in a vault; its signature is verified here before the certificate is returned.
 *
 * @throws SealwrightError `INVALID_ARGUMENT` for a malformed subject, name or time, before anything is signed;
 *   `INVALID_SIGNATURE` when the signer's signature does not verify; or what the signer throws
 */
export async function createSelfSignedCertificate(
  signer: Signer,
  options: SelfSignedCertificateOptions,
): Promise<X509Certificate> {
  const name = encodeDistinguishedName(options.subject)
  const publicKeyInfo = PublicKeyInfo.fromBER(signer.publicKey.export({ format: 'der', type: 'spki' }))
  return signTokenCertificate(signer, {
    ...validity(options),
    subject: RelativeDistinguishedNames.fromBER(name),
    publicKeyInfo,
    issuer: RelativeDistinguishedNames.fromBER(name),
    issuerKeyIdentifier: keyIdentifierOf(publicKeyInfo),
    subjectAltNames: options.subjectAltNames ?? [],
  })
}

/** What a token-signing certificate says, whoever signs it. */
export interface TokenCertificate {
  readonly notBefore: Date
  readonly notAfter: Date
  readonly subject: RelativeDistinguishedNames
  readonly publicKeyInfo: PublicKeyInfo
  readonly issuer: RelativeDistinguishedNames
  /** The issuer's subjectKeyIdentifier. */
  readonly issuerKeyIdentifier: Uint8Array
  readonly subjectAltNames: readonly SubjectAltName[]
}

/** @param signer the issuer's key */
export async function signTokenCertificate(
  signer: Signer,
  content: TokenCertificate,
): Promise<X509Certificate> {
  const certificate = new Certificate({
    version: 2, // v3
    serialNumber: integerOfBytes(randomSerialNumber()),
    signature: signatureAlgorithmIdentifier(signer.algorithm),
    issuer: content.issuer,
    notBefore: time(content.notBefore),
    notAfter: time(content.notAfter),
    subject: content.subject,
    subjectPublicKeyInfo: content.publicKeyInfo,
    extensions: tokenSigningExtensions(content),
  })
  return new X509Certificate(await signDocument(certificate.encodeTBS(), signer))
}

/** The times of a certificate in whole seconds, by default 730 days from now. */
export function validity(options: {
  readonly notBefore?: Date | undefined
  readonly notAfter?: Date | undefined
}): {
  readonly notBefore: Date
  readonly notAfter: Date
} {
  const notBefore = wholeSeconds(options.notBefore ?? new Date(), 'notBefore')
  const notAfter = wholeSeconds(
    options.notAfter ?? new Date(notBefore.getTime() + defaultValidityDays * dayInMilliseconds),
    'notAfter',
  )
  if (notAfter <= notBefore) {
    throw new SealwrightError(
      'INVALID_ARGUMENT',
      `notAfter (${notAfter.toISOString()}) is not later than notBefore (${notBefore.toISOString()})`,
    )
  }
  return { notBefore, notAfter }
}

/**
 * - basicConstraints, critical, cA FALSE: RFC 5280 §4.2.1.9 leaves it to the issuer in end-entity certificates. It is there
 *   because some readers take a self-signed certificate that is silent about it for a CA.
 * - keyUsage, critical, digitalSignature only (§4.2.1.3): the key signs tokens, no certificates.
 * - subjectKeyIdentifier, and the authorityKeyIdentifier, which is the issuer's (§4.2.1.2, §4.2.1.1).
 * - subjectAltName where there are any; not critical, since the subject is never empty (§4.2.1.6).
 *
 * There is no extendedKeyUsage: none is registered for tokens, and any other would forbid their use.
 */
function tokenSigningExtensions(content: TokenCertificate): Extension[] {
  const digitalSignature = new BitString({ valueHex: Uint8Array.of(0x80).buffer, unusedBits: 7 })
  const authorityKeyIdentifier = new AuthorityKeyIdentifier({
    keyIdentifier: new OctetString({ valueHex: content.issuerKeyIdentifier }),
  })
  const extensions = [
    extension('2.5.29.19', true, new BasicConstraints({ cA: false }).toSchema()),
    extension('2.5.29.15', true, digitalSignature),
    extension('2.5.29.14', false, octetString(keyIdentifierOf(content.publicKeyInfo))),
    extension('2.5.29.35', false, authorityKeyIdentifier.toSchema()),
  ]
  if (content.subjectAltNames.length > 0) {
    extensions.push(extension('2.5.29.17', false, encodeSubjectAltNames(content.subjectAltNames)))
  }
  return extensions
}

function extension(oid: string, critical: boolean, value: DerValue): Extension {
  return new Extension({ extnID: oid, critical, extnValue: value.toBER() })
}

/** RFC 5280 §4.2.1.2, method (1): SHA-1 of the BIT STRING's value, without tag, length and number of unused bits. */
export function keyIdentifierOf(publicKeyInfo: PublicKeyInfo): Uint8Array {
  return Uint8Array.from(
    createHash('sha1').update(publicKeyInfo.subjectPublicKey.valueBlock.valueHexView).digest(),
  )
}

/**
 * RFC 5280 §4.1.2.2: positive and at most 20 octets. 16 octets, of which 126 bits are random: the first two bits are 01, which
 * keeps the number positive and all serial numbers of one length.
 */
function randomSerialNumber(): Uint8Array {
  const serial = randomBytes(16)
  serial[0] = ((serial[0] ?? 0) & 0x3f) | 0x40
  return serial
}

/** UTCTime through 2049, GeneralizedTime after (RFC 5280 §4.1.2.5). */
function time(value: Date): Time {
  const type = value.getUTCFullYear() < 2050 ? TimeType.UTCTime : TimeType.GeneralizedTime
  return new Time({ type, value })
}

function wholeSeconds(value: Date, name: string): Date {
  const whole = new Date(Math.floor(value.getTime() / 1000) * 1000)
  const year = whole.getUTCFullYear()
  // What UTCTime and GeneralizedTime can say; false for NaN as well.
  if (!(year >= 1950 && year <= 9999)) {
    throw new SealwrightError('INVALID_ARGUMENT', `${name} is not a time between the years 1950 and 9999`)
  }
  return whole
}
