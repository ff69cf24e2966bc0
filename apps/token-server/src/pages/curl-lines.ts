import { createHash } from 'node:crypto'
import type { SignatureAlgorithm } from '@sealwright/core'
import { hasIdentityApi, identityPath, identityScope } from '../api/identity.ts'
import { paths } from '../oauth/metadata.ts'
import { audiencesOf } from '../oauth/scopes.ts'
import type { Client, Settings } from '../settings/settings.ts'

/** The secret of the sample client, as README and the sample settings give it away. */
const sampleSecret = 'sample-secret'
const sampleSecretHash = createHash('sha256').update(sampleSecret).digest()

/** Lines to paste into a POSIX shell. */
export interface CurlLines {
  /** Gets a token. */
  readonly token: string
  /** Gets a token and shows what the sample API makes of it; null where it would not be let in. */
  readonly identity: string | null
}

/**
 * How to get a token with curl, as the first client that has a secret; null where none has. The sample client's secret is
 * part of the line while the sample settings are in use. For every other client curl asks.
 *
 * @param base the address before `/connect/token`
 */
export function curlLines(settings: Settings, algorithm: SignatureAlgorithm, base: string): CurlLines | null {
  const client = [...settings.clients.values()].find(
    (each) => each.secretHashes.length > 0 && each.grantTypes.includes('client_credentials'),
  )
  if (client === undefined) return null
  const secret = settings.isSample && hasSampleSecret(client) ? `:${sampleSecret}` : ''
  // RFC 6749 §2.3.1 wants the id form-urlencoded before Basic encodes it.
  const user = quote(encodeURIComponent(client.clientId) + secret)
  const mayUseApi = hasIdentityApi(settings, algorithm) && client.scopes.includes(identityScope)
  const token =
    `curl -s ${quote(base + paths.token)} -u ${user} -d grant_type=client_credentials` +
    scopeParameter(settings, client, mayUseApi)
  return {
    token,
    identity: mayUseApi
      ? `curl -s ${quote(base + identityPath)} -H "Authorization: Bearer $(${token} | sed 's/.*"access_token":"\\([^"]*\\)".*/\\1/')"`
      : null,
  }
}

/** One scope where the client must ask for some, since all that it may have are not of one resource. */
function scopeParameter({ resources }: Settings, client: Client, mayUseApi: boolean): string {
  if (audiencesOf(client.scopes, resources).size === 1) return ''
  const scope = mayUseApi ? identityScope : (client.scopes[0] ?? '')
  return ` --data-urlencode ${quote(`scope=${scope}`)}`
}

/** Whether the client can be used by everybody who has read the README. */
export function hasSampleSecret(client: Client): boolean {
  return client.secretHashes.some((hash) => sampleSecretHash.equals(hash))
}

/** Quotes for a POSIX shell, where that is needed. */
function quote(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`
}
