import { bytes } from '@sealwright/core/internal'
import { readBer, tags, type BerElement } from '../../asn1/ber.ts'
import { SequenceReader } from '../../asn1/sequence-reader.ts'
import { decodeBoolean, decodeInteger, elementsOf, unwrapExplicit } from '../../asn1/values.ts'
import { resolveLimits } from '../../limits.ts'
import { decodeGeneralName, urisOf } from '../../names/general-name.ts'
import { checkSignatureAlgorithm, readSignedDocument } from '../../signing/read-signed-document.ts'
import type { TimeSlices } from '../../time-slices.ts'
import { readExtensions, type CustomExtension } from '../extensions/extension.ts'
import {
  defaultRevocationListLimits,
  revocationListBudget,
  type RevocationListLimits,
} from '../revocation/limits.ts'
import { Findings } from './findings.ts'
import {
  extensionOids,
  readReasonCode,
  reasonOf,
  type RevocationReason,
} from '../revocation/revocation-list.ts'
import { formatSerialNumber } from '../serial-number.ts'
import { showAlgorithm } from './signature.ts'

/** The certificates that a list covers, where it does not cover all of its issuer (RFC 5280 §5.2.5). */
export interface RevocationListScope {
  /** URIs where this part of the list is. */
  readonly distributionPoints: readonly string[]
  /** The kind of certificates it is about. Null for all kinds. */
  readonly only: 'userCertificates' | 'caCertificates' | 'attributeCertificates' | null
  /** Whether it has revocations for some reasons and not for others. */
  readonly someReasons: boolean
  /** Whether it revokes certificates of other issuers. */
  readonly indirect: boolean
}

/** The well-formed parts of an entry. */
export interface DescribedRevocation {
  /** Hexadecimal, as in `X509Certificate.serialNumber`; empty where it is malformed. */
  readonly serialNumber: string
  /** The time of the revocation. Null where it is malformed. */
  readonly revokedAt: Date | null
  /** `removeFromCRL` is only in delta lists. Null where it is malformed. */
  readonly reason: RevocationReason | 'removeFromCRL' | null
}

/** A CRL as it is, for display only. */
export interface DescribedRevocationList {
  /** An RFC 4514 string. */
  readonly issuer: string
  /** CRLNumber (RFC 5280 §5.2.3). Null if absent. */
  readonly number: bigint | null
  /** Of a delta list (RFC 5280 §5.2.4): the number of the list it adds to. */
  readonly baseNumber: bigint | null
  /** The time at which it was issued. Null where it is malformed. */
  readonly thisUpdate: Date | null
  /** Null where it is absent or malformed. */
  readonly nextUpdate: Date | null
  /** Null for a list of all certificates of its issuer. */
  readonly scope: RevocationListScope | null
  /** In the order of the list. */
  readonly revoked: readonly DescribedRevocation[]
  /** The JOSE name where there is one; otherwise a name for people, or the OID. */
  readonly signatureAlgorithm: string
  /** Why `readRevocationList` refuses it, beside weakness and the signature, which is not verified; empty if it does not. */
  readonly problems: readonly string[]
  /** Such as `a signature with SHA-1`; empty if none. */
  readonly weaknesses: readonly string[]
}

const source = 'the CRL'
const oids = {
  ...extensionOids,
  deltaIndicator: '2.5.29.27',
  issuingDistributionPoint: '2.5.29.28',
  certificateIssuer: '2.5.29.29',
} as const

/**
 * Describes a CRL without trusting it: also partitioned, delta and indirect lists, and those with weak signatures. The
 * signature is not verified; `readRevocationList` verifies it, and refuses the others.
 *
 * @param der of any length
 * @throws SealwrightError `INVALID_ENCODING` for what is not a CRL, `LIMIT_EXCEEDED`, `INVALID_ARGUMENT`
 * @example
 * ```ts
 * import { readFile } from 'node:fs/promises'
 * import { describeRevocationList } from '@sealwright/x509'
 *
 * const { issuer, scope, revoked } = describeRevocationList(await readFile('ca.crl'))
 * console.log(issuer, scope, revoked.length)
 * ```
 */
export function describeRevocationList(
  der: Uint8Array,
  limits: Partial<RevocationListLimits> = {},
): DescribedRevocationList {
  const { entries, findings, describe } = openList(der, limits)
  return describe(entries.map((element) => describeEntry(element, findings)))
}

/**
 * The same in slices, for untrusted files.
 *
 * @throws also the reason of the slices' signal
 */
export async function describeRevocationListInSlices(
  der: Uint8Array,
  limits: Partial<RevocationListLimits>,
  slices: TimeSlices,
): Promise<DescribedRevocationList> {
  const { entries, findings, describe } = openList(der, limits)
  const revoked: DescribedRevocation[] = []
  for (const element of entries) {
    // The loop yields to the event loop on purpose.
    // oxlint-disable-next-line no-await-in-loop
    if (slices.isOver()) await slices.pause()
    revoked.push(describeEntry(element, findings))
  }
  return describe(revoked)
}

/** A list whose entries are not described yet. */
interface OpenedList {
  readonly entries: readonly BerElement[]
  readonly findings: Findings
  readonly describe: (revoked: readonly DescribedRevocation[]) => DescribedRevocationList
}

function openList(der: Uint8Array, limits: Partial<RevocationListLimits>): OpenedList {
  bytes('der', der)
  const { revocationListElements } = resolveLimits(defaultRevocationListLimits, limits)
  const budget = revocationListBudget(revocationListElements)
  const document = readSignedDocument(Uint8Array.from(der), source, budget)
  const findings = new Findings()
  const fields = new SequenceReader(document.toBeSigned, source)
  const version = fields.optional(tags.integer)
  if (
    version !== null &&
    findings.attempt(() => decodeInteger(version, `the version of ${source}`), 1) !== 1
  ) {
    findings.problems.push(`${source} has an unknown version`)
  }
  const signature = fields.any('signature')
  findings.attempt(() => checkSignatureAlgorithm(signature, document, source), undefined)
  const issuer = findings.name(fields.any('issuer'))
  const thisUpdate = findings.time(fields.any('thisUpdate'), `thisUpdate of ${source}`)
  const nextUpdateField = fields.optional(tags.utcTime) ?? fields.optional(tags.generalizedTime)
  const entries = fields.optional(tags.sequence)?.children ?? []
  const field = fields.optional(tags.context0)
  findings.attempt(() => fields.end(), undefined)
  const list = findings.attempt(
    () =>
      field === null ? null : unwrapExplicit(field, tags.context0, `the list of extensions of ${source}`),
    null,
  )
  const extensions = list === null ? [] : findings.rawExtensions(list, source)
  const scope = readScope(extensions, findings)
  const baseNumber = readNumber(extensions, oids.deltaIndicator, findings)
  explain(scope, baseNumber, extensions, findings)
  const number = readNumber(extensions, oids.crlNumber, findings)
  if (number !== null && number < 0n) findings.problems.push(`${source} has a negative number`)
  const nextUpdate =
    nextUpdateField === null ? null : findings.time(nextUpdateField, `nextUpdate of ${source}`)
  const describe = (revoked: readonly DescribedRevocation[]): DescribedRevocationList => ({
    issuer,
    number,
    baseNumber,
    thisUpdate,
    nextUpdate,
    scope,
    revoked,
    signatureAlgorithm: showAlgorithm(document, findings).name,
    problems: findings.shownProblems(),
    weaknesses: findings.weaknesses,
  })
  return { entries, findings, describe }
}

/** The properties that make readers refuse it, in words. */
function explain(
  scope: RevocationListScope | null,
  baseNumber: bigint | null,
  extensions: readonly CustomExtension[],
  findings: Findings,
): void {
  const partly = scope !== null && (scope.only !== null || scope.someReasons)
  if (scope !== null && (partly || scope.distributionPoints.length > 0)) {
    findings.problems.push(
      `${source} is partitioned: it does not cover all certificates of its issuer (critical ${oids.issuingDistributionPoint})`,
    )
  }
  if (scope?.indirect === true) {
    findings.problems.push(`${source} is indirect: it revokes certificates of other issuers too`)
  }
  if (baseNumber !== null) {
    findings.problems.push(`${source} is a delta: it has only the changes since number ${baseNumber}`)
  }
  const explained = new Set<string>([oids.issuingDistributionPoint, oids.deltaIndicator])
  for (const { oid, critical } of extensions) {
    if (critical && !explained.has(oid)) {
      findings.problems.push(`${source} has the unknown critical extension ${oid}`)
    }
  }
}

function readNumber(extensions: readonly CustomExtension[], oid: string, findings: Findings): bigint | null {
  const extension = extensions.find((each) => each.oid === oid)
  if (extension === undefined) return null
  return findings.attempt(() => {
    const element = readBer(extension.value, `a number of ${source}`, { elements: 1, depth: 1 })
    const digits = formatSerialNumber(element, `a number of ${source}`)
    return digits.startsWith('-') ? -BigInt(`0x${digits.slice(1)}`) : BigInt(`0x${digits}`)
  }, null)
}

/**
 * IssuingDistributionPoint (RFC 5280 §5.2.5): `SEQUENCE { [0] distributionPoint, [1] onlyContainsUserCerts, [2]
 * onlyContainsCACerts, [3] onlySomeReasons, [4] indirectCRL, [5] onlyContainsAttributeCerts }`.
 */
function readScope(extensions: readonly CustomExtension[], findings: Findings): RevocationListScope | null {
  const extension = extensions.find(({ oid }) => oid === oids.issuingDistributionPoint)
  if (extension === undefined) return null
  return findings.attempt(() => {
    const field = `the distribution point of ${source}`
    const element = readBer(extension.value, field, { elements: 1000, depth: 12 })
    const byTag = (number: number): BerElement | undefined =>
      element.children.find(({ tag }) => tag === tags.context0 + number)
    const flag = (number: number): boolean => {
      const value = byTag(number)
      return value !== undefined && decodeBoolean({ ...value, tag: tags.boolean }, field)
    }
    const only = flag(1)
      ? 'userCertificates'
      : flag(2)
        ? 'caCertificates'
        : flag(5)
          ? 'attributeCertificates'
          : null
    const point = byTag(0)
    return {
      distributionPoints: point === undefined ? [] : urisIn(point, field),
      only,
      someReasons: byTag(3) !== undefined,
      indirect: flag(4),
    }
  }, null)
}

/** DistributionPointName in `[0] EXPLICIT`: fullName `[0]`, or a name relative to the issuer, which is not used in practice. */
function urisIn(point: BerElement, field: string): readonly string[] {
  const fullName = unwrapExplicit(point, tags.context0, field)
  if (fullName.tag !== tags.context0) return []
  return urisOf(elementsOf(fullName, field).map((each) => decodeGeneralName(each, field)))
}

function describeEntry(element: BerElement, findings: Findings): DescribedRevocation {
  const field = `an entry of ${source}`
  const nothing: DescribedRevocation = { serialNumber: '', revokedAt: null, reason: null }
  return findings.attempt(() => {
    const entry = new SequenceReader(element, field)
    const serialNumberField = entry.any('userCertificate')
    const revokedAt = findings.time(entry.any('revocationDate'), field)
    const list = entry.optional(tags.sequence)
    findings.attempt(() => entry.end(), undefined)
    return {
      serialNumber: findings.attempt(() => formatSerialNumber(serialNumberField, field), ''),
      revokedAt,
      reason: list === null ? 'unspecified' : describeReason(list, field, findings),
    }
  }, nothing)
}

function describeReason(list: BerElement, field: string, findings: Findings): DescribedRevocation['reason'] {
  const extensions = findings.attempt(() => readExtensions(list, field), [])
  for (const { oid, critical } of extensions) {
    if (oid === oids.certificateIssuer) {
      findings.problems.push(`${source} has entries of other issuers (${oids.certificateIssuer})`)
    } else if (critical && oid !== oids.reasonCode) {
      findings.problems.push(`${source} has the unknown critical extension ${oid}`)
    }
  }
  const reason = extensions.find(({ oid }) => oid === oids.reasonCode)
  if (reason === undefined) return 'unspecified'
  return findings.attempt(() => {
    const code = readReasonCode(reason.value)
    if (code !== removeFromCrl) return reasonOf(code)
    findings.problems.push(`${source} has removals (removeFromCRL), which are not supported`)
    return 'removeFromCRL'
  }, null)
}

/** CRLReason (RFC 5280 §5.3.1). */
const removeFromCrl = 8
