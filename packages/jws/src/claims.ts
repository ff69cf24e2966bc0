import { SealwrightError } from '@sealwright/core'

/**
 * The claims of one token (RFC 7519 §4): those named here, and any other that JSON can carry. Times are NumericDates:
 * whole seconds since 1970.
 */
export interface JwtClaims {
  /** Set by the issuer. */
  readonly iss?: never
  /** The user, or for client credentials the client (RFC 9068 §2.2). */
  readonly sub?: string
  /** The OAuth client (RFC 8693 §4.3). */
  readonly client_id?: string
  /** Who the token is for. Default: the audience of the issuer. */
  readonly aud?: string | readonly string[]
  /** Default: the current time. */
  readonly iat?: number
  /** Default: `iat`. An earlier time allows for verifiers whose clocks are behind. */
  readonly nbf?: number
  /** Default: `iat` plus the lifetime of the issuer. */
  readonly exp?: number
  /** Default: 128 random bits. */
  readonly jti?: string
  /** When the user authenticated (OpenID Connect Core §2). */
  readonly auth_time?: number
  readonly [claim: string]: unknown
}

/** The longest validity of a token, in seconds: a year, so that a leaked token does not stay valid for ever. */
export const maximumLifetime: number = 366 * 24 * 60 * 60

/** Larger values are taken for milliseconds. Seconds reach this value in the year 5138; milliseconds reached it in 1973. */
export const maximumNumericDate: number = 1e11

/**
 * Checks the types of the claims that have a specified type: RFC 7519 §4.1, RFC 8693 §4.3, OpenID Connect Core §2
 * (`auth_time`).
 *
 * @throws SealwrightError `INVALID_ARGUMENT`; the message names the claim, never its value
 */
export function assertRegisteredClaims(claims: JwtClaims): void {
  // Written out instead of a loop over a table: this runs for every token, and reading a fixed name is nearly free.
  assertClaim('iss', claims.iss, () => 'is set by the issuer')
  assertClaim('sub', claims.sub, checkString)
  assertClaim('client_id', claims.client_id, checkString)
  assertClaim('jti', claims.jti, checkString)
  assertClaim('aud', claims.aud, checkAudience)
  assertClaim('iat', claims.iat, checkNumericDate)
  assertClaim('nbf', claims.nbf, checkNumericDate)
  assertClaim('exp', claims.exp, checkNumericDate)
  assertClaim('auth_time', claims.auth_time, checkNumericDate)
}

function assertClaim(name: string, value: unknown, check: (value: unknown) => string | null): void {
  if (value === undefined) return
  const problem = check(value)
  if (problem !== null) throw invalid(`claims.${name} ${problem}`)
}

/**
 * Checks that a token with these times is valid at some time, and for at most {@link maximumLifetime}.
 *
 * @throws SealwrightError `INVALID_ARGUMENT`
 */
export function assertTimes(iat: number, nbf: number, exp: number): void {
  if (exp <= iat || exp <= nbf) throw invalid('claims.exp must be after claims.iat and claims.nbf')
  if (exp - iat > maximumLifetime) {
    throw invalid(`claims.exp is more than ${maximumLifetime} seconds after claims.iat`)
  }
}

/** The problem with a claim that must be a string; null if there is none. */
function checkString(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? null : 'must be a string that is not empty'
}

/** Whether the value is an audience (RFC 7519 §4.1.3). */
export function isAudience(value: unknown): boolean {
  const audiences: readonly unknown[] = Array.isArray(value) ? value : [value]
  return audiences.length > 0 && audiences.every((audience) => checkString(audience) === null)
}

/** Completes the sentence "… must be". */
export const audienceRule = 'a string or a list of strings, none of them empty'

function checkAudience(value: unknown): string | null {
  return isAudience(value) ? null : `must be ${audienceRule}`
}

/** The problem with a NumericDate (RFC 7519 §2; here whole seconds only); null if there is none. */
export function checkNumericDate(value: unknown): string | null {
  if (typeof value !== 'number' || !Number.isInteger(value) || value < 0) {
    return 'must be a whole number of seconds since 1970'
  }
  return value > maximumNumericDate ? 'is not in seconds; it looks like milliseconds' : null
}

function invalid(message: string): SealwrightError {
  return new SealwrightError('INVALID_ARGUMENT', message)
}
