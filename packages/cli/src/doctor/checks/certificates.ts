import { createHash, X509Certificate } from 'node:crypto'
import { describeCertificate } from '@sealwright/x509'
import { millisecondsPerDay } from '../../time.ts'
import { finding, type Finding } from '../report/finding.ts'
import { skipped, step, type Step } from '../report/step.ts'
import type { PublishedKey } from './jwk-set.ts'

/** In base64. A certificate with an RSA-4096 key and every extension has less than 4,000. */
const longestCertificate = 16_384
const longestChain = 10

/**
 * Examines the certificates that the JWK Set publishes.
 *
 * @param warningDays before the end of a certificate
 */
export function examineCertificates(
  keys: readonly PublishedKey[] | null,
  now: Date,
  warningDays: number,
): Step {
  if (keys === null) return skipped('certificates', 'there is no JWK Set')
  const withCertificates = keys.filter(({ jwk }) => jwk['x5c'] !== undefined)
  if (withCertificates.length === 0)
    return skipped('certificates', 'no key in the JWK Set has x5c, which is allowed')
  const ends = withCertificates.flatMap((key) => certificateOf(key)?.validTo ?? [])
  const until = ends.map((end) => new Date(end).toISOString()).join(', ')
  const findings = withCertificates.flatMap((key) => findingsOf(key, now, warningDays))
  return step('certificates', ends.length === 0 ? 'none can be read' : `valid until ${until}`, findings)
}

/** The certificate of the key itself; null where it has none, or none that can be read. */
export function certificateOf({ jwk }: PublishedKey): X509Certificate | null {
  const chain = jwk['x5c']
  const first: unknown = Array.isArray(chain) ? chain[0] : undefined
  return parse(first)
}

function parse(text: unknown): X509Certificate | null {
  if (typeof text !== 'string' || text.length > longestCertificate || !/^[A-Za-z0-9+/]+={0,2}$/.test(text))
    return null
  try {
    const certificate = new X509Certificate(Buffer.from(text, 'base64'))
    describeCertificate(certificate)
    return certificate
  } catch {
    // The finding says what is expected instead.
    return null
  }
}

function findingsOf(key: PublishedKey, now: Date, warningDays: number): readonly Finding[] {
  const place = `key ${key.where}`
  const chain = key.jwk['x5c']
  const isChain = Array.isArray(chain) && chain.length > 0 && chain.length <= longestChain
  const certificate = certificateOf(key)
  if (!isChain || certificate === null || !chain.every((each) => parse(each) !== null)) {
    return [finding('x5c-malformed', place, 'x5c is not a list of certificates in base64')]
  }
  return [
    ...(key.publicKey === null || certificate.publicKey.equals(key.publicKey)
      ? []
      : [finding('x5c-other-key', place, 'the first certificate in x5c is of another key')]),
    ...thumbprintFindings(key, certificate),
    ...dateFindings(place, certificate, now, warningDays),
  ]
}

function thumbprintFindings({ jwk, where }: PublishedKey, { raw }: X509Certificate): readonly Finding[] {
  const thumbprints = { x5t: 'sha1', 'x5t#S256': 'sha256' } as const
  return Object.entries(thumbprints).flatMap(([name, hash]) => {
    if (jwk[name] === undefined || jwk[name] === createHash(hash).update(raw).digest('base64url')) return []
    return [
      finding(
        'x5t-mismatch',
        `key ${where}`,
        `${name} is not the thumbprint of the first certificate in x5c`,
      ),
    ]
  })
}

function dateFindings(
  place: string,
  certificate: X509Certificate,
  now: Date,
  warningDays: number,
): readonly Finding[] {
  const { notBefore, notAfter, weaknesses, extensions } = describeCertificate(certificate)
  const left = ((notAfter?.getTime() ?? Infinity) - now.getTime()) / millisecondsPerDay
  const weak = [
    ...weaknesses,
    ...(extensions.keyUsage?.includes('digitalSignature') === false
      ? ['a key usage without digitalSignature']
      : []),
  ]
  return [
    ...(notBefore !== null && notBefore > now
      ? [finding('certificate-not-yet-valid', place, `it is valid from ${notBefore.toISOString()} on`)]
      : []),
    ...(left < 0
      ? [finding('certificate-expired', place, `it expired at ${notAfter?.toISOString() ?? ''}`)]
      : []),
    ...(left >= 0 && left < warningDays
      ? [
          finding(
            'certificate-expires-soon',
            place,
            `${Math.floor(left)} days are left, until ${notAfter?.toISOString() ?? ''}`,
          ),
        ]
      : []),
    ...(weak.length === 0
      ? []
      : [finding('certificate-weak', place, `its certificate has ${weak.join(', ')}`)]),
  ]
}
