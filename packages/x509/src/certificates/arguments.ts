import { X509Certificate } from 'node:crypto'
import {
  aBoolean,
  aCertificate,
  aDate,
  aKeyObject,
  anObject,
  anything,
  aNumber,
  aString,
  bytes,
  hasMethod,
  invalidArgument,
  isRecord,
  listOf,
  must,
  optionsOf,
  type Check,
} from '@sealwright/core/internal'
import { aSignerOfX509 } from '../signing/algorithm-identifiers.ts'
import type { CertificateExtensions } from './extensions/certificate-extensions.ts'

/** Arguments of functions that make certificates and CRLs. Strings are checked where they are encoded. */

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
export const aCertificateSubject: Check = optionsOf(
  { subject: aString, publicKey: aKeyObject, subjectDer: bytes, extensions: anything },
  ['subject', 'publicKey'],
)

const hasType = must(
  "an object such as { type: 'dns', value: 'example.com' }",
  (value) => isRecord(value) && typeof value['type'] === 'string',
)
const aTextName = optionsOf({ type: aString, value: aString }, ['value'])
const anOtherName = optionsOf({ type: aString, typeId: aString, value: bytes }, ['typeId', 'value'])

const anAlternativeName: Check = (name, value) => {
  hasType(name, value)
  const check = Object(value).type === 'otherName' ? anOtherName : aTextName
  check(name, value)
}

const nameConstraints = listOf(aTextName)

const extensionMembers: Readonly<Record<keyof CertificateExtensions, Check>> = {
  basicConstraints: optionsOf({ ca: aBoolean, pathLength: aNumber }, ['ca']),
  keyUsage: listOf(aString),
  extendedKeyUsage: listOf(aString),
  issuerAltNames: listOf(anAlternativeName),
  certificatePolicies: listOf(optionsOf({ policy: aString, cps: aString }, ['policy'])),
  nameConstraints: optionsOf({ permitted: nameConstraints, excluded: nameConstraints }),
  crlDistributionPoints: listOf(aString),
  authorityInfoAccess: optionsOf({ ocsp: listOf(aString), caIssuers: listOf(aString) }),
  custom: listOf(optionsOf({ oid: aString, critical: aBoolean, value: bytes }, ['oid', 'critical', 'value'])),
}
const knownExtensions = optionsOf(extensionMembers)

const extensions: Check = (name, value) => {
  if (isRecord(value) && Object.hasOwn(value, 'subjectAltNames')) {
    throw invalidArgument(`${name}.subjectAltNames is not an option; pass it next to extensions`)
  }
  knownExtensions(name, value)
}

const validityOptions = { notBefore: aDate, notAfter: aDate }

const certificateMembers = {
  ...validityOptions,
  profile: aString,
  subjectAltNames: listOf(anAlternativeName),
  extensions,
  serialNumber: aString,
}

export const certificateOptions: Check = optionsOf(certificateMembers)
const aSubject = must(
  'a string such as CN=my-app, or an X509Certificate',
  (value) => typeof value === 'string' || value instanceof X509Certificate,
)
export const selfSignedOptions: Check = optionsOf({ ...certificateMembers, subject: aSubject }, ['subject'])
export const renewalOptions: Check = optionsOf({ ...validityOptions, serialNumber: aString })

export const requestOptions: Check = optionsOf(
  { subject: aString, subjectAltNames: listOf(anAlternativeName), extensions },
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

/** An entry of a CRL. */
export const aRevocation: Check = optionsOf({ serialNumber: aString, revokedAt: aDate, reason: aString }, [
  'serialNumber',
  'revokedAt',
])

function isIterable(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Symbol.iterator in value
}
