import type { Client } from '../settings/settings.ts'
import { OAuthError } from './errors.ts'

/** RFC 6749 §3.3: scope-tokens with one space between them. */
const scopeSyntax = /^[\x21\x23-\x5b\x5d-\x7e]+(?: [\x21\x23-\x5b\x5d-\x7e]+)*$/

/**
 * The scopes to grant: those requested, each once, or all that the client may have when it requests none.
 *
 * @throws OAuthError `invalid_scope` when the request is malformed or goes beyond what the client may have
 */
export function grantScopes(client: Client, requested: string | undefined): readonly string[] {
  if (requested === undefined) return client.scopes
  if (!scopeSyntax.test(requested)) throw new OAuthError('invalid_scope', 'the scope is malformed')
  const scopes = [...new Set(requested.split(' '))]
  const refused = scopes.find((scope) => !client.scopes.includes(scope))
  if (refused !== undefined) {
    throw new OAuthError('invalid_scope', `the client may not have the scope '${refused.slice(0, 100)}'`)
  }
  return scopes
}
