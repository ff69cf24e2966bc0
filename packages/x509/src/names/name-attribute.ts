import type { SealwrightError } from '@sealwright/core'
import { invalidArgument } from '@sealwright/core/internal'
import {
  attributeTypeByName,
  attributeTypeByOid,
  type AttributeType,
  type StringType,
} from './attribute-types.ts'
import { isAscii, isPrintable } from './text.ts'

/** AttributeTypeAndValue (RFC 5280 §4.1.2.4), as parsed and checked. */
export interface NameAttribute {
  readonly oid: string
  readonly stringType: StringType
  readonly text: string
}

/** What an attribute is called in a name that is being parsed. */
export interface SpelledType {
  readonly oid: string
  /** Null for an OID that has no name here. */
  readonly type: AttributeType | null
}

/**
 * Finds the attribute type by its name, or by its OID, which may have `OID.` before it, as .NET writes it.
 *
 * @throws SealwrightError `INVALID_ARGUMENT`
 */
export function attributeTypeOf(spelled: string): SpelledType {
  const dotted = spelled.replace(/^OID\./i, '')
  if (isObjectIdentifier(dotted)) return { oid: dotted, type: attributeTypeByOid(dotted) ?? null }
  const type = attributeTypeByName(spelled)
  if (type === undefined)
    throw invalidName('has an unknown attribute; write its OID instead, as in 2.5.4.5=value')
  return { oid: type.oid, type }
}

/**
 * @param value its string type is taken where the attribute type leaves it open
 * @throws SealwrightError `INVALID_ARGUMENT` for a value that breaks a bound of RFC 5280
 */
export function nameAttribute(
  { oid, type }: SpelledType,
  value: { readonly stringType: StringType; readonly text: string },
): NameAttribute {
  const { text } = value
  const stringType = type?.stringType ?? value.stringType
  const name = type?.name ?? oid
  if (text === '') throw invalidName(`has an empty ${name}`)
  if (/\p{Cc}/u.test(text)) throw invalidName(`has a control character in ${name}`)
  const { length } = Array.from(text)
  const maximumLength = type?.maximumLength ?? null
  if (maximumLength !== null && length > maximumLength) {
    throw invalidName(`has a ${name} of ${length} characters; X.509 allows ${maximumLength}`)
  }
  if (name === 'C' && !/^[A-Z]{2}$/.test(text)) {
    throw invalidName('has a country (C) that is not two capital letters (ISO 3166)')
  }
  if (stringType === 'printableString' && !isPrintable(text)) {
    throw invalidName(`has characters in ${name} that a PrintableString cannot hold`)
  }
  if (stringType === 'ia5String' && !isAscii(text)) {
    throw invalidName(`has characters in ${name} that are not ASCII`)
  }
  return { oid, stringType, text }
}

/** The error of a name that is refused. It does not repeat the name: a caller may have passed something else. */
export function invalidName(problem: string, cause?: unknown): SealwrightError {
  return invalidArgument(`the distinguished name ${problem}`, cause)
}

/** `numericoid` (RFC 4512 §1.4), with arcs of up to 39 digits: those of UUIDs have that many (X.667 §7). */
export function isObjectIdentifier(text: string): boolean {
  return /^(?:[01]\.[1-3]?[0-9]|2\.(?:0|[1-9][0-9]{0,38}))(?:\.(?:0|[1-9][0-9]{0,38})){1,20}$/.test(text)
}
