import {
  decodeGeneralNames,
  generalNamesOf,
  type GeneralName,
  type SubjectAltName,
} from '../../names/general-name.ts'
import type { ExtensionKind } from './extension.ts'

/** RFC 5280 §4.2.1.6. Critical only in a certificate whose subject is empty. */
export const subjectAltName: ExtensionKind<readonly SubjectAltName[], readonly GeneralName[]> =
  alternativeNames('2.5.29.17')

/** RFC 5280 §4.2.1.7. */
export const issuerAltName: ExtensionKind<readonly SubjectAltName[], readonly GeneralName[]> =
  alternativeNames('2.5.29.18')

function alternativeNames(oid: string): ExtensionKind<readonly SubjectAltName[], readonly GeneralName[]> {
  return {
    oid,
    critical: false,
    encode: (names) => (names.length === 0 ? null : generalNamesOf(names)),
    decode: decodeGeneralNames,
  }
}
