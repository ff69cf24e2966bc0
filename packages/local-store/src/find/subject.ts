import type { X509Certificate } from 'node:crypto'
import { SealwrightError } from '@sealwright/core'
import { distinguishedName, normalizeDistinguishedName } from '@sealwright/x509'

/**
 * Compares certificates with a subject as people write it: with an equals sign it is the whole distinguished name (RFC
 * 4514), in the order that RFC 4514, Windows and .NET show; without one it is the common name alone. Case does not count,
 * nor do spaces around separators.
 *
 * @throws SealwrightError `INVALID_ARGUMENT` when it is empty or no distinguished name
 */
export function subjectMatcher(subject: string): (certificate: X509Certificate) => boolean {
  if (subject.includes('=')) {
    const wanted = normalizeDistinguishedName(subject).toLowerCase()
    return (certificate) => distinguishedName(certificate).toLowerCase() === wanted
  }
  const wanted = subject.trim().toLowerCase()
  if (wanted === '') throw new SealwrightError('INVALID_ARGUMENT', 'the subject is empty')
  return (certificate) => commonNames(certificate).some((name) => name.toLowerCase() === wanted)
}

/** The first common name of the subject; null when it has none. */
export function commonName(certificate: X509Certificate): string | null {
  return commonNames(certificate)[0] ?? null
}

function commonNames(certificate: X509Certificate): readonly string[] {
  // Contrary to its type, Node leaves out an empty subject and gives a list where a name occurs several times.
  const subject: { CN?: string | string[] } | undefined = certificate.toLegacyObject().subject
  return [subject?.CN ?? []].flat()
}
