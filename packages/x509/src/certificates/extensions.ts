import { SealwrightError } from '@sealwright/core'
import { malformed, readBer, tags, type BerElement } from '../asn1/ber.ts'
import { SequenceReader } from '../asn1/sequence-reader.ts'
import {
  decodeBitString,
  decodeBoolean,
  decodeInteger,
  decodeObjectIdentifier,
  decodeOctetString,
} from '../asn1/values.ts'
import { IA5String } from 'asn1js'
import {
  AccessDescription,
  AuthorityKeyIdentifier,
  BasicConstraints as PkiBasicConstraints,
  CertificatePolicies,
  CRLDistributionPoints,
  DistributionPoint,
  Extension,
  ExtKeyUsage,
  GeneralSubtree,
  InfoAccess,
  NameConstraints,
  PolicyInformation,
  PolicyQualifierInfo,
} from 'pkijs'
import { encoded, encodeDer, namedBits, octetString, type DerValue } from '../asn1/encode.ts'
import { checkDer } from '../asn1/check-der.ts'
import {
  decodeGeneralName,
  decodeGeneralNames,
  decodeNameConstraint,
  generalNameOf,
  generalNamesOf,
  nameConstraintOf,
  uriProblem,
  type GeneralName,
  type NameConstraint,
  type SubjectAltName,
} from '../names/general-name.ts'
import { isObjectIdentifier } from '../names/name-parser.ts'
import { decodeText } from '../names/text.ts'
import { keyUsages, type KeyUsage } from './key-usage.ts'

/** Purposes that have names (RFC 5280 §4.2.1.12); others are said with their OIDs. */
const extendedKeyUsages: Readonly<Record<string, string>> = {
  serverAuth: '1.3.6.1.5.5.7.3.1',
  clientAuth: '1.3.6.1.5.5.7.3.2',
  codeSigning: '1.3.6.1.5.5.7.3.3',
  emailProtection: '1.3.6.1.5.5.7.3.4',
  timeStamping: '1.3.6.1.5.5.7.3.8',
  OCSPSigning: '1.3.6.1.5.5.7.3.9',
  anyExtendedKeyUsage: '2.5.29.37.0',
}

/**
 * Extensions to ask for. What is left out, or undefined, is as the profile has it, and otherwise not in the certificate; an
 * empty list is not in the certificate.
 */
export interface CertificateExtensions {
  readonly basicConstraints?: BasicConstraints | undefined
  readonly keyUsage?: readonly KeyUsage[] | undefined
  /** `serverAuth`, `clientAuth`, `codeSigning`, `emailProtection`, `timeStamping`, `OCSPSigning`, or an OID. */
  readonly extendedKeyUsage?: readonly string[] | undefined
  readonly subjectAltNames?: readonly SubjectAltName[] | undefined
  readonly issuerAltNames?: readonly SubjectAltName[] | undefined
  readonly certificatePolicies?: readonly CertificatePolicy[] | undefined
  /** Of a CA only. */
  readonly nameConstraints?:
    | {
        readonly permitted?: readonly NameConstraint[] | undefined
        readonly excluded?: readonly NameConstraint[] | undefined
      }
    | undefined
  /** URIs of CRLs. */
  readonly crlDistributionPoints?: readonly string[] | undefined
  readonly authorityInfoAccess?: AuthorityInfoAccess | undefined
  /** Extensions of which nothing is known here. */
  readonly custom?: readonly CustomExtension[] | undefined
}

export interface BasicConstraints {
  readonly ca: boolean
  /** Of a CA: how many CAs there may be below it. Without, any number. */
  readonly pathLength?: number | undefined
}

export interface CertificatePolicy {
  /** OID. */
  readonly policy: string
  /** URI of the Certification Practice Statement. */
  readonly cps?: string | undefined
}

/** URIs (RFC 5280 §4.2.2.1). */
export interface AuthorityInfoAccess {
  readonly ocsp?: readonly string[] | undefined
  readonly caIssuers?: readonly string[] | undefined
}

export interface CustomExtension {
  readonly oid: string
  /** Readers that do not know a critical extension refuse the certificate. */
  readonly critical: boolean
  /** DER of one value. */
  readonly value: Uint8Array
}

/** Extensions that were read. */
export interface ReadExtensions {
  readonly basicConstraints: BasicConstraints | null
  readonly keyUsage: readonly KeyUsage[] | null
  /** Names where there are any, otherwise OIDs. */
  readonly extendedKeyUsage: readonly string[] | null
  readonly subjectAltNames: readonly GeneralName[]
  readonly issuerAltNames: readonly GeneralName[]
  /** Hexadecimal, lower case. */
  readonly subjectKeyIdentifier: string | null
  /** Hexadecimal, lower case. */
  readonly authorityKeyIdentifier: string | null
  readonly certificatePolicies: readonly CertificatePolicy[]
  readonly nameConstraints: {
    readonly permitted: readonly GeneralName[]
    readonly excluded: readonly GeneralName[]
  } | null
  /** URIs. */
  readonly crlDistributionPoints: readonly string[]
  readonly authorityInfoAccess: { readonly ocsp: readonly string[]; readonly caIssuers: readonly string[] }
  /** All others. */
  readonly custom: readonly CustomExtension[]
}

export const extensionOids = {
  subjectKeyIdentifier: '2.5.29.14',
  keyUsage: '2.5.29.15',
  subjectAltName: '2.5.29.17',
  issuerAltName: '2.5.29.18',
  basicConstraints: '2.5.29.19',
  crlNumber: '2.5.29.20',
  reasonCode: '2.5.29.21',
  nameConstraints: '2.5.29.30',
  crlDistributionPoints: '2.5.29.31',
  certificatePolicies: '2.5.29.32',
  authorityKeyIdentifier: '2.5.29.35',
  extendedKeyUsage: '2.5.29.37',
  authorityInfoAccess: '1.3.6.1.5.5.7.1.1',
} as const

const cpsQualifier = '1.3.6.1.5.5.7.2.1'
const accessMethods = { ocsp: '1.3.6.1.5.5.7.48.1', caIssuers: '1.3.6.1.5.5.7.48.2' } as const

/** Extension (RFC 5280 §4.1). */
export function extension(extnID: string, critical: boolean, value: DerValue): Extension {
  return new Extension({ extnID, critical, extnValue: encodeDer(value).buffer })
}

export function subjectKeyIdentifierExtension(keyIdentifier: Uint8Array): Extension {
  return extension(extensionOids.subjectKeyIdentifier, false, octetString(keyIdentifier))
}

/** With the identifier alone (RFC 5280 §4.2.1.1). */
export function authorityKeyIdentifierExtension(keyIdentifier: Uint8Array): Extension {
  const value = new AuthorityKeyIdentifier({ keyIdentifier: octetString(keyIdentifier) })
  return extension(extensionOids.authorityKeyIdentifier, false, value)
}

/** What asks for extensions. */
interface ExtensionOptions {
  readonly subjectAltNames?: readonly SubjectAltName[] | undefined
  readonly extensions?: CertificateExtensions | undefined
}

/**
 * What is asked for: the defaults, and in their place what is given and not undefined.
 *
 * @throws SealwrightError `INVALID_ARGUMENT` for subjectAltNames that are given in both places
 */
export function mergeExtensions(
  { subjectAltNames, extensions = {} }: ExtensionOptions,
  defaults: CertificateExtensions,
): CertificateExtensions {
  if (subjectAltNames !== undefined && extensions.subjectAltNames !== undefined) {
    throw refused('subjectAltNames are given twice, also among the extensions')
  }
  const given = Object.entries(extensions).filter(([, value]) => value !== undefined)
  return { ...defaults, ...Object.fromEntries<unknown>(given), ...(subjectAltNames && { subjectAltNames }) }
}

/**
 * The extensions that are asked for, critical where RFC 5280 wants it: basicConstraints, keyUsage, nameConstraints and, where
 * it has the only names, subjectAltName.
 *
 * @param nameless whether the subject is empty (RFC 5280 §4.1.2.6)
 * @throws SealwrightError `INVALID_ARGUMENT` for what is malformed or contradicts itself
 */
export function extensionsOf(wanted: CertificateExtensions, nameless: boolean): readonly Extension[] {
  checkConsistency(wanted)
  const { basicConstraints, nameConstraints, custom = [] } = wanted
  const extensions: Extension[] = []
  const add = (oid: string, critical: boolean, value: DerValue | null): void => {
    if (value !== null) extensions.push(extension(oid, critical, value))
  }
  if (basicConstraints !== undefined) {
    add(extensionOids.basicConstraints, true, basicConstraintsOf(basicConstraints))
  }
  add(
    extensionOids.keyUsage,
    true,
    ifAny(wanted.keyUsage, (names) => namedBits(names.map(keyUsageBit))),
  )
  add(extensionOids.extendedKeyUsage, false, ifAny(wanted.extendedKeyUsage, extendedKeyUsageOf))
  add(extensionOids.subjectAltName, nameless, ifAny(wanted.subjectAltNames, generalNamesOf))
  add(extensionOids.issuerAltName, false, ifAny(wanted.issuerAltNames, generalNamesOf))
  add(extensionOids.certificatePolicies, false, ifAny(wanted.certificatePolicies, policiesOf))
  add(extensionOids.nameConstraints, true, nameConstraintsOf(nameConstraints ?? {}))
  add(extensionOids.crlDistributionPoints, false, ifAny(wanted.crlDistributionPoints, distributionPointsOf))
  add(extensionOids.authorityInfoAccess, false, infoAccessOf(wanted.authorityInfoAccess ?? {}))
  for (const { oid, critical, value } of custom) add(oid, critical, encoded(value))
  return extensions
}

function ifAny<T>(
  items: readonly T[] | undefined,
  encode: (items: readonly T[]) => DerValue,
): DerValue | null {
  return items === undefined || items.length === 0 ? null : encode(items)
}

function checkConsistency(wanted: CertificateExtensions): void {
  const { basicConstraints, keyUsage = [], nameConstraints, custom = [] } = wanted
  const ca = basicConstraints?.ca === true
  const pathLength = basicConstraints?.pathLength
  if (
    pathLength !== undefined &&
    (!ca || !Number.isInteger(pathLength) || pathLength < 0 || pathLength > 100)
  ) {
    throw refused('a path length is a whole number from 0 to 100, and only a CA has one')
  }
  // RFC 5280 §4.2.1.9: keyCertSign and cA go together. A request may leave the key usage to whoever issues the certificate.
  if (ca ? keyUsage.length > 0 && !keyUsage.includes('keyCertSign') : keyUsage.includes('keyCertSign')) {
    throw refused('the key usage keyCertSign is for a CA, and a CA needs it')
  }
  if (
    keyUsage.some((usage) => usage === 'encipherOnly' || usage === 'decipherOnly') &&
    !keyUsage.includes('keyAgreement')
  ) {
    throw refused('the key usages encipherOnly and decipherOnly mean nothing without keyAgreement')
  }
  if (nameConstraints !== undefined && !ca) throw refused('name constraints are for a CA')
  const known = new Set<string>(Object.values(extensionOids))
  for (const { oid, value } of custom) {
    if (!isObjectIdentifier(oid)) throw refused(`${JSON.stringify(oid)} is not the OID of an extension`)
    if (known.has(oid)) throw refused(`the extension ${oid} is given twice, or has an option of its own`)
    known.add(oid)
    checkDer(value, `the value of the extension ${oid}`)
  }
}

function basicConstraintsOf({ ca, pathLength }: BasicConstraints): PkiBasicConstraints {
  return new PkiBasicConstraints({
    cA: ca,
    ...(pathLength !== undefined && ca && { pathLenConstraint: pathLength }),
  })
}

function keyUsageBit(name: KeyUsage): number {
  const bit = keyUsages.indexOf(name)
  if (bit === -1)
    throw refused(`${JSON.stringify(name)} is not a key usage; there are ${keyUsages.join(', ')}`)
  return bit
}

function extendedKeyUsageOf(names: readonly string[]): ExtKeyUsage {
  const keyPurposes = names.map((name) => {
    const oid = Object.hasOwn(extendedKeyUsages, name) ? extendedKeyUsages[name] : name
    if (oid !== undefined && isObjectIdentifier(oid)) return oid
    throw refused(
      `${JSON.stringify(name)} is not an extended key usage; there are ${Object.keys(extendedKeyUsages).join(', ')}, and OIDs`,
    )
  })
  return new ExtKeyUsage({ keyPurposes })
}

/** RFC 5280 §4.2.1.4. */
function policiesOf(policies: readonly CertificatePolicy[]): CertificatePolicies {
  if (new Set(policies.map(({ policy }) => policy)).size < policies.length) {
    throw refused('a certificate policy is there twice')
  }
  const certificatePolicies = policies.map(({ policy: policyIdentifier, cps }) => {
    if (!isObjectIdentifier(policyIdentifier)) {
      throw refused(`${JSON.stringify(policyIdentifier)} is not the OID of a policy`)
    }
    if (cps === undefined) return new PolicyInformation({ policyIdentifier })
    const problem = uriProblem(cps)
    if (problem !== null) throw refused(`the CPS ${JSON.stringify(cps)} ${problem}`)
    const qualifier = new IA5String({ value: cps })
    const policyQualifiers = [new PolicyQualifierInfo({ policyQualifierId: cpsQualifier, qualifier })]
    return new PolicyInformation({ policyIdentifier, policyQualifiers })
  })
  return new CertificatePolicies({ certificatePolicies })
}

/** RFC 5280 §4.2.1.10: one of the two must be there. */
function nameConstraintsOf({
  permitted = [],
  excluded = [],
}: NonNullable<CertificateExtensions['nameConstraints']>): NameConstraints | null {
  if (permitted.length + excluded.length === 0) return null
  return new NameConstraints({
    ...(permitted.length > 0 && { permittedSubtrees: permitted.map(subtreeOf) }),
    ...(excluded.length > 0 && { excludedSubtrees: excluded.map(subtreeOf) }),
  })
}

function subtreeOf(constraint: NameConstraint): GeneralSubtree {
  return new GeneralSubtree({ base: nameConstraintOf(constraint) })
}

/** RFC 5280 §4.2.1.13: each a DistributionPoint with the one URI as its fullName. */
function distributionPointsOf(uris: readonly string[]): CRLDistributionPoints {
  const distributionPoints = uris.map(
    (value) => new DistributionPoint({ distributionPoint: [generalNameOf({ type: 'uri', value })] }),
  )
  return new CRLDistributionPoints({ distributionPoints })
}

function infoAccessOf({ ocsp = [], caIssuers = [] }: AuthorityInfoAccess): InfoAccess | null {
  const accessDescriptions = [
    ...accessDescriptionsOf(accessMethods.ocsp, ocsp),
    ...accessDescriptionsOf(accessMethods.caIssuers, caIssuers),
  ]
  return accessDescriptions.length === 0 ? null : new InfoAccess({ accessDescriptions })
}

function accessDescriptionsOf(accessMethod: string, uris: readonly string[]): AccessDescription[] {
  return uris.map(
    (value) => new AccessDescription({ accessMethod, accessLocation: generalNameOf({ type: 'uri', value }) }),
  )
}

/** An Extension as it was read. */
export type RawExtension = CustomExtension

/**
 * Reads Extensions (RFC 5280 §4.1): `SEQUENCE SIZE (1..MAX) OF Extension`.
 *
 * @throws SealwrightError `INVALID_ENCODING`, also when one is there twice
 */
export function readRawExtensions(element: BerElement, what: string): readonly RawExtension[] {
  if (element.tag !== tags.sequence || element.children.length === 0)
    throw malformed(what, 'has malformed extensions')
  const extensions = element.children.map((child) => {
    const reader = new SequenceReader(child, `an extension of ${what}`)
    const oid = reader.objectIdentifier('extnID')
    const criticalField = reader.optional(tags.boolean)
    const value = reader.octetString('extnValue')
    reader.end()
    const critical = criticalField !== null && decodeBoolean(criticalField, `the criticality of ${oid}`)
    return { oid, critical, value }
  })
  if (new Set(extensions.map(({ oid }) => oid)).size < extensions.length) {
    throw malformed(what, 'has the same extension twice')
  }
  return extensions
}

/**
 * An Extension of one certificate, for another: in DER, which not all certificates are in. The values that are often wrong,
 * with FALSE written out or bits at their end that are not set, are made anew.
 *
 * @throws SealwrightError `INVALID_ENCODING`; `INVALID_ARGUMENT` for another value that is not DER
 */
export function reencodeExtension({ oid, critical, value }: RawExtension): Extension {
  const what = `the value of the extension ${oid}`
  checkDer(value, what)
  const element = readBer(value, what, { elements: 10_000, depth: 32 })
  switch (oid) {
    case extensionOids.basicConstraints:
      return extension(oid, critical, basicConstraintsOf(decodeBasicConstraints(element, what)))
    case extensionOids.keyUsage:
      return extension(oid, critical, namedBits(decodeKeyUsage(element, what).map(keyUsageBit)))
    default:
      return extension(oid, critical, encoded(value))
  }
}

/** @throws SealwrightError `INVALID_ENCODING`, `LIMIT_EXCEEDED` */
export function interpretExtensions(raw: readonly RawExtension[], what: string): ReadExtensions {
  const known = new Set<string>(Object.values(extensionOids))
  const decode = <T>(oid: string, decoder: (element: BerElement, name: string) => T): T | null => {
    const found = raw.find((each) => each.oid === oid)
    if (found === undefined) return null
    const name = `the extension ${oid} of ${what}`
    return decoder(readBer(found.value, name, { elements: 10_000, depth: 32 }), name)
  }
  return {
    basicConstraints: decode(extensionOids.basicConstraints, decodeBasicConstraints),
    keyUsage: decode(extensionOids.keyUsage, decodeKeyUsage),
    extendedKeyUsage: decode(extensionOids.extendedKeyUsage, decodeExtendedKeyUsage),
    subjectAltNames: decode(extensionOids.subjectAltName, decodeGeneralNames) ?? [],
    issuerAltNames: decode(extensionOids.issuerAltName, decodeGeneralNames) ?? [],
    subjectKeyIdentifier: decode(extensionOids.subjectKeyIdentifier, decodeKeyIdentifier),
    authorityKeyIdentifier: decode(extensionOids.authorityKeyIdentifier, decodeAuthorityKeyIdentifier),
    certificatePolicies: decode(extensionOids.certificatePolicies, decodePolicies) ?? [],
    nameConstraints: decode(extensionOids.nameConstraints, decodeNameConstraints),
    crlDistributionPoints: decode(extensionOids.crlDistributionPoints, decodeDistributionPoints) ?? [],
    authorityInfoAccess: decode(extensionOids.authorityInfoAccess, decodeInfoAccess) ?? {
      ocsp: [],
      caIssuers: [],
    },
    custom: raw
      .filter(({ oid }) => !known.has(oid))
      .map(({ oid, critical, value }) => ({ oid, critical, value: Uint8Array.from(value) })),
  }
}

/** The elements of a SEQUENCE OF. */
function itemsOf(element: BerElement, what: string): readonly BerElement[] {
  if (element.tag !== tags.sequence || !element.constructed) throw malformed(what, 'is not a SEQUENCE')
  return element.children
}

function decodeBasicConstraints(element: BerElement, what: string): BasicConstraints {
  const reader = new SequenceReader(element, what)
  const caField = reader.optional(tags.boolean)
  const pathLengthField = reader.optional(tags.integer)
  reader.end()
  const ca = caField !== null && decodeBoolean(caField, what)
  if (pathLengthField === null) return { ca }
  const pathLength = decodeInteger(pathLengthField, what)
  if (pathLength < 0) throw malformed(what, 'has a negative path length')
  return { ca, pathLength }
}

function decodeKeyUsage(element: BerElement, what: string): readonly KeyUsage[] {
  const { bytes } = decodeBitString(element, what)
  return keyUsages.filter((_, bit) => ((bytes[bit >> 3] ?? 0) & (0x80 >> (bit & 7))) !== 0)
}

function decodeExtendedKeyUsage(element: BerElement, what: string): readonly string[] {
  return itemsOf(element, what).map((child) => {
    const oid = decodeObjectIdentifier(child, what)
    return Object.entries(extendedKeyUsages).find(([, known]) => known === oid)?.[0] ?? oid
  })
}

function decodeKeyIdentifier(element: BerElement, what: string): string {
  return Buffer.from(decodeOctetString(element, tags.octetString, what)).toString('hex')
}

/** Null where it names the issuer by name and serial number alone. */
function decodeAuthorityKeyIdentifier(element: BerElement, what: string): string | null {
  const keyIdentifier = new SequenceReader(element, what).optional(tags.context0)
  return keyIdentifier === null ? null : Buffer.from(keyIdentifier.content).toString('hex')
}

function decodePolicies(element: BerElement, what: string): readonly CertificatePolicy[] {
  return itemsOf(element, what).map((child) => {
    const reader = new SequenceReader(child, what)
    const policy = reader.objectIdentifier('policyIdentifier')
    for (const qualifier of reader.optional(tags.sequence)?.children ?? []) {
      const [id, value] = qualifier.children
      if (id === undefined || value === undefined || decodeObjectIdentifier(id, what) !== cpsQualifier)
        continue
      const cps = decodeText(value)
      if (cps !== null) return { policy, cps }
    }
    return { policy }
  })
}

function decodeNameConstraints(
  element: BerElement,
  what: string,
): NonNullable<ReadExtensions['nameConstraints']> {
  const reader = new SequenceReader(element, what)
  const subtrees = (field: BerElement | null): readonly GeneralName[] =>
    (field?.children ?? []).map((child) => decodeNameConstraint(child, what))
  const permitted = subtrees(reader.optional(tags.context0))
  const excluded = subtrees(reader.optional(tags.context1))
  reader.end()
  return { permitted, excluded }
}

function decodeDistributionPoints(element: BerElement, what: string): readonly string[] {
  return itemsOf(element, what).flatMap((child) => {
    const point = new SequenceReader(child, what).optional(tags.context0)
    const [fullName] = point?.children ?? []
    if (fullName?.tag !== tags.context0) return []
    return urisOf(fullName.children.map((each) => decodeGeneralName(each, what)))
  })
}

function decodeInfoAccess(
  element: BerElement,
  what: string,
): NonNullable<ReadExtensions['authorityInfoAccess']> {
  const descriptions = itemsOf(element, what).map((child) => {
    const reader = new SequenceReader(child, what)
    return {
      method: reader.objectIdentifier('accessMethod'),
      name: decodeGeneralName(reader.any('accessLocation'), what),
    }
  })
  const uris = (method: string): readonly string[] =>
    urisOf(descriptions.filter((each) => each.method === method).map(({ name }) => name))
  return { ocsp: uris(accessMethods.ocsp), caIssuers: uris(accessMethods.caIssuers) }
}

function urisOf(names: readonly GeneralName[]): readonly string[] {
  return names.flatMap((name) => (name.type === 'uri' ? [name.value] : []))
}

function refused(message: string, cause?: unknown): SealwrightError {
  return new SealwrightError('INVALID_ARGUMENT', message, cause === undefined ? undefined : { cause })
}
