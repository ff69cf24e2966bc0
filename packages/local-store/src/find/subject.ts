import type { X509Certificate } from 'node:crypto'
import { commonNames, invalidArgument } from '@sealwright/core/internal'
import { distinguishedName, normalizeDistinguishedName } from '@sealwright/x509'

/**
 * Returns a function that tests whether a certificate has that subject. Text with an equals sign is the whole distinguished name, in
 * the order of RFC 4514, Windows and .NET; other text is the common name. Case and spaces around separators do not matter.
 *
 * @throws SealwrightError `INVALID_ARGUMENT` when it is empty or not a distinguished name
 */
export function subjectMatcher(subject: string): (certificate: X509Certificate) => boolean {
  if (subject.includes('=')) {
    const wanted = normalizeDistinguishedName(subject).toLowerCase()
    return (certificate) => distinguishedName(certificate).toLowerCase() === wanted
  }
  const wanted = subject.trim().toLowerCase()
  if (wanted === '') throw invalidArgument('the subject is empty')
  return (certificate) => commonNames(certificate).some((name) => name.toLowerCase() === wanted)
}

/** The first common name of the subject; null when it has none. */
export function commonName(certificate: X509Certificate): string | null {
  return commonNames(certificate)[0] ?? null
}
