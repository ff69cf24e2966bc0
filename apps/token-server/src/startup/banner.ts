import type { SigningKey } from '@sealwright/core'
import { curlLines } from '../pages/curl-lines.ts'
import { describeKey } from '../pages/key-description.ts'
import { printable } from '../printable.ts'
import { isWildcard } from '../settings/loopback.ts'
import type { Settings } from '../settings/settings.ts'

export interface BannerOptions {
  /** The port the server listens on. */
  readonly port: number
  readonly now: Date
  /** Whether the key has just been created. */
  readonly isNew: boolean
  readonly warnings: readonly string[]
}

/** The text in the terminal once the server listens. */
export function banner(settings: Settings, key: SigningKey, options: BannerOptions): string {
  const { port, now, isNew, warnings } = options
  const address = localAddress(settings, port)
  const { location, subject, type, expiry } = describeKey(key, now)
  const { algorithm } = key.signer()
  const curl = curlLines(settings, [algorithm.name], address)
  const details = [subject, `${algorithm.name} (${type})`, `expires ${expiry}`]
  const lines = [
    `Token server   ${address}/`,
    `Signing key    ${location}${isNew ? ' (new)' : ''}`,
    `               ${details.filter((part) => part !== null).join(' · ')}`,
    `Settings       ${settings.file}`,
    ...warnings.map((warning) => `Warning        ${warning}`),
  ]
  if (curl !== null) {
    lines.push('', 'Get a token:', '', curl.token)
    if (curl.identity !== null) lines.push('', 'Use it:', '', curl.identity)
  }
  return `\n${lines.map(printable).join('\n')}\n`
}

/** The URL of the server on this machine, whatever its issuer is. */
function localAddress({ host, issuer }: Settings, port: number): string {
  const name = isWildcard(host) ? 'localhost' : host.includes(':') ? `[${host}]` : host
  const path = issuer === null ? '' : new URL(issuer).pathname.replace(/\/$/, '')
  return `http://${name}:${port}${path}`
}
