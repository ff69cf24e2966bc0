import type { KeyObject } from 'node:crypto'
import type { SigningKey } from '@sealwright/core'
import { distinguishedName } from '@sealwright/x509'
import { printable } from '../printable.ts'

/** A signing key, described for people. */
export interface KeyDescription {
  /** Where the key is kept. */
  readonly location: string
  /** Such as `RSA, 2048 bits` or `EC, P-256`. */
  readonly type: string
  /** null for a key without a certificate; so are the next two. */
  readonly subject: string | null
  /** Upper-case hexadecimal, as certificate dialogs show it. */
  readonly sha1: string | null
  readonly sha256: string | null
  /** Such as `2028-11-20 (729 days left)`. */
  readonly expiry: string
}

const millisecondsPerDay = 24 * 60 * 60 * 1000

export function describeKey(key: SigningKey, now: Date): KeyDescription {
  const [certificate] = key.certificates
  return {
    location: printable(key.location),
    type: describeType(key.publicKey, key),
    subject: certificate === undefined ? null : printable(distinguishedName(certificate)),
    sha1: certificate?.fingerprint.replaceAll(':', '') ?? null,
    sha256: certificate?.fingerprint256.replaceAll(':', '') ?? null,
    expiry: key.notAfter === null ? 'never' : describeExpiry(key.notAfter, now),
  }
}

function describeType({ asymmetricKeyDetails }: KeyObject, { algorithms }: SigningKey): string {
  const [algorithm] = algorithms
  if (algorithm?.kty === 'AKP') return algorithm.name
  const size = algorithm?.curve ?? `${asymmetricKeyDetails?.modulusLength ?? '?'} bits`
  return `${algorithm?.kty ?? 'unknown'}, ${size}`
}

function describeExpiry(notAfter: Date, now: Date): string {
  const day = notAfter.toISOString().slice(0, 10)
  const left = Math.floor((notAfter.getTime() - now.getTime()) / millisecondsPerDay)
  if (notAfter <= now) return `${day} (expired)`
  return `${day} (${left} ${left === 1 ? 'day' : 'days'} left)`
}
