import {
  aCertificate,
  aDate,
  aKeyObject,
  anObject,
  aString,
  bytes,
  hasMethod,
  isRecord,
  listOf,
  must,
  optionsOf,
  type Check,
} from '@sealwright/core/internal'
import { aSignerOfX509 } from '../signing/algorithm-identifiers.ts'

/** What functions that make certificates and CRLs take. Values inside of names and extensions are checked where they are encoded. */

export const anIssuer: Check = (name, value) => {
  anObject(name, value)
  const { signer, certificate } = Object(value)
  aSignerOfX509(`${name}.signer`, signer)
  aCertificate(`${name}.certificate`, certificate)
}

/** The second signs a renewed certificate itself. */
export const anIssuerOrSigner: Check = (name, value) => {
  if (hasMethod(value, 'sign')) aSignerOfX509(name, value)
  else anIssuer(name, value)
}

/** A certificate request that was read, or a name and a key. */
export const aCertificateSubject: Check = (name, value) => {
  anObject(name, value)
  const { subject, subjectDer, publicKey } = Object(value)
  aString(`${name}.subject`, subject)
  if (subjectDer !== undefined) bytes(`${name}.subjectDer`, subjectDer)
  aKeyObject(`${name}.publicKey`, publicKey)
}

const anAlternativeName = must(
  "an object such as { type: 'dns', value: 'example.com' }",
  (value) => isRecord(value) && typeof value['type'] === 'string',
)

const validityOptions = { notBefore: aDate, notAfter: aDate }

const certificateMembers = {
  ...validityOptions,
  profile: aString,
  subjectAltNames: listOf(anAlternativeName),
  extensions: anObject,
  serialNumber: aString,
}

export const certificateOptions: Check = optionsOf(certificateMembers)
export const selfSignedOptions: Check = optionsOf({ ...certificateMembers, subject: aString }, ['subject'])
export const renewalOptions: Check = optionsOf({ ...validityOptions, serialNumber: aString })

export const requestOptions: Check = optionsOf(
  { subject: aString, subjectAltNames: listOf(anAlternativeName), extensions: anObject },
  ['subject'],
)

export const revocationListOptions: Check = optionsOf(
  {
    number: must('a whole number', (value) => typeof value === 'number' || typeof value === 'bigint'),
    thisUpdate: aDate,
    nextUpdate: aDate,
    revoked: must('an array or another list that can be iterated over', isIterable),
  },
  ['number', 'revoked'],
)

function isIterable(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Symbol.iterator in value
}
