import { SealwrightError } from '@sealwright/core'
import { optionsOf } from '@sealwright/core/internal'
import { aClientId, anHttpsUrl, aScope } from '../arguments.ts'
import type { AssertionSource } from '../assertion-source.ts'
import { aSource, setClientAssertion } from './client-assertion.ts'

/** Options of {@link mcpAuthProvider}. */
export interface McpAuthProviderOptions {
  /** The client ID at the authorization server. */
  readonly clientId: string
  /**
   * The issuer identifier of the authorization server that the client is registered with. The SDK sends assertions to no other server, even
   * if the MCP server names one.
   */
  readonly issuer: string
  /** The scopes to ask for, with one space between them. Default: none, and the server decides. */
  readonly scope?: string | undefined
}

/** The answer of the token endpoint (RFC 6749 §5.1), as the MCP SDK stores it. */
export interface McpTokens {
  /** The access token. It is a credential: do not log it. */
  access_token: string
  /** How to use the access token, such as `Bearer`. */
  token_type: string
  /** An ID token, if the server sent one. */
  id_token?: string | undefined
  /** The lifetime of the access token in seconds. */
  expires_in?: number | undefined
  /** The scopes that were granted. */
  scope?: string | undefined
  /** A refresh token, which servers do not send for client credentials. */
  refresh_token?: string | undefined
  /** The authorization server that issued the tokens. The SDK adds it. */
  issuer?: string | undefined
}

/** An `OAuthClientProvider` of the MCP SDK for the grant `client_credentials`. The SDK calls its members. */
export interface McpAuthProvider {
  /** None: no user is redirected. */
  readonly redirectUrl: undefined
  /** What the SDK has to know of the client. */
  readonly clientMetadata: {
    redirect_uris: string[]
    grant_types: string[]
    token_endpoint_auth_method: string
    scope?: string
  }
  /** The client ID, and the authorization server that it belongs to. */
  clientInformation(): { client_id: string; issuer: string }
  /** The tokens that were saved last. They are in this process's memory alone. */
  tokens(): McpTokens | undefined
  /** Keeps the tokens. */
  saveTokens(tokens: McpTokens): void
  /** The parameters of the token request, without those of {@link addClientAuthentication}. */
  prepareTokenRequest(scope?: string): URLSearchParams
  /** Adds a fresh assertion to a token request. Throws what {@link AssertionSource.assertion} throws. */
  readonly addClientAuthentication: (headers: Headers, parameters: URLSearchParams) => Promise<void>
  /** Throws: there is no user. */
  redirectToAuthorization(): never
  /** Throws: there is no user. */
  saveCodeVerifier(): never
  /** Throws: there is no user. */
  codeVerifier(): never
}

const providerOptions = optionsOf({ clientId: aClientId, issuer: anHttpsUrl, scope: aScope }, [
  'clientId',
  'issuer',
])

/**
 * Logs an MCP client in with its own identity (`client_credentials` with `private_key_jwt`). It is the option `authProvider` of the transports
 * of `@modelcontextprotocol/sdk` (1.31 or newer) and `@modelcontextprotocol/client`, in place of their `PrivateKeyJwtProvider`, which holds
 * the key. Each token request has an assertion of its own. See
 * {@link https://modelcontextprotocol.io/extensions/auth/oauth-client-credentials | the extension of MCP}.
 *
 * @throws SealwrightError `INVALID_ARGUMENT` for malformed arguments
 *
 * @example
 * ```ts
 * import { createAssertionSource, mcpAuthProvider, privateKeyJwt } from '@sealwright/client-assertions'
 * import type { SigningKey } from '@sealwright/core'
 *
 * function authProvider(key: SigningKey) {
 *   const [clientId, issuer] = ['reports', 'https://id.example.com']
 *   const assertions = createAssertionSource(key, privateKeyJwt({ clientId, audience: issuer }))
 *   return mcpAuthProvider(assertions, { clientId, issuer })
 * }
 * ```
 */
export function mcpAuthProvider(
  assertions: AssertionSource,
  options: McpAuthProviderOptions,
): McpAuthProvider {
  aSource('assertions', assertions)
  providerOptions('options', options)
  const { clientId, issuer, scope } = options
  let saved: McpTokens | undefined
  return {
    redirectUrl: undefined,
    clientMetadata: {
      redirect_uris: [],
      grant_types: ['client_credentials'],
      token_endpoint_auth_method: 'private_key_jwt',
      ...(scope !== undefined && { scope }),
    },
    clientInformation: () => ({ client_id: clientId, issuer }),
    tokens: () => saved,
    saveTokens(tokens) {
      saved = tokens
    },
    prepareTokenRequest(requested = scope) {
      return new URLSearchParams({
        grant_type: 'client_credentials',
        ...(requested !== undefined && { scope: requested }),
      })
    },
    addClientAuthentication: (_headers, parameters) => setClientAssertion(parameters, clientId, assertions),
    redirectToAuthorization: noUser,
    saveCodeVerifier: noUser,
    codeVerifier: noUser,
  }
}

function noUser(): never {
  throw new SealwrightError(
    'UNSUPPORTED_OPERATION',
    'this provider logs in the client itself; for a user use an OAuthClientProvider of your own',
  )
}
