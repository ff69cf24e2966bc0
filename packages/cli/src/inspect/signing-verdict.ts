import type { KeyObject, X509Certificate } from 'node:crypto'
import { algorithmsOf, isSealwrightError } from '@sealwright/core'
import { describeCertificate } from '@sealwright/x509'

/** Whether a key can sign tokens. */
export interface SigningVerdict {
  /** The JOSE algorithms that it signs with, its default first; empty for a key that cannot. */
  readonly algorithms: readonly string[]
  /** Why it cannot, or should not; empty when it can. */
  readonly problems: readonly string[]
}

/** @param certificate of the key; undefined for a bare one */
export function signingVerdict(
  key: KeyObject,
  certificate: X509Certificate | undefined,
  now: Date = new Date(),
): SigningVerdict {
  const problems = certificate === undefined ? [] : problemsOf(certificate, now)
  try {
    return { algorithms: algorithmsOf(key).map(({ name }) => name), problems }
  } catch (error) {
    if (!isSealwrightError(error)) throw error
    return { algorithms: [], problems: [error.message, ...problems] }
  }
}

function problemsOf(certificate: X509Certificate, now: Date): readonly string[] {
  const { notBefore, notAfter, extensions } = describeCertificate(certificate)
  const { keyUsage } = extensions
  return [
    ...(notBefore !== null && notBefore > now
      ? [`its certificate is valid from ${notBefore.toISOString()} on`]
      : []),
    ...(notAfter !== null && notAfter < now
      ? [`its certificate expired at ${notAfter.toISOString()}; renew it`]
      : []),
    ...(keyUsage !== null && !keyUsage.includes('digitalSignature')
      ? [`its certificate is for ${keyUsage.join(', ')} and not for digitalSignature`]
      : []),
  ]
}

/** For people. */
export function verdictLines({ algorithms, problems }: SigningVerdict): readonly string[] {
  if (problems.length > 0) return problems.map((problem) => `  cannot sign: ${problem}`)
  return [`  signs:      ${algorithms.join(', ')}`]
}
