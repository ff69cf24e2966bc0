import { timingSafeEqual } from 'node:crypto'
import { isManagedIdentity, type Identity } from './access.ts'
import type { Authority } from './authority.ts'
import { jsonResponse, type ServiceRequest, type ServiceResponse } from '../http/message.ts'

/** Where App Service has its `IDENTITY_ENDPOINT`. */
export const appServicePath = '/msi/token'
const imdsPath = '/metadata/identity/oauth2/token'

/**
 * Answers as the managed identity endpoints of App Service and of virtual machines (IMDS) do.
 *
 * @param identityHeader what App Service puts into `IDENTITY_HEADER` and wants back as `X-IDENTITY-HEADER`
 * @returns null for any other path
 */
export function handleManagedIdentity(
  authority: Authority,
  identityHeader: string,
  request: ServiceRequest,
): ServiceResponse | null {
  // Clients that normalise the endpoint's URL put a slash at its end.
  switch (`${request.method} ${request.url.pathname.replace(/\/$/, '')}`) {
    case `GET ${appServicePath}`:
      if (!sameText(request.headers['x-identity-header'] ?? '', identityHeader)) {
        return refusal(401, 'unauthorized_client', 'The X-IDENTITY-HEADER is missing or wrong.')
      }
      return token(authority, request)
    case `GET ${imdsPath}`:
      if (request.headers['metadata'] !== 'true') {
        return refusal(400, 'invalid_request', 'Required metadata header not specified')
      }
      return token(authority, request)
    default:
      return null
  }
}

function token(authority: Authority, request: ServiceRequest): ServiceResponse {
  const query = request.url.searchParams
  const resource = query.get('resource')
  if (resource === null) {
    return refusal(400, 'invalid_request', 'Required query parameter resource is missing')
  }
  const identity = managedIdentity(authority, query)
  if (identity === undefined) return refusal(400, 'invalid_request', 'Identity not found')
  const { token: accessToken, expiresOn, lifetime } = authority.issue(identity, resource)
  return jsonResponse(200, {
    access_token: accessToken,
    client_id: identity.clientId,
    expires_in: String(lifetime),
    ext_expires_in: String(lifetime),
    expires_on: String(expiresOn),
    not_before: String(expiresOn - lifetime),
    resource,
    token_type: 'Bearer',
  })
}

/** The identity asked for, or the first managed one, which is the system-assigned. */
function managedIdentity(authority: Authority, query: URLSearchParams): Identity | undefined {
  const clientId = query.get('client_id')
  const objectId = query.get('object_id') ?? query.get('principal_id')
  return authority.identities.find(
    (identity) =>
      isManagedIdentity(identity) &&
      (clientId === null || identity.clientId === clientId) &&
      (objectId === null || identity.objectId === objectId),
  )
}

function refusal(status: number, error: string, description: string): ServiceResponse {
  return jsonResponse(status, { error, error_description: description })
}

function sameText(a: string, b: string): boolean {
  const [x, y] = [Buffer.from(a), Buffer.from(b)]
  return x.length === y.length && timingSafeEqual(x, y)
}
