import { hasIdentityApi, identityPath, identityScope } from '../api/identity.ts'
import { paths } from '../oauth/metadata.ts'
import { commonResource } from '../oauth/scopes.ts'
import { hasSampleSecret, sampleSecret } from '../settings/sample-client.ts'
import type { Client, Settings } from '../settings/settings.ts'

/** Lines to paste into a POSIX shell. */
export interface CurlLines {
  /** Gets a token. */
  readonly token: string
  /** Gets a token and sends it to the sample API; null if the client may not use that API. */
  readonly identity: string | null
}

/**
 * How to get a token with curl, as the first client that has a secret; null if no client has one. With the sample settings
 * the line contains the client's secret. Otherwise curl asks for it.
 *
 * @param algorithms of the keys that sign
 * @param base the URL before `/connect/token`
 */
export function curlLines(settings: Settings, algorithms: readonly string[], base: string): CurlLines | null {
  const client = curlClient(settings)
  if (client === null) return null
  const secret = settings.isSample && hasSampleSecret(client) ? `:${sampleSecret}` : ''
  // RFC 6749 §2.3.1 wants the id form-urlencoded before Basic encodes it.
  const user = quote(encodeURIComponent(client.clientId) + secret)
  const mayUseApi = hasIdentityApi(settings, algorithms) && client.scopes.includes(identityScope)
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

/** The first client that can get a token with a secret; null if there is none. */
export function curlClient({ clients }: Settings): Client | null {
  const found = [...clients.values()].find(
    ({ secretHashes, grantTypes }) => secretHashes.length > 0 && grantTypes.includes('client_credentials'),
  )
  return found ?? null
}

/** A scope for a client that must request one because its scopes belong to several resources. */
function scopeParameter({ resources }: Settings, client: Client, mayUseApi: boolean): string {
  if (commonResource(client.scopes, resources) !== null) return ''
  const scope = mayUseApi ? identityScope : (client.scopes[0] ?? '')
  return ` --data-urlencode ${quote(`scope=${scope}`)}`
}

/** Quotes a word for a POSIX shell, if necessary. */
function quote(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`
}
