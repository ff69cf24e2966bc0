import { malformed, readBer, tags } from '../../asn1/ber.ts'
import { decodeInteger } from '../../asn1/values.ts'

/** The reason of a revocation (RFC 5280 §5.3.1). */
export type RevocationReason =
  | 'unspecified'
  | 'keyCompromise'
  | 'cACompromise'
  | 'affiliationChanged'
  | 'superseded'
  | 'cessationOfOperation'
  | 'certificateHold'
  | 'privilegeWithdrawn'
  | 'aACompromise'

/** CRLReason. 7 is not used, and 8 is for delta CRLs. */
export const reasons: ReadonlyMap<RevocationReason, number> = new Map([
  ['unspecified', 0],
  ['keyCompromise', 1],
  ['cACompromise', 2],
  ['affiliationChanged', 3],
  ['superseded', 4],
  ['cessationOfOperation', 5],
  ['certificateHold', 6],
  ['privilegeWithdrawn', 9],
  ['aACompromise', 10],
])

/** All reasons of a revocation, in the order of RFC 5280 §5.3.1. */
export const revocationReasons: readonly RevocationReason[] = [...reasons.keys()]

/** An entry of a CRL. */
export interface RevokedCertificate {
  /** Hexadecimal, as in `X509Certificate.serialNumber`. */
  readonly serialNumber: string
  /** The time of the revocation. */
  readonly revokedAt: Date
  /** Default `unspecified`. */
  readonly reason?: RevocationReason | undefined
}

/** The contents of a new CRL. */
export interface RevocationListOptions {
  /** Higher than the number of the list before (RFC 5280 §5.2.3), and below 2^159. */
  readonly number: number | bigint
  /** Default now. */
  readonly thisUpdate?: Date | undefined
  /** The time by which the next list is issued. Default 7 days after `thisUpdate`. */
  readonly nextUpdate?: Date | undefined
  /** All revoked certificates that have not expired. */
  readonly revoked: readonly RevokedCertificate[]
}

/** The contents of a CRL. */
export interface RevocationList {
  /** An RFC 4514 string. */
  readonly issuer: string
  /** Null where the list has none, which RFC 5280 forbids. */
  readonly number: bigint | null
  /** The time at which it was issued. */
  readonly thisUpdate: Date
  /** The time by which the next list is issued. Null where the list does not say. */
  readonly nextUpdate: Date | null
  /** In the order of the list. */
  readonly revoked: readonly Required<RevokedCertificate>[]
}

/** Extensions of CRLs and their entries (RFC 5280 §5.2.3 and §5.3.1). */
export const extensionOids = { crlNumber: '2.5.29.20', reasonCode: '2.5.29.21' } as const

/** For messages. */
export const source = 'the CRL'

/**
 * The code in a reasonCode extension.
 *
 * @throws SealwrightError `INVALID_ENCODING` for anything but an ENUMERATED
 */
export function readReasonCode(value: Uint8Array): number {
  const element = readBer(value, `a reason in ${source}`, { elements: 1, depth: 1 })
  if (element.tag !== tags.enumerated) throw malformed(source, 'has a reason that is not ENUMERATED')
  return decodeInteger({ ...element, tag: tags.integer }, `a reason in ${source}`)
}

/** @throws SealwrightError `INVALID_ENCODING` for a code that RFC 5280 does not have */
export function reasonOf(code: number): RevocationReason {
  const known = [...reasons].find(([, each]) => each === code)
  if (known === undefined) throw malformed(source, `has the unknown reason ${code}`)
  return known[0]
}
