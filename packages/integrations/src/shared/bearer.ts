import { isSealwrightError, SealwrightError } from '@sealwright/core'
import {
  aFunction,
  aNonEmptyString,
  aString,
  aWholeNumber,
  bearerToken,
  careful,
  jwtProblem,
  listOf,
  must,
  optionsOf,
  type RequestHeaders,
} from '@sealwright/core/internal'
import { errors, jwtVerify, type JWTPayload, type JWTVerifyOptions } from 'jose'
import { chooseKey, isRefusal, publicKeys, type PublicKeys } from './public-keys.ts'

/** The access tokens that an API accepts (RFC 9068 §4). */
export interface TokenOptions {
  /** Who issues them: their `iss`. */
  readonly issuer: string
  /** The API: `aud` must contain one of these. */
  readonly audience: string | readonly string[]
  /** The keys of the issuer: its ring if this process issues the tokens, otherwise the URL of its JWK Set. */
  readonly keys: PublicKeys
  /** The header's `typ`. Default `at+jwt`, so that an ID token is not accepted as an access token. */
  readonly typ?: string | undefined
  /**
   * The JOSE algorithms to accept. Default: those of the keys in the JWK Set. `EdDSA` and `Ed25519` are two names of
   * one algorithm, and a list with one of them refuses the other.
   */
  readonly algorithms?: readonly string[] | undefined
  /** Seconds by which the clocks of the issuer and the API may differ. Default 60. */
  readonly clockTolerance?: number | undefined
  /**
   * Called with the reason when the keys of the issuer cannot be read and the response is 503. What it throws or rejects with is
   * ignored.
   */
  readonly onUnavailable?: ((error: unknown) => unknown) | undefined
}

const tokenOptions = optionsOf(
  {
    issuer: aNonEmptyString,
    audience: must('a string or a list of strings, none of them empty', isAudience),
    keys: publicKeys,
    typ: aNonEmptyString,
    algorithms: listOf(aString),
    clockTolerance: aWholeNumber(0, 600, 'seconds'),
    onUnavailable: aFunction,
  },
  ['issuer', 'audience', 'keys'],
)

/** An HTTP response to a request without a valid token (RFC 6750 §3). */
export class Refusal {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  /** Why the keys cannot be read; undefined if the token is at fault. */
  readonly cause: unknown

  constructor(status: number, headers: Readonly<Record<string, string>>, cause?: unknown) {
    this.status = status
    this.cause = cause
    this.headers = { 'cache-control': 'no-store', ...headers }
  }
}

/** Verifies the token of a request: its claims, or how to refuse the request. */
export type TokenVerifier = (request: RequestHeaders) => Promise<JWTPayload | Refusal>

/** @throws SealwrightError `INVALID_ARGUMENT` */
export function tokenVerifier(options: TokenOptions): TokenVerifier {
  tokenOptions('options', options)
  const { issuer, audience, keys, typ = 'at+jwt', algorithms, clockTolerance = 60 } = options
  const choose = chooseKey(keys)
  const expected: JWTVerifyOptions = {
    issuer,
    audience: typeof audience === 'string' ? audience : [...audience],
    typ,
    clockTolerance,
    requiredClaims: ['iss', 'aud', 'exp'],
    ...(algorithms !== undefined && { algorithms: [...algorithms] }),
  }
  const onUnavailable = careful(options.onUnavailable)
  return async (request) => {
    const read = bearerToken(request)
    if (read.token === null)
      return read.problem === null ? challenge(401) : challenge(400, 'invalid_request', read.problem)
    const { token } = read
    // jose accepts a token that another program can read in a different way.
    if (jwtProblem(token) !== null) return invalidToken(notValid)
    try {
      const { payload } = await jwtVerify(token, choose, expected)
      return payload
    } catch (error) {
      if (!isRefusal(error)) {
        onUnavailable(error)
        return withoutKeys(error)
      }
      return invalidToken(error instanceof errors.JWTExpired ? 'the token has expired' : notValid)
    }
  }
}

const notValid = 'the token is not valid here'

function invalidToken(description: string): Refusal {
  return challenge(401, 'invalid_token', description)
}

function challenge(status: number, error?: string, description?: string): Refusal {
  const parameters = error === undefined ? '' : `, error="${error}", error_description="${description}"`
  // RFC 6750 §3 requires a parameter, and §3.1 allows no error for a request without a token.
  return new Refusal(status, { 'www-authenticate': `Bearer realm="api"${parameters}` })
}

/** The token may be valid: the client tries again. */
function withoutKeys(error: unknown): Refusal {
  const seconds = isSealwrightError(error) ? (error.retryAfter ?? 5) : 5
  return new Refusal(503, { 'retry-after': String(seconds) }, error)
}

const claims = new WeakMap<object, JWTPayload>()

/** Remembers the claims of a request's token. */
export function setClaims(request: object, payload: JWTPayload): void {
  claims.set(request, payload)
}

/** @throws SealwrightError `INVALID_ARGUMENT` for a request whose token was not verified */
export function getClaims(request: object): JWTPayload {
  const found = typeof request === 'object' ? claims.get(request) : undefined
  if (found !== undefined) return found
  throw new SealwrightError(
    'INVALID_ARGUMENT',
    'the token of this request was not verified; add requireToken before this handler',
  )
}

function isAudience(value: unknown): boolean {
  const audiences: readonly unknown[] = Array.isArray(value) ? value : [value]
  return audiences.length > 0 && audiences.every((each) => typeof each === 'string' && each !== '')
}
