import { SealwrightError } from '@sealwright/core'
import { invalidArgument, optionsOf } from '@sealwright/core/internal'
import { aClientId, anHttpsUrl, aScope } from '../arguments.ts'
import type { AssertionSource } from '../assertion-source.ts'
import { aSource, setClientAssertion } from './client-assertion.ts'

/** Options of {@link mcpAuthProvider}. */
export interface McpAuthProviderOptions {
  /** The client ID at the authorization server. */
  readonly clientId: string
  /**
   * The issuer identifier of the authorization server that the client is registered with. No assertion is made for another server, even if
   * the MCP server names one.
   */
  readonly issuer: string
  /** The URL of the token endpoint. Required if its origin is not that of `issuer`. Default: any URL of that origin. */
  readonly tokenEndpoint?: string | undefined
  /**
   * The scopes to request, with one space between them. The scopes that the MCP server advertises are then ignored.
   * Default: the scopes that the SDK requests, if any.
   */
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

/** An `OAuthClientProvider` of the MCP SDK for the grant `client_credentials`. Only the SDK calls its members. */
export interface McpAuthProvider {
  /** None: no user is redirected. */
  readonly redirectUrl: undefined
  /** The metadata of the client (RFC 7591 §2). */
  readonly clientMetadata: {
    redirect_uris: string[]
    grant_types: string[]
    token_endpoint_auth_method: string
    scope?: string
  }
  /** The client ID, and the authorization server that it belongs to. */
  clientInformation(): { client_id: string; issuer: string }
  /** The tokens that were saved last. They are kept in memory only. */
  tokens(): McpTokens | undefined
  /** Keeps the tokens. */
  saveTokens(tokens: McpTokens): void
  /**
   * Returns the parameters of the token request, without those of {@link addClientAuthentication}. The argument is the
   * scope that the SDK requests. The option `scope` takes precedence.
   */
  prepareTokenRequest(scope?: string): URLSearchParams
  /**
   * Adds a new assertion to a token request. Throws `INVALID_ARGUMENT`, before it signs, if the token endpoint or the
   * metadata is not that of the authorization server in the options. Throws what {@link AssertionSource.assertion}
   * throws.
   */
  readonly addClientAuthentication: (
    headers: Headers,
    parameters: URLSearchParams,
    url: string | URL,
    metadata?: { readonly issuer: string },
  ) => Promise<void>
  /** Throws: there is no user. */
  redirectToAuthorization(): never
  /** Throws: there is no user. */
  saveCodeVerifier(): never
  /** Throws: there is no user. */
  codeVerifier(): never
}

const providerOptions = optionsOf(
  { clientId: aClientId, issuer: anHttpsUrl, tokenEndpoint: anHttpsUrl, scope: aScope },
  ['clientId', 'issuer'],
)

/**
 * Authenticates an MCP client as itself (`client_credentials` with `private_key_jwt`). The result is the option
 * `authProvider` of the transports of `@modelcontextprotocol/sdk` (1.31 or newer) and `@modelcontextprotocol/client`,
 * in place of their `PrivateKeyJwtProvider`, which holds the key. Each token request gets a new assertion. If the MCP
 * server names another authorization server, no assertion is sent. See
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
  const { clientId, issuer, tokenEndpoint, scope } = options
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
    prepareTokenRequest(requested) {
      const asked = scope ?? requested
      return new URLSearchParams({
        grant_type: 'client_credentials',
        ...(asked !== undefined && { scope: asked }),
      })
    },
    async addClientAuthentication(_headers, parameters, url, metadata) {
      assertTokenEndpoint(url, issuer, tokenEndpoint)
      if (metadata !== undefined) assertIssuer(metadata, issuer)
      await setClientAssertion(parameters, clientId, assertions)
    },
    redirectToAuthorization: noUser,
    saveCodeVerifier: noUser,
    codeVerifier: noUser,
  }
}

// The MCP server names the authorization server. If it named an attacker's, the attacker could log in with the assertion at the server in
// `aud`. An attacker's metadata can have that server's issuer, so the URL of the token endpoint is checked as well.

/** @throws SealwrightError `INVALID_ARGUMENT` when the assertion would be sent to another server */
function assertTokenEndpoint(url: string | URL, issuer: string, tokenEndpoint: string | undefined): void {
  const { href, origin } = URL.canParse(String(url)) ? new URL(url) : { href: '', origin: 'an invalid URL' }
  if (tokenEndpoint === undefined) {
    if (origin === new URL(issuer).origin) return
    throw invalidArgument(
      `no assertion was sent: the token endpoint is at ${origin}, but options.issuer is ${issuer}; if the endpoint belongs to that issuer, set options.tokenEndpoint`,
    )
  }
  if (href === new URL(tokenEndpoint).href) return
  throw invalidArgument(
    `no assertion was sent: the token endpoint at ${origin} is not options.tokenEndpoint, ${tokenEndpoint}`,
  )
}

/** @throws SealwrightError `INVALID_ARGUMENT` when the metadata is that of another server */
function assertIssuer(metadata: { readonly issuer: string }, issuer: string): void {
  if (withoutSlash(metadata.issuer) === withoutSlash(issuer)) return
  throw invalidArgument(
    `no assertion was sent: the issuer in the metadata of the MCP server's authorization server is not ${issuer}; check options.issuer`,
  )
}

/** The SDK writes the issuer `https://id.example` with a slash, so one at the end makes no difference. */
function withoutSlash(url: string): string {
  return (URL.canParse(url) ? new URL(url).href : url).replace(/\/$/, '')
}

function noUser(): never {
  throw new SealwrightError(
    'UNSUPPORTED_OPERATION',
    'this provider authenticates a client, not a user; for users implement your own OAuthClientProvider',
  )
}
