import { createHash, createPublicKey, randomUUID, timingSafeEqual, type KeyObject } from 'node:crypto'
import { isManagedIdentity, type Identity } from './access.ts'
import { ServiceError } from '../protocol/errors.ts'
import { jsonResponse, type ServiceRequest, type ServiceResponse } from '../http/message.ts'
import { signJwt, verifyJwt } from './jwt.ts'

/** The lifetime of tokens in seconds. */
const tokenLifetime = 3600

/**
 * Stands for Microsoft Entra ID: it knows the identities, issues tokens for the client credentials grant, and checks the
 * tokens of requests to vaults.
 */
export class Authority {
  readonly tenantId: string
  readonly identities: readonly Identity[]
  readonly #key: KeyObject
  readonly #publicKey: KeyObject
  readonly #keyId: string
  readonly #now: () => number

  constructor(options: {
    readonly tenantId: string
    readonly identities: readonly Identity[]
    /** RSA; signs the tokens. */
    readonly key: KeyObject
    readonly now: () => number
  }) {
    this.tenantId = options.tenantId
    this.identities = options.identities
    this.#key = options.key
    this.#publicKey = createPublicKey(options.key)
    this.#keyId = createHash('sha256')
      .update(this.#publicKey.export({ format: 'der', type: 'spki' }))
      .digest('base64url')
    this.#now = options.now
  }

  /**
   * Answers the requests of credentials: the discovery document, the keys and the token endpoint.
   *
   * @returns null for a path that the authority does not have
   */
  handle(request: ServiceRequest): ServiceResponse | null {
    const [, tenant, ...rest] = request.url.pathname.split('/')
    const base = `${request.url.origin}/${tenant}`
    switch (`${request.method} ${rest.join('/')}`) {
      case 'GET v2.0/.well-known/openid-configuration':
        return jsonResponse(200, {
          token_endpoint: `${base}/oauth2/v2.0/token`,
          token_endpoint_auth_methods_supported: [
            'client_secret_post',
            'private_key_jwt',
            'client_secret_basic',
          ],
          jwks_uri: `${base}/discovery/v2.0/keys`,
          response_modes_supported: ['query', 'fragment', 'form_post'],
          subject_types_supported: ['pairwise'],
          id_token_signing_alg_values_supported: ['RS256'],
          response_types_supported: ['code', 'id_token', 'code id_token', 'id_token token'],
          scopes_supported: ['openid', 'profile', 'email', 'offline_access'],
          issuer: `${base}/v2.0`,
          authorization_endpoint: `${base}/oauth2/v2.0/authorize`,
          end_session_endpoint: `${base}/oauth2/v2.0/logout`,
          tenant_region_scope: null,
          cloud_instance_name: 'microsoftonline.com',
        })
      case 'GET discovery/v2.0/keys': {
        const jwk = this.#publicKey.export({ format: 'jwk' })
        return jsonResponse(200, { keys: [{ ...jwk, use: 'sig', alg: 'RS256', kid: this.#keyId }] })
      }
      case 'POST oauth2/v2.0/token':
        return this.#token(tenant ?? '', request)
      default:
        return null
    }
  }

  /**
   * A token of an identity for a resource, its expiry and its lifetime, both in seconds.
   *
   * @param resource such as `https://vault.azure.net`
   */
  issue(
    identity: Identity,
    resource: string,
  ): { readonly token: string; readonly expiresOn: number; readonly lifetime: number } {
    const issuedAt = Math.floor(this.#now() / 1000)
    const expiresOn = issuedAt + tokenLifetime
    const token = signJwt(
      {
        aud: resource,
        iss: this.issuer,
        iat: issuedAt,
        nbf: issuedAt,
        exp: expiresOn,
        appid: identity.clientId,
        appidacr: identity.clientSecret === null ? '2' : '1',
        idp: this.issuer,
        idtyp: 'app',
        oid: identity.objectId,
        sub: identity.objectId,
        tid: this.tenantId,
        ver: '1.0',
      },
      this.#key,
      this.#keyId,
    )
    return { token, expiresOn, lifetime: tokenLifetime }
  }

  /**
   * The identity that a token was issued to.
   *
   * @throws ServiceError 401 in the service's words: signature, audience, issuer, tenant and time are checked
   */
  authenticate(token: string, resource: string): Identity {
    const claims = verifyJwt(token, this.#publicKey)
    if (claims === null) {
      throw unauthorized(
        'AKV10046: Unable to resolve the key used for signature validation, or the signature is invalid.',
      )
    }
    const { aud, iss, tid, nbf, exp, appid, oid } = claims
    if (aud !== resource && aud !== `${resource}/`) {
      throw unauthorized(`AKV10022: Invalid audience. Expected ${resource}, found: ${String(aud)}.`)
    }
    if (iss !== this.issuer || tid !== this.tenantId) {
      throw unauthorized(`AKV10032: Invalid issuer. Expected ${this.issuer}, found ${String(iss)}.`)
    }
    const now = this.#now() / 1000
    if (typeof exp !== 'number' || now >= exp || typeof nbf !== 'number' || now < nbf) {
      throw unauthorized("[TokenExpired] Error validating token: 'S2S12086'.")
    }
    const identity = this.identities.find(
      (candidate) => candidate.clientId === appid && candidate.objectId === oid,
    )
    if (identity === undefined) {
      throw unauthorized(`The identity with appid ${String(appid)} is unknown to this emulator.`)
    }
    return identity
  }

  /** The `iss` of tokens of version 1.0, which vaults take. */
  get issuer(): string {
    return `https://sts.windows.net/${this.tenantId}/`
  }

  #token(tenant: string, request: ServiceRequest): ServiceResponse {
    const form = new URLSearchParams(Buffer.from(request.body).toString())
    const { clientId, clientSecret } = clientCredentials(request, form)
    const scope = form.get('scope') ?? ''
    if (tenant !== this.tenantId) {
      return tokenError('invalid_request', 90002, `Tenant '${tenant}' not found.`)
    }
    if (form.get('grant_type') !== 'client_credentials') {
      return tokenError(
        'unsupported_grant_type',
        70003,
        'The emulator supports the grant type client_credentials.',
      )
    }
    const identity = this.identities.find((candidate) => candidate.clientId === clientId)
    if (identity === undefined || isManagedIdentity(identity)) {
      return tokenError(
        'unauthorized_client',
        700016,
        `Application with identifier '${clientId}' was not found in the directory '${tenant}'.`,
      )
    }
    const assertion = form.get('client_assertion')
    if (assertion !== null && !this.#isAccepted(identity, assertion, request.url)) {
      return tokenError(
        'invalid_client',
        700027,
        'The client assertion failed signature or claims validation.',
        401,
      )
    }
    if (assertion === null && !sameText(identity.clientSecret ?? randomUUID(), clientSecret)) {
      return tokenError(
        'invalid_client',
        7000215,
        `Invalid client secret provided for app '${clientId}'.`,
        401,
      )
    }
    const resource = scope.split(' ').find((name) => name.endsWith('/.default'))
    if (resource === undefined) {
      return tokenError('invalid_scope', 70011, `The provided value for scope ${scope} is not valid.`)
    }
    const { token } = this.issue(identity, resource.slice(0, -'/.default'.length))
    return jsonResponse(
      200,
      {
        token_type: 'Bearer',
        expires_in: tokenLifetime,
        ext_expires_in: tokenLifetime,
        access_token: token,
      },
      { 'cache-control': 'no-store, no-cache', pragma: 'no-cache' },
    )
  }

  /** Whether the identity may sign in with this assertion now. */
  #isAccepted({ assertion }: Identity, token: string, endpoint: URL): boolean {
    if (assertion === null) return false
    const claims = verifyJwt(token, createPublicKey(assertion.publicKey))
    if (claims === null) return false
    const { iss, sub, aud, exp } = claims
    const isCurrent = typeof exp === 'number' && this.#now() / 1000 < exp
    return iss === assertion.issuer && sub === assertion.subject && isAudience(aud, endpoint) && isCurrent
  }
}

/** Whether one of the audiences of a client assertion is this authority or a well-known one. */
function isAudience(audience: unknown, { origin }: URL): boolean {
  return [audience]
    .flat()
    .some(
      (name) =>
        typeof name === 'string' && (name.startsWith(`${origin}/`) || name === 'api://AzureADTokenExchange'),
    )
}

/** @param message in the body; the caller adds the challenge */
export function unauthorized(message: string): ServiceError {
  return new ServiceError(401, 'Unauthorized', message)
}

function clientCredentials(
  request: ServiceRequest,
  form: URLSearchParams,
): { clientId: string; clientSecret: string } {
  const basic = /^Basic (.+)$/i.exec(request.headers['authorization'] ?? '')
  if (basic !== null) {
    const [id = '', ...secret] = Buffer.from(basic[1] ?? '', 'base64')
      .toString()
      .split(':')
    return { clientId: id, clientSecret: secret.join(':') }
  }
  return { clientId: form.get('client_id') ?? '', clientSecret: form.get('client_secret') ?? '' }
}

function tokenError(error: string, code: number, description: string, status = 400): ServiceResponse {
  return jsonResponse(status, {
    error,
    error_description: `AADSTS${code}: ${description}`,
    error_codes: [code],
  })
}

function sameText(a: string, b: string): boolean {
  return timingSafeEqual(sha256(a), sha256(b))
}

function sha256(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}
