import {
  keyWeaknesses,
  type DescribedRevocationList,
  type KeyFile,
  type KeyFileFormat,
  type Protection,
} from '@sealwright/x509'
import {
  describeKey,
  describeNames,
  isoOf,
  summarizeCertificate,
  type CertificateDescription,
  type KeyDescription,
} from './describe-certificate.ts'
import { thumbprint } from '../keys/thumbprint.ts'
import { signingVerdict, type SigningVerdict } from './signing-verdict.ts'

/** The result of `inspect`, and the shape of its JSON. */
export interface FileDescription {
  readonly format: KeyFileFormat
  readonly ok: true
  readonly keys: readonly (KeyDescription & {
    readonly friendlyName: string | null
    /** Thumbprints: its own first, then its issuers. */
    readonly certificates: readonly string[]
    readonly signing: SigningVerdict
  })[]
  /** Whether the private keys are readable without a password; null for a file without private keys. */
  readonly unencrypted: boolean | null
  readonly publicKeys: readonly KeyDescription[]
  readonly certificates: readonly CertificateDescription[]
  readonly requests: readonly RequestDescription[]
  readonly revocationLists: readonly RevocationListDescription[]
  /** Each scheme once. */
  readonly encryption: readonly string[]
  readonly mac: string | null
  /** Weak algorithms, keys and passwords; empty if there are none. */
  readonly weak: readonly string[]
  /** Parts of the file that were not read, and why. */
  readonly skipped: readonly { readonly what: string; readonly reason: string }[]
  /** Oddities of the file that did not prevent reading it. */
  readonly remarks: readonly string[]
}

interface RequestDescription {
  readonly subject: string
  readonly key: KeyDescription
  readonly signatureAlgorithm: string
  /** Whether its signature is valid; null if that cannot be checked. */
  readonly verified: boolean | null
  readonly subjectAltNames: readonly string[]
  readonly ca: boolean
  /** What it asks for; null where it asks for nothing. */
  readonly keyUsage: readonly string[] | null
  readonly extendedKeyUsage: readonly string[] | null
  readonly problems: readonly string[]
  readonly weak: readonly string[]
}

interface RevocationListDescription {
  readonly issuer: string
  readonly number: string | null
  /** The number of the list that a delta list adds to; null for a complete list. */
  readonly baseNumber: string | null
  readonly thisUpdate: string | null
  readonly nextUpdate: string | null
  readonly revoked: number
  readonly signatureAlgorithm: string
  /** Which certificates it covers; null for all of its issuer. */
  readonly scope: DescribedRevocationList['scope']
  readonly problems: readonly string[]
  readonly weak: readonly string[]
}

/** @param withoutPassword whether the empty password opened it */
export function describeFile(file: KeyFile, withoutPassword: boolean): FileDescription {
  const certificates = file.certificates.map((certificate) => summarizeCertificate(certificate))
  const requests = file.requests.map((request): RequestDescription => ({
    subject: request.subject,
    key: describeKey(request.publicKey),
    signatureAlgorithm: request.signatureAlgorithm,
    verified: request.verified,
    subjectAltNames: describeNames(request.extensions.subjectAltNames),
    ca: request.extensions.basicConstraints?.ca ?? false,
    keyUsage: request.extensions.keyUsage,
    extendedKeyUsage: request.extensions.extendedKeyUsage,
    problems: request.problems,
    weak: request.weaknesses,
  }))
  const revocationLists = file.revocationLists.map(summarizeRevocationList)
  const protections = [...(file.mac === null ? [] : [file.mac]), ...file.encryptions]
  const keys = [...file.keys.map(({ privateKey }) => privateKey), ...file.publicKeys]
  return {
    format: file.format,
    ok: true,
    keys: file.keys.map((key) => ({
      ...describeKey(key.privateKey),
      friendlyName: key.friendlyName,
      certificates: key.certificates.map(thumbprint),
      signing: signingVerdict(key.privateKey, key.certificates[0]),
    })),
    unencrypted: file.keys.length === 0 ? null : withoutPassword || file.encryptions.length === 0,
    publicKeys: file.publicKeys.map(describeKey),
    certificates,
    requests,
    revocationLists,
    encryption: unique(file.encryptions.map(describeProtection)),
    mac: file.mac === null ? null : describeProtection(file.mac),
    weak: unique([
      ...protections.flatMap(weaknessOfProtection),
      ...keys.flatMap(keyWeaknesses),
      ...certificates.flatMap(({ weak, subject }) => weak.map((each) => about(each, subject))),
      ...requests.flatMap(({ weak }) => weak),
      ...revocationLists.flatMap(({ weak }) => weak),
    ]),
    skipped: file.skipped,
    remarks: file.remarks,
  }
}

/** A weak signature names its certificate; a weak key is listed once. */
function about(weakness: string, subject: string): string {
  return weakness.startsWith('a signature') ? `${weakness} on the certificate of ${subject}` : weakness
}

function summarizeRevocationList(list: DescribedRevocationList): RevocationListDescription {
  return {
    issuer: list.issuer,
    number: numberText(list.number),
    baseNumber: numberText(list.baseNumber),
    thisUpdate: isoOf(list.thisUpdate),
    nextUpdate: isoOf(list.nextUpdate),
    revoked: list.revoked.length,
    signatureAlgorithm: list.signatureAlgorithm,
    scope: list.scope,
    problems: list.problems,
    weak: list.weaknesses,
  }
}

function numberText(number: bigint | null): string | null {
  return number === null ? null : String(number)
}

function describeProtection({ algorithm, iterations }: Protection): string {
  return `${algorithm}, ${count(iterations)}`
}

function count(iterations: number): string {
  return `${iterations} iteration${iterations === 1 ? '' : 's'}`
}

/** With fewer, passwords can be guessed cheaply on special hardware. */
const fewIterations = 100_000

function weaknessOfProtection({ algorithm, iterations, weak }: Protection): readonly string[] {
  return [
    ...(weak ? [algorithm] : []),
    ...(iterations < fewIterations
      ? [`only ${count(iterations)}; at least ${fewIterations} are advisable`]
      : []),
  ]
}

function unique(items: readonly string[]): readonly string[] {
  return [...new Set(items)]
}
