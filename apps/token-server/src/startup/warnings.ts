import type { SigningKey } from '@sealwright/core'
import { hasSampleSecret } from '../pages/curl-lines.ts'
import type { Settings } from '../settings/settings.ts'

const millisecondsPerDay = 24 * 60 * 60 * 1000

/** What runs and should not run like this for long. */
export function warnings(settings: Settings, key: SigningKey, now: Date): readonly string[] {
  const found: string[] = []
  const sample = [...settings.clients.values()].find(hasSampleSecret)
  if (sample !== undefined) {
    found.push(`the client "${sample.clientId}" has the secret of the sample, which everybody knows`)
  }
  if (settings.issuer?.startsWith('http:') === true) {
    found.push('the issuer is an http: URL; beyond one machine clients must reach it over https')
  }
  if (key.notAfter !== null && key.notAfter <= now) {
    found.push('the certificate of the signing key has expired')
  } else if (key.notAfter !== null && key.notAfter.getTime() - now.getTime() < 30 * millisecondsPerDay) {
    found.push('the certificate of the signing key expires within 30 days')
  }
  if (key.notBefore !== null && key.notBefore > now)
    found.push('the certificate of the signing key is not valid yet')
  return found
}
