import { invalidArgument } from '@sealwright/core/internal'
import type { Extension } from 'pkijs'
import { checkDer } from '../../asn1/check-der.ts'
import { readBer } from '../../asn1/ber.ts'
import { encoded } from '../../asn1/encode.ts'
import type { GeneralName, SubjectAltName } from '../../names/general-name.ts'
import { isObjectIdentifier } from '../../names/name-attribute.ts'
import { issuerAltName, subjectAltName } from './alternative-names.ts'
import { authorityInfoAccess, type AuthorityInfoAccess } from './authority-info-access.ts'
import { basicConstraints, type BasicConstraints } from './basic-constraints.ts'
import { certificatePolicies, type CertificatePolicy } from './certificate-policies.ts'
import { crlDistributionPoints } from './crl-distribution-points.ts'
import { extendedKeyUsage, isTimeStamping } from './extended-key-usage.ts'
import {
  decodeExtension,
  extension,
  extensionBudget,
  type CustomExtension,
  type ExtensionKind,
} from './extension.ts'
import { authorityKeyIdentifier, subjectKeyIdentifier } from './key-identifiers.ts'
import { keyUsage, type KeyUsage } from './key-usage.ts'
import { nameConstraints, type NameConstraints, type ReadNameConstraints } from './name-constraints.ts'

/**
 * Extensions of a new certificate or request. A member that is undefined takes its value from the profile. An empty list
 * leaves the extension out.
 */
export interface CertificateExtensions {
  /** Whether it is a CA's certificate (RFC 5280 §4.2.1.9). Critical. */
  readonly basicConstraints?: BasicConstraints | undefined
  /** What the key may be used for (RFC 5280 §4.2.1.3). Critical. */
  readonly keyUsage?: readonly KeyUsage[] | undefined
  /** `serverAuth`, `clientAuth`, `codeSigning`, `emailProtection`, `timeStamping` (alone), `OCSPSigning`, or an OID. */
  readonly extendedKeyUsage?: readonly string[] | undefined
  /** Other names of the issuer (RFC 5280 §4.2.1.7). */
  readonly issuerAltNames?: readonly SubjectAltName[] | undefined
  /** The policies it is issued under (RFC 5280 §4.2.1.4). */
  readonly certificatePolicies?: readonly CertificatePolicy[] | undefined
  /** Names that the CA may certify (RFC 5280 §4.2.1.10). Critical. Of a CA only. */
  readonly nameConstraints?: NameConstraints | undefined
  /** URIs of CRLs (RFC 5280 §4.2.1.13). */
  readonly crlDistributionPoints?: readonly string[] | undefined
  /** Where OCSP and the issuer's certificate are found (RFC 5280 §4.2.2.1). */
  readonly authorityInfoAccess?: AuthorityInfoAccess | undefined
  /** Extensions that have no member here. */
  readonly custom?: readonly CustomExtension[] | undefined
}

/** Extensions that were read. */
export interface ReadExtensions {
  /** Null where there is no such extension: the certificate is not a CA's. */
  readonly basicConstraints: BasicConstraints | null
  /** Null where there is no such extension: every use is allowed. */
  readonly keyUsage: readonly KeyUsage[] | null
  /** Names where there are any, otherwise OIDs. Null where there is no such extension: every purpose is allowed. */
  readonly extendedKeyUsage: readonly string[] | null
  /** Empty where there is no such extension. */
  readonly subjectAltNames: readonly GeneralName[]
  /** Empty where there is no such extension. */
  readonly issuerAltNames: readonly GeneralName[]
  /** Hexadecimal, lower case. Null if absent. */
  readonly subjectKeyIdentifier: string | null
  /** Hexadecimal, lower case. Null if absent. */
  readonly authorityKeyIdentifier: string | null
  /** Empty where there is no such extension. */
  readonly certificatePolicies: readonly CertificatePolicy[]
  /** Null where there is no such extension: the CA may certify any name. */
  readonly nameConstraints: ReadNameConstraints | null
  /** URIs. */
  readonly crlDistributionPoints: readonly string[]
  /** URIs. */
  readonly authorityInfoAccess: { readonly ocsp: readonly string[]; readonly caIssuers: readonly string[] }
  /** All others. */
  readonly custom: readonly CustomExtension[]
  /** The critical ones: the names of the members above where there are any (`custom` has none), otherwise OIDs. */
  readonly critical: readonly string[]
}

/** Every extension that is known by name. Those a certificate gets from {@link CertificateExtensions} come in this order. */
const kinds = {
  basicConstraints,
  keyUsage,
  extendedKeyUsage,
  subjectAltNames: subjectAltName,
  issuerAltNames: issuerAltName,
  certificatePolicies,
  nameConstraints,
  crlDistributionPoints,
  authorityInfoAccess,
  subjectKeyIdentifier,
  authorityKeyIdentifier,
} as const

const namesByOid: ReadonlyMap<string, string> = new Map(
  Object.entries(kinds).map(([name, { oid }]) => [oid, name]),
)

/** What a new certificate says of its subject, beside {@link CertificateExtensions}. */
export interface WantedExtensions extends CertificateExtensions {
  readonly subjectAltNames: readonly SubjectAltName[]
}

/** The extensions that are given, over the defaults of a profile. */
export function withDefaults(
  given: CertificateExtensions,
  defaults: CertificateExtensions,
): CertificateExtensions {
  const defined = Object.entries(given).filter(([, value]) => value !== undefined)
  return { ...defaults, ...Object.fromEntries<unknown>(defined) }
}

/**
 * Encodes the extensions of a certificate or request.
 *
 * @param nameless whether the subject is empty: the subjectAltName is critical then (RFC 5280 §4.1.2.6)
 * @throws SealwrightError `INVALID_ARGUMENT` for a malformed value, or values that contradict each other
 *
 * @internal
 */
export function encodeExtensions(wanted: WantedExtensions, nameless: boolean): readonly Extension[] {
  checkConsistency(wanted)
  const extensions: Extension[] = []
  const add = <Wanted>(
    kind: ExtensionKind<Wanted, unknown>,
    value: Wanted | undefined,
    critical = kind.critical,
  ): void => {
    const der = value === undefined ? null : kind.encode(value)
    if (der !== null) extensions.push(extension(kind.oid, critical, der))
  }
  add(basicConstraints, wanted.basicConstraints)
  add(keyUsage, wanted.keyUsage)
  add(extendedKeyUsage, wanted.extendedKeyUsage, isTimeStamping(wanted.extendedKeyUsage ?? []))
  add(subjectAltName, wanted.subjectAltNames, nameless)
  add(issuerAltName, wanted.issuerAltNames)
  add(certificatePolicies, wanted.certificatePolicies)
  add(nameConstraints, wanted.nameConstraints)
  add(crlDistributionPoints, wanted.crlDistributionPoints)
  add(authorityInfoAccess, wanted.authorityInfoAccess)
  for (const { oid, critical, value } of wanted.custom ?? []) {
    extensions.push(extension(oid, critical, encoded(value)))
  }
  return extensions
}

function checkConsistency(wanted: WantedExtensions): void {
  const { keyUsage: usages = [], custom = [] } = wanted
  const ca = wanted.basicConstraints?.ca === true
  // RFC 5280 §4.2.1.9: keyCertSign and cA go together. A request may leave the key usage to the CA that issues.
  if (ca ? usages.length > 0 && !usages.includes('keyCertSign') : usages.includes('keyCertSign')) {
    throw invalidArgument('a CA needs the key usage keyCertSign, and only a CA can have it')
  }
  if (
    usages.some((usage) => usage === 'encipherOnly' || usage === 'decipherOnly') &&
    !usages.includes('keyAgreement')
  ) {
    throw invalidArgument('the key usages encipherOnly and decipherOnly need keyAgreement')
  }
  if (wanted.nameConstraints !== undefined && !ca) throw invalidArgument('name constraints are for a CA')
  const known = new Set(namesByOid.keys())
  for (const { oid, value } of custom) {
    if (!isObjectIdentifier(oid))
      throw invalidArgument('a custom extension has an oid that is not an OBJECT IDENTIFIER')
    if (known.has(oid)) {
      const member = namesByOid.get(oid)
      throw invalidArgument(
        member === undefined
          ? `the extension ${oid} is given twice`
          : `the extension ${oid} is given as ${member}, not among the custom extensions`,
      )
    }
    known.add(oid)
    checkDer(value, `the value of the extension ${oid}`)
  }
}

/**
 * Encodes an extension of one certificate for another. Certificates are not always DER: a FALSE written out, or unset bits at
 * the end of a key usage, are left out of the new one.
 *
 * @throws SealwrightError `INVALID_ENCODING`; `INVALID_ARGUMENT` for any other value that is not DER
 *
 * @internal
 */
export function reencodeExtension({ oid, critical, value }: CustomExtension): Extension {
  const name = `the value of the extension ${oid}`
  checkDer(value, name)
  const reencode = <T>(kind: ExtensionKind<T, T>): Extension => {
    const der = kind.encode(kind.decode(readBer(value, name, { ...extensionBudget }), name))
    return extension(oid, critical, der ?? encoded(value))
  }
  switch (oid) {
    case basicConstraints.oid:
      return reencode(basicConstraints)
    case keyUsage.oid:
      return reencode(keyUsage)
    default:
      return extension(oid, critical, encoded(value))
  }
}

/**
 * Decodes extensions.
 *
 * @throws SealwrightError `INVALID_ENCODING`, `LIMIT_EXCEEDED`
 */
export function interpretExtensions(raw: readonly CustomExtension[], source: string): ReadExtensions {
  const decode = <Read>(kind: ExtensionKind<never, Read>): Read | null => decodeExtension(raw, kind, source)
  return {
    basicConstraints: decode(basicConstraints),
    keyUsage: decode(keyUsage),
    extendedKeyUsage: decode(extendedKeyUsage),
    subjectAltNames: decode(subjectAltName) ?? [],
    issuerAltNames: decode(issuerAltName) ?? [],
    subjectKeyIdentifier: decode(subjectKeyIdentifier),
    authorityKeyIdentifier: decode(authorityKeyIdentifier),
    certificatePolicies: decode(certificatePolicies) ?? [],
    nameConstraints: decode(nameConstraints),
    crlDistributionPoints: decode(crlDistributionPoints) ?? [],
    authorityInfoAccess: decode(authorityInfoAccess) ?? { ocsp: [], caIssuers: [] },
    custom: raw
      .filter(({ oid }) => !namesByOid.has(oid))
      .map(({ oid, critical, value }) => ({ oid, critical, value: Uint8Array.from(value) })),
    critical: raw.filter(({ critical }) => critical).map(({ oid }) => namesByOid.get(oid) ?? oid),
  }
}
