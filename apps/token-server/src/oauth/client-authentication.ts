import type { Lockout } from '../limits/lockout.ts'
import type { Client } from '../settings/settings.ts'
import { assertionType, createAssertionVerifier, type AssertionVerifierOptions } from './client-assertion.ts'
import { hasSecret } from './client-secret.ts'
import { invalidClient, invalidRequest, tooManyRequests } from './errors.ts'
import { decodeFormComponent, type Form } from './form.ts'

/** The methods of RFC 6749 §2.3.1 and OpenID Connect Core §9 that the token endpoint accepts. */
export const authenticationMethods = ['client_secret_basic', 'client_secret_post', 'private_key_jwt'] as const

type AuthenticationMethod = (typeof authenticationMethods)[number]

/** The parts of a request that clients authenticate with. */
export interface ClientRequest {
  /** Every Authorization header of the request. */
  readonly authorization: readonly string[]
  readonly form: Form
  /** The accepted `aud` values of an assertion. */
  readonly audience: readonly string[]
  /** Where the request comes from, for the lockout. */
  readonly network: () => string
}

export interface AuthenticatedClient {
  readonly client: Client
  readonly method: AuthenticationMethod
}

export interface AuthenticatorOptions extends AssertionVerifierOptions {
  /** Default: wrong secrets are not counted. */
  readonly lockout?: Lockout | null | undefined
}

/**
 * Client authentication (RFC 6749 §2.3): one method per request.
 *
 * @returns a function that returns the client, and throws OAuthError: `invalid_request` for a request with more than one
 *   method or part of one, `invalid_client` for a request without any and when authentication fails, and 429 for a client
 *   that is locked
 */
export async function createClientAuthenticator(
  options: AuthenticatorOptions,
): Promise<(request: ClientRequest) => Promise<AuthenticatedClient>> {
  const verifyAssertion = await createAssertionVerifier(options)

  return async ({ authorization, form, audience, network }) => {
    const method = chooseMethod(authorization, form)
    if (method === 'private_key_jwt') {
      const jwt = readAssertion(form)
      return { client: await verifyAssertion({ jwt, clientId: form.get('client_id'), audience }), method }
    }
    const { clientId, secret } =
      method === 'client_secret_basic' ? readBasic(authorization[0] ?? '', form) : readPost(form)
    const client = options.clients.get(clientId)
    // First, so that an unknown client and a wrong secret take the same time.
    const matches = hasSecret(client, secret)
    const wait = options.lockout?.judge({ clientId, secret, network: network(), matches }) ?? 0
    if (wait > 0) {
      throw tooManyRequests('this address has sent too many wrong secrets for the client', wait, {
        clientId: client?.clientId,
      })
    }
    if (client === undefined || !matches) {
      // An unknown id is not logged: it may be a secret in the wrong place.
      throw invalidClient('the client is unknown or its secret is wrong', {
        reason: client === undefined ? 'the client is unknown' : 'the client secret is wrong',
        clientId: client?.clientId,
      })
    }
    return { client, method }
  }
}

function chooseMethod(authorization: readonly string[], form: Form): AuthenticationMethod {
  const used: AuthenticationMethod[] = []
  for (const _ of authorization) used.push('client_secret_basic')
  if (form.has('client_secret')) used.push('client_secret_post')
  if (form.has('client_assertion') || form.has('client_assertion_type')) used.push('private_key_jwt')
  const [method, another] = used
  if (method === undefined) throw invalidClient('the request has no client authentication')
  if (another !== undefined)
    throw invalidRequest('the request uses more than one method of client authentication')
  return method
}

/** RFC 7617 §2, with the encoding of RFC 6749 §2.3.1: form-urlencoded first, then Basic. */
function readBasic(authorization: string, form: Form): { clientId: string; secret: string } {
  const [, base64] = /^Basic +([\w+/-]+={0,2})$/i.exec(authorization) ?? []
  if (base64 === undefined) throw invalidClient('the Authorization header must use the Basic scheme')
  const credentials = Buffer.from(base64, 'base64').toString('utf8')
  const colon = credentials.indexOf(':')
  const clientId = decodeFormComponent(credentials.slice(0, Math.max(colon, 0)))
  const secret = decodeFormComponent(credentials.slice(colon + 1))
  if (colon < 0 || clientId === null || secret === null) {
    throw invalidClient('the Authorization header does not contain a form-urlencoded client id and secret')
  }
  const parameter = form.get('client_id')
  if (parameter !== undefined && parameter !== clientId) {
    throw invalidRequest('client_id and the Authorization header name different clients')
  }
  return { clientId, secret }
}

function readPost(form: Form): { clientId: string; secret: string } {
  const clientId = form.get('client_id')
  if (clientId === undefined) throw invalidRequest('client_secret requires client_id')
  return { clientId, secret: form.get('client_secret') ?? '' }
}

function readAssertion(form: Form): string {
  const type = form.get('client_assertion_type')
  const assertion = form.get('client_assertion')
  if (type === undefined) throw invalidRequest('client_assertion requires client_assertion_type')
  if (assertion === undefined) throw invalidRequest('client_assertion_type requires client_assertion')
  if (type !== assertionType) throw invalidClient(`client_assertion_type must be ${assertionType}`)
  return assertion
}
