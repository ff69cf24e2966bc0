import type { KeyObject } from 'node:crypto'
import { bytes } from '@sealwright/core/internal'
import { malformed, tags, type BerElement } from '../../asn1/ber.ts'
import { SequenceReader } from '../../asn1/sequence-reader.ts'
import { readPublicKey } from '../../keys/public-key.ts'
import { checkNewName } from '../../names/distinguished-name.ts'
import { keyWeaknesses } from '../../keys/weaknesses.ts'
import { readSignedDocument } from '../../signing/read-signed-document.ts'
import { resolveLimits } from '../../limits.ts'
import {
  checkRequestLength,
  defaultRequestLimits,
  requestedExtensions,
  type CertificateRequestLimits,
} from '../certificate-request.ts'
import type { ReadExtensions } from '../extensions/certificate-extensions.ts'
import { Findings } from './findings.ts'
import { showAlgorithm, showVerification } from './signature.ts'

/** A certificate request as it is, for display only. */
export interface DescribedRequest {
  /** An RFC 4514 string. */
  readonly subject: string
  /** Null for a key of a kind that is not known. */
  readonly publicKey: KeyObject | null
  /** The JOSE name where there is one; otherwise a name for people, or the OID. */
  readonly signatureAlgorithm: string
  /** Whether the key has signed the request; null where this cannot be verified here. */
  readonly verified: boolean | null
  /** The well-formed ones that it asks for. */
  readonly extensions: ReadExtensions
  /**
   * Why `readCertificateRequest` and `issueCertificate` refuse it, beside weakness and algorithms that they do not support; empty if
   * they do not.
   */
  readonly problems: readonly string[]
  /** Such as `a signature with SHA-1`; empty if none. */
  readonly weaknesses: readonly string[]
}

const source = 'the certificate request'

/**
 * Describes a certificate request, whatever it is signed with: SHA-1, MD5, RSA-1024, Ed448; also one whose signature is wrong.
 * `readCertificateRequest` reads those that a certificate may be issued for.
 *
 * @param der PKCS#10, DER, at most 64 KiB unless a limit says otherwise
 * @throws SealwrightError `INVALID_ENCODING` for what is not a certificate request, `LIMIT_EXCEEDED`; `INVALID_ARGUMENT`
 *   for anything but bytes
 * @example
 * ```ts
 * import { readFile } from 'node:fs/promises'
 * import { describeCertificateRequest } from '@sealwright/x509'
 *
 * const { subject, problems, weaknesses } = describeCertificateRequest(await readFile('request.der'))
 * console.log(subject, problems, weaknesses)
 * ```
 */
export function describeCertificateRequest(
  der: Uint8Array,
  limits: Partial<CertificateRequestLimits> = {},
): DescribedRequest {
  bytes('der', der)
  const { certificateRequestBytes } = resolveLimits(defaultRequestLimits, limits)
  checkRequestLength(der, certificateRequestBytes)
  const findings = new Findings()
  const document = readSignedDocument(Uint8Array.from(der), source, { elements: 5000, depth: 16 })
  const info = new SequenceReader(document.toBeSigned, source)
  const version = info.integer('version')
  if (version !== 0) findings.problems.push(`${source} has version ${version}; RFC 2986 requires 0`)
  const subjectField = info.any('subject')
  if (subjectField.tag !== tags.sequence) throw malformed(source, 'has no subject')
  const { bytes: publicKeyInfo } = info.any('subjectPKInfo')
  const attributes = info.optional(tags.context0)
  findings.attempt(() => info.end(), undefined)
  const subject = findings.name(subjectField)
  if (subject !== '') {
    findings.attempt(() => checkNewName(subjectField, 'the subject of the certificate request'), undefined)
  }
  const publicKey = findings.attempt(
    () => readPublicKey(publicKeyInfo, `the public key of ${source}`),
    null as KeyObject | null,
  )
  if (publicKey !== null) findings.weaknesses.push(...keyWeaknesses(publicKey))
  const algorithm = showAlgorithm(document, findings)
  const verified = showVerification(document, algorithm, publicKey, findings)
  const list = findings.attempt<BerElement | null>(() => requestedExtensions(attributes), null)
  const raw = list === null ? [] : findings.rawExtensions(list, source)
  return {
    subject,
    publicKey,
    signatureAlgorithm: algorithm.name,
    verified,
    extensions: findings.extensions(raw, source),
    problems: findings.shownProblems(),
    weaknesses: findings.weaknesses,
  }
}
