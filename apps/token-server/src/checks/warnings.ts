import type { SigningKey } from '@sealwright/core'
import type { KeyRingKeyStatus, KeyRingStatus } from '@sealwright/keyring'
import { hasSampleSecret } from '../settings/sample-client.ts'
import { isLoopback } from '../settings/loopback.ts'
import type { Settings } from '../settings/settings.ts'

const millisecondsPerDay = 24 * 60 * 60 * 1000

/** Settings that are fine only on a developer's machine. */
export function settingsWarnings(settings: Settings): readonly string[] {
  const found: string[] = []
  const sample = [...settings.clients.values()].find(hasSampleSecret)
  if (sample !== undefined) {
    found.push(`the secret of the client "${sample.clientId}" is public: it comes from the sample settings`)
  }
  if (settings.issuer === null && !isLoopback(settings.host)) {
    found.push(
      `other machines can connect, but the metadata says http://localhost: set ISSUER to the URL that clients use`,
    )
  }
  if (settings.trustedProxies === null && !isLoopback(settings.host)) {
    found.push(
      'wrong secrets are not limited: set TRUSTED_PROXIES to the addresses of the proxies in front, or to none',
    )
  }
  if (settings.issuer?.startsWith('http:') === true) {
    found.push('the issuer is an http: URL; clients on other machines must use https')
  }
  return found
}

/** The keys of a ring that sign now: one for each algorithm and shard. */
export function signingKeys({ keys }: Pick<KeyRingStatus, 'keys'>): readonly KeyRingKeyStatus[] {
  // Delegates are short-lived, and those of other programs.
  return keys.filter(({ state, delegatedBy }) => state === 'active' && delegatedBy === null)
}

/** What is wrong with the certificate of a key, now or soon; null for nothing. */
export function certificateProblem({ notAfter }: Pick<SigningKey, 'notAfter'>, now: Date): string | null {
  if (notAfter === null) return null
  if (notAfter <= now) return 'has expired'
  return notAfter.getTime() - now.getTime() < 30 * millisecondsPerDay ? 'expires within 30 days' : null
}

/** Problems of the certificates of the keys that sign. */
export function keyWarnings(
  keys: readonly Pick<SigningKey, 'location' | 'notAfter'>[],
  now: Date,
): readonly string[] {
  return keys.flatMap((key) => {
    const problem = certificateProblem(key, now)
    if (problem === null) return []
    return [`the certificate of the signing key ${keys.length === 1 ? '' : `${key.location} `}${problem}`]
  })
}
