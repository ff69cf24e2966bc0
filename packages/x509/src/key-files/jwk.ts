import type { JsonWebKey, KeyObject, X509Certificate } from 'node:crypto'
import { importJwk } from '@sealwright/core'
import { malformed } from '../asn1/ber.ts'
import { readCertificate } from '../certificates/read-certificate.ts'
import { TimeSlices } from '../time-slices.ts'
import { readItem } from '../limits.ts'
import type { KeyLimits } from '../keys/key-limits.ts'
import { checkPrivateKey } from '../keys/private-key.ts'
import { completeRsaJwk, missingRsaNumbers } from '../keys/rsa-jwk.ts'
import type { SkippedItems } from '../skipped-items.ts'

/** A JSON object. */
export type JsonObject = Readonly<Record<string, unknown>>

/** The contents of a JWK (RFC 7517) or of a JWK Set. */
export interface JwkContents {
  readonly privateKeys: readonly KeyObject[]
  readonly publicKeys: readonly KeyObject[]
  /** Of `x5c`. */
  readonly certificates: readonly X509Certificate[]
  /** Flaws of keys that were read. */
  readonly remarks: readonly string[]
}

/**
 * Reads JWKs. An unknown JWK is skipped (RFC 7517 §5).
 *
 * @param skipped gets the unreadable JWKs
 * @throws the signal's reason
 */
export async function readJwks(
  jwks: readonly unknown[],
  skipped: SkippedItems,
  limits: KeyLimits,
  signal?: AbortSignal,
): Promise<JwkContents> {
  const privateKeys: KeyObject[] = []
  const publicKeys: KeyObject[] = []
  const certificates: X509Certificate[] = []
  const remarks: string[] = []
  const slices = new TimeSlices(signal)
  for (const [index, jwk] of jwks.entries()) {
    // The loop yields to the event loop on purpose.
    // oxlint-disable-next-line no-await-in-loop
    await slices.pause()
    const source = describe(jwk, index, jwks.length)
    try {
      if (!isRecord(jwk)) throw malformed(source, 'is not an object')
      const key = readKey(withAllRsaNumbers(jwk, source, limits, remarks), limits)
      if (key.type === 'private') privateKeys.push(key)
      else publicKeys.push(key)
    } catch (error) {
      skipped.add(source, error)
      continue
    }
    // oxlint-disable-next-line no-await-in-loop
    certificates.push(...(await readCertificates(jwk['x5c'], source, skipped, slices)))
  }
  return { privateKeys, publicKeys, certificates, remarks }
}

/** Such as `the JWK "2024-signing"` or `the JWK 3 of 5`. */
function describe(jwk: unknown, index: number, count: number): string {
  const kid = isRecord(jwk) ? jwk['kid'] : undefined
  if (typeof kid === 'string' && kid.length <= 100) return `the JWK ${JSON.stringify(kid)}`
  return count === 1 ? 'the JWK' : `the JWK ${index + 1} of ${count}`
}

/** OpenSSL wants all numbers of a private RSA key; some libraries keep only n, e and d. */
function withAllRsaNumbers(
  jwk: JsonObject,
  source: string,
  limits: KeyLimits,
  remarks: string[],
): JsonObject {
  if (jwk['kty'] !== 'RSA' || typeof jwk['d'] !== 'string') return jwk
  const numbers = stringsOf(jwk)
  const missing = missingRsaNumbers(numbers)
  if (missing.length === 0) return jwk
  const complete = completeRsaJwk(numbers, source, limits)
  remarks.push(
    `${source}: ${missing.join(', ')} are missing (RFC 7518 §6.3.2). They were computed from n, e and d; most other libraries refuse such a key`,
  )
  return { ...jwk, ...complete }
}

/** The members on its use stay with the key. */
function readKey(jwk: JsonObject, limits: KeyLimits): KeyObject {
  const key = readItem(() => importJwk(jwk))
  checkPrivateKey(key, limits)
  return key
}

function stringsOf(jwk: JsonObject): JsonWebKey {
  return Object.fromEntries(Object.entries(jwk).filter(([, value]) => typeof value === 'string'))
}

/** RFC 7517 §4.7: base64, not base64url, of each certificate's DER. */
async function readCertificates(
  x5c: unknown,
  source: string,
  skipped: SkippedItems,
  slices: TimeSlices,
): Promise<readonly X509Certificate[]> {
  if (x5c === undefined) return []
  const certificates: X509Certificate[] = []
  const list: readonly unknown[] = Array.isArray(x5c) ? x5c : [x5c]
  for (const each of list) {
    // The loop yields to the event loop on purpose.
    // oxlint-disable-next-line no-await-in-loop
    await slices.pause()
    try {
      if (typeof each !== 'string') throw malformed(`the x5c of ${source}`, 'is not a list of certificates')
      certificates.push(readCertificate(Buffer.from(each, 'base64'), `the x5c of ${source}`))
    } catch (error) {
      skipped.add(`a certificate in the x5c of ${source}`, error)
    }
  }
  return certificates
}

export function isRecord(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
