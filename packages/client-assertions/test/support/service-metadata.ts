/** What metadata says of an endpoint. */
interface Described {
  readonly kind: string
  /** The authorization server that an MCP server names. */
  readonly issuer?: string
}

/**
 * The metadata at a path: of an authorization server, which is asked for as in OpenID Connect Discovery 1.0 §4 or as in RFC 8414 §3, or of
 * an MCP server (RFC 9728 §3).
 *
 * @returns null if there is none
 */
export function metadataAt(
  pathname: string,
  origin: string,
  endpoints: Readonly<Record<string, Described>>,
): object | null {
  const [, resource = ''] = /^\/\.well-known\/oauth-protected-resource(\/.+)$/.exec(pathname) ?? []
  const { issuer } = endpoints[resource] ?? {}
  if (issuer !== undefined) {
    // More than the client of the example asks for.
    const scopes = ['mcp:read', 'mcp:write']
    return { resource: origin + resource, authorization_servers: [issuer], scopes_supported: scopes }
  }
  const [, path] =
    /^(\/.+)\/\.well-known\/openid-configuration$/.exec(pathname) ??
    /^\/\.well-known\/oauth-authorization-server(\/.+)$/.exec(pathname) ??
    []
  if (path === undefined) return null
  // The issuer of Entra is not above its token endpoint.
  const [, tenant] = /^(\/[^/]+)\/v2\.0$/.exec(path) ?? []
  const tokenPath = Object.keys(endpoints).find((each) => each.startsWith(`${tenant ?? path}/`))
  if (tokenPath === undefined) return null
  return {
    issuer: origin + path,
    authorization_endpoint: `${origin}${path}/authorize`,
    token_endpoint: origin + tokenPath,
    jwks_uri: `${origin}${path}/keys`,
    response_types_supported: ['code'],
    token_endpoint_auth_methods_supported: ['private_key_jwt'],
    token_endpoint_auth_signing_alg_values_supported: ['RS256', 'ES256'],
  }
}
