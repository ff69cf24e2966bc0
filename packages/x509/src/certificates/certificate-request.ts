import type { KeyObject } from 'node:crypto'
import { algorithmsOf, type Signer } from '@sealwright/core'
import { bytes } from '@sealwright/core/internal'
import { malformed, tags, type BerElement } from '../asn1/ber.ts'
import { SequenceReader } from '../asn1/sequence-reader.ts'
import { decodeObjectIdentifier, elementsOf } from '../asn1/values.ts'
import { Attribute, CertificationRequest, Extensions } from 'pkijs'
import { fileLimitExceeded, resolveLimits } from '../limits.ts'
import { encodedName, encodeSubject, formatName, isEmptyName } from '../names/distinguished-name.ts'
import type { SubjectAltName } from '../names/general-name.ts'
import { encodedPublicKey, encodePublicKey, readPublicKey } from '../keys/public-key.ts'
import { aSignerOfX509 } from '../signing/algorithm-identifiers.ts'
import { readSignedDocument, verifyDocument } from '../signing/read-signed-document.ts'
import { signDocument } from '../signing/sign-document.ts'
import { requestOptions } from './arguments.ts'
import {
  encodeExtensions,
  interpretExtensions,
  type CertificateExtensions,
  type ReadExtensions,
} from './extensions/certificate-extensions.ts'
import { readExtensions } from './extensions/extension.ts'
import { checkKeyUsage } from './extensions/key-usage.ts'

/** What a certificate request asks for. */
export interface CertificateRequestOptions {
  /** As for a self-signed certificate; empty for a request whose names are its `subjectAltNames`. */
  readonly subject: string
  /** Other names of the subject. */
  readonly subjectAltNames?: readonly SubjectAltName[] | undefined
  /** Extensions to ask for. The CA decides. */
  readonly extensions?: CertificateExtensions | undefined
}

/** A certificate request whose signature has been verified with the key in it. */
export interface CertificateRequest {
  /** An RFC 4514 string. */
  readonly subject: string
  /** The subject's Name, DER, byte by byte as in the request. */
  readonly subjectDer: Uint8Array
  /** The key to be certified. */
  readonly publicKey: KeyObject
  /** The extensions that it asks for. */
  readonly extensions: ReadExtensions
}

/** Limits on a certificate request. */
export interface CertificateRequestLimits {
  /** Length in bytes. Default 65,536. */
  readonly certificateRequestBytes: number
}

export const defaultRequestLimits: CertificateRequestLimits = Object.freeze({
  certificateRequestBytes: 2 ** 16,
})
/** @throws SealwrightError `LIMIT_EXCEEDED` */
export function checkRequestLength(der: Uint8Array, maximum: number): void {
  if (der.length > maximum) {
    throw fileLimitExceeded(`${source} has ${der.length} bytes`, maximum, 'certificateRequestBytes')
  }
}

/** id-ExtensionRequest (RFC 2985 §5.4.2). */
const extensionRequest = '1.2.840.113549.1.9.14'
const source = 'the certificate request'

/**
 * Creates a certificate request (PKCS#10, RFC 2986) for the signer's key.
 *
 * @returns DER; `encodePem('CERTIFICATE REQUEST', der)` returns PEM
 * @throws SealwrightError as `createSelfSignedCertificate`
 * @example
 * ```ts
 * import type { Signer } from '@sealwright/core'
 * import { createCertificateRequest, encodePem } from '@sealwright/x509'
 *
 * async function request(signer: Signer) {
 *   const der = await createCertificateRequest(signer, { subject: 'CN=my-app-auth,O=Contoso' })
 *   return encodePem('CERTIFICATE REQUEST', der)
 * }
 * ```
 */
export async function createCertificateRequest(
  signer: Signer,
  options: CertificateRequestOptions,
): Promise<Uint8Array> {
  aSignerOfX509('signer', signer)
  requestOptions('options', options)
  const subject = encodeSubject(options.subject)
  const { subjectAltNames = [], extensions: wanted = {} } = options
  checkKeyUsage(wanted.keyUsage, signer.publicKey)
  const extensions = [...encodeExtensions({ ...wanted, subjectAltNames }, isEmptyName(subject))]
  const request = new CertificationRequest({
    version: 0,
    subject: encodedName(subject),
    subjectPublicKeyInfo: encodedPublicKey(encodePublicKey(signer.publicKey)),
    // The field is present even when it is empty (RFC 2986 §4.1).
    attributes:
      extensions.length === 0
        ? []
        : [new Attribute({ type: extensionRequest, values: [new Extensions({ extensions }).toSchema()] })],
  })
  return signDocument(request, signer)
}

/**
 * Reads a certificate request, and verifies its signature with the key in it.
 *
 * @param der PKCS#10, DER, at most 64 KiB unless a limit says otherwise
 * @throws SealwrightError `INVALID_ENCODING`, `LIMIT_EXCEEDED`; `UNSUPPORTED_KEY` for a key that is too weak or of a kind that
 *   cannot sign; `UNSUPPORTED_ALGORITHM`; `INVALID_SIGNATURE`
 * @example
 * ```ts
 * import { readFile } from 'node:fs/promises'
 * import { readCertificateRequest } from '@sealwright/x509'
 *
 * const { subject, publicKey, extensions } = readCertificateRequest(await readFile('request.der'))
 * console.log(subject, publicKey.asymmetricKeyType, extensions.subjectAltNames)
 * ```
 */
export function readCertificateRequest(
  der: Uint8Array,
  limits: Partial<CertificateRequestLimits> = {},
): CertificateRequest {
  bytes('der', der)
  const { certificateRequestBytes } = resolveLimits(defaultRequestLimits, limits)
  checkRequestLength(der, certificateRequestBytes)
  // A copy: the caller cannot change what the signature covers.
  const document = readSignedDocument(Uint8Array.from(der), source, { elements: 1000, depth: 16 })
  const info = new SequenceReader(document.toBeSigned, source)
  const version = info.integer('version')
  if (version !== 0) throw malformed(source, `has version ${version}; RFC 2986 requires 0`)
  const subject = info.any('subject')
  const publicKeyInfo = info.any('subjectPKInfo')
  const attributes = info.optional(tags.context0)
  info.end()
  const name = formatName(subject)
  const publicKey = readPublicKey(publicKeyInfo.bytes, `the public key of ${source}`)
  algorithmsOf(publicKey)
  verifyDocument(document, publicKey, source)
  const list = requestedExtensions(attributes)
  const extensions = interpretExtensions(list === null ? [] : readExtensions(list, source), source)
  return { subject: name, subjectDer: subject.bytes, publicKey, extensions }
}

/**
 * SEQUENCE OF Extension in `[0] IMPLICIT SET OF SEQUENCE { type, values SET OF ANY }`, of which extensionRequest has one value.
 * Null if absent.
 */
export function requestedExtensions(attributes: BerElement | null): BerElement | null {
  for (const element of elementsOf(attributes, source)) {
    const attribute = new SequenceReader(element, `an attribute of ${source}`)
    const oid = decodeObjectIdentifier(attribute.any('type'), `an attribute of ${source}`)
    const [value] = attribute.any('values').children
    if (oid === extensionRequest && value !== undefined) return value
  }
  return null
}
