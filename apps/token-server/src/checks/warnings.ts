import type { SigningKey } from '@sealwright/core'
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

/** Problems of the key's certificate, now or soon. */
export function keyWarnings({ notBefore, notAfter }: SigningKey, now: Date): readonly string[] {
  if (notBefore !== null && notBefore > now) return ['the certificate of the signing key is not valid yet']
  if (notAfter === null) return []
  if (notAfter <= now) return ['the certificate of the signing key has expired']
  if (notAfter.getTime() - now.getTime() < 30 * millisecondsPerDay) {
    return ['the certificate of the signing key expires within 30 days']
  }
  return []
}
