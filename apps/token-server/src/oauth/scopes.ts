import { isDeepStrictEqual } from 'node:util'
import type { Audience, Client, Resource } from '../settings/settings.ts'
import { OAuthError } from './errors.ts'

/** RFC 6749 §3.3: scope-tokens with one space between them. */
const scopeSyntax = /^[\x21\x23-\x5b\x5d-\x7e]+(?: [\x21\x23-\x5b\x5d-\x7e]+)*$/

/** What a token is for. */
export interface Grant {
  readonly scopes: readonly string[]
  /** The audience of the resource with these scopes. */
  readonly audience: Audience
  /** The JOSE `alg` of the token: the resource's, else the client's; null for the default. */
  readonly algorithm: string | null
}

/**
 * The scopes to grant: the requested scopes, each once, or all scopes of the client if it requests none. They must belong
 * to one resource. With two audiences in a token, an API could not tell which of them a scope is for, and each could use
 * the token at the other (RFC 9068 §3 and §5).
 *
 * @throws OAuthError `invalid_scope` for a request that is malformed, exceeds the scopes of the client, or has scopes of
 *   more than one resource
 */
export function grantScopes(
  client: Client,
  resources: readonly Resource[],
  requested: string | undefined,
): Grant {
  const scopes = requested === undefined ? client.scopes : readScopes(client, requested)
  const resource = commonResource(scopes, resources)
  if (resource === null) {
    throw new OAuthError(
      'invalid_scope',
      'the scopes belong to more than one resource; request a token for each resource',
    )
  }
  const { audience, signingAlgorithm } = resource
  // The API that verifies the token decides what it must understand.
  return { scopes, audience, algorithm: signingAlgorithm ?? client.signingAlgorithm }
}

/** The resource with these scopes; null if there is none, or one token cannot serve all of them. An API may be listed twice. */
export function commonResource(scopes: readonly string[], resources: readonly Resource[]): Resource | null {
  const [first, ...others] = resources.filter((each) => each.scopes.some((scope) => scopes.includes(scope)))
  if (first === undefined) return null
  const { audience, signingAlgorithm } = first
  const isOneApi = others.every(
    (other) => isDeepStrictEqual(other.audience, audience) && other.signingAlgorithm === signingAlgorithm,
  )
  return isOneApi ? first : null
}

function readScopes(client: Client, requested: string): readonly string[] {
  if (!scopeSyntax.test(requested)) throw new OAuthError('invalid_scope', 'the scope is malformed')
  const scopes = [...new Set(requested.split(' '))]
  if (scopes.every((scope) => client.scopes.includes(scope))) return scopes
  // What was requested is not repeated: it may be a secret in the wrong place.
  throw new OAuthError('invalid_scope', `the client may have no other scopes than ${shown(client.scopes)}`)
}

/** The first of some scopes. */
function shown(scopes: readonly string[]): string {
  const some = scopes.slice(0, 20).join(' ')
  return scopes.length > 20 ? `${some} and ${scopes.length - 20} more` : some
}
