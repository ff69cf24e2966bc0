import type { SigningKey } from '@sealwright/core'
import { curlLines } from '../pages/curl-lines.ts'
import { describeKey } from '../pages/key-description.ts'
import type { Settings } from '../settings/settings.ts'

/** What people read in the terminal once the server listens. */
export function banner(settings: Settings, key: SigningKey, port: number, now: Date): string {
  const address = localAddress(settings, port)
  const { location, subject, type, expiry } = describeKey(key, now)
  const { algorithm } = key.signer(settings.signingKey.algorithm ?? undefined)
  const curl = curlLines(settings, algorithm, address)
  const lines = [
    `Token server   ${address}/`,
    `Signing key    ${location}`,
    `               ${[subject, `${algorithm.name} (${type})`, `expires ${expiry}`].filter((part) => part !== null).join(' · ')}`,
    `Settings       ${settings.file}`,
  ]
  if (settings.isSample) {
    lines.push("               the sample: everybody knows its client's secret, so keep it to this machine")
  }
  if (curl !== null) {
    lines.push('', 'Get a token:', '', curl.token)
    if (curl.identity !== null) lines.push('', 'Use it:', '', curl.identity)
  }
  return `\n${lines.join('\n')}\n`
}

/** Where this machine reaches the server, whatever its issuer is called elsewhere. */
function localAddress({ host, issuer }: Settings, port: number): string {
  const isWildcard = host === '0.0.0.0' || host === '::'
  const name = isWildcard ? 'localhost' : host.includes(':') ? `[${host}]` : host
  const path = issuer === null ? '' : new URL(issuer).pathname.replace(/\/$/, '')
  return `http://${name}:${port}${path}`
}
