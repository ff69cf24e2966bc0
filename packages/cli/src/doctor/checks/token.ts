import { createLocalJWKSet, errors, jwtVerify, type JSONWebKeySet } from 'jose'
import { describeToken, type TokenDescription } from '../../inspect/token-description.ts'
import { timeText } from '../../time.ts'
import { finding, type Finding } from '../report/finding.ts'
import { skipped, step, type Step } from '../report/step.ts'
import { certificateOf } from './certificates.ts'
import type { PublishedKey } from './jwk-set.ts'

/** What a token is compared with. */
export interface TokenExpectations {
  readonly issuer: string
  /** Null where there is no JWK Set. */
  readonly keys: readonly PublishedKey[] | null
  /** Of the rotation policy, in seconds; undefined where the user does not say. */
  readonly tokenLifetime: number | undefined
  readonly clockSkew: number
  readonly now: Date
}

/** Verifies a token as an API does, and compares it with the rotation policy. */
export async function examineToken(token: string, expectations: TokenExpectations): Promise<Step> {
  const { keys } = expectations
  const description = describeToken(token)
  if (description === null) {
    return skipped('token', 'the access token is not a JWT: only the issuer can verify it')
  }
  const { alg, kid } = description.header
  const summary = `signed with ${shown(alg)} by ${typeof kid === 'string' ? shown(kid) : 'a key without kid'}`
  if (alg === 'none' || String(alg).startsWith('HS')) {
    return step('token', summary, [finding('token-not-signed', 'token', `its alg is ${shown(alg)}`)])
  }
  return step('token', summary, [
    ...claimFindings(description, expectations),
    ...(keys === null ? [] : await keyFindings(token, description, keys, expectations)),
  ])
}

/**
 * Whether the JWK Set verifies the signature. The claims are another matter.
 *
 * @returns null where jose does not know the algorithm
 */
export async function verifies(token: string, keys: readonly PublishedKey[]): Promise<boolean | null> {
  try {
    await jwtVerify(token, createLocalJWKSet(jwksOf(keys)), { currentDate: new Date(0) })
    return true
  } catch (error) {
    // Claims are looked at after the signature.
    if (error instanceof errors.JWTExpired || error instanceof errors.JWTClaimValidationFailed) return true
    if (error instanceof errors.JOSENotSupported) return null
    if (error instanceof errors.JOSEError || error instanceof TypeError) return false
    throw error
  }
}

async function keyFindings(
  token: string,
  { header, claims }: TokenDescription,
  keys: readonly PublishedKey[],
  { now }: TokenExpectations,
): Promise<readonly Finding[]> {
  const { alg, kid } = header
  if (typeof kid !== 'string' && keys.length > 1) {
    return [finding('token-no-kid', 'token', `it has no kid, and the JWK Set has ${keys.length} keys`)]
  }
  const candidates = keys.filter((each) => typeof kid !== 'string' || each.kid === kid || keys.length === 1)
  const [key] = candidates
  if (key === undefined || (typeof kid === 'string' && key.kid !== null && key.kid !== kid)) {
    const known = keys.map(({ where }) => where).join(', ')
    return [
      finding(
        'token-kid-unknown',
        'token',
        `its kid is ${shown(kid)}; the JWK Set has ${known === '' ? 'none' : known}`,
      ),
    ]
  }
  const fitting = candidates.filter(({ jwk }) => typeof jwk['alg'] !== 'string' || jwk['alg'] === alg)
  if (fitting.length === 0) {
    return [
      finding(
        'token-alg-mismatch',
        `key ${key.where}`,
        `the token has ${shown(alg)}, and the JWK has ${shown(key.jwk['alg'])}`,
      ),
    ]
  }
  // Two keys with the same kid have their own finding. It does not say whether one of them verifies the token.
  const readable = fitting.filter(({ publicKey }) => publicKey !== null)
  if (readable.length === 0) return []
  const verdicts = await Promise.all(readable.map((each) => verifies(token, [each])))
  const own = readable.find((_, index) => verdicts[index] === true)
  const { exp } = claims
  const end = certificateOf(own ?? key)?.validTo
  return [
    ...(verdicts.some((verdict) => verdict !== false)
      ? []
      : [
          finding(
            'token-signature-invalid',
            `key ${key.where}`,
            'the published key does not verify the signature',
          ),
        ]),
    ...(end !== undefined && typeof exp === 'number' && new Date(end) > now && exp * 1_000 > Date.parse(end)
      ? [
          finding(
            'token-outlives-certificate',
            `key ${key.where}`,
            `the token expires at ${timeText(exp)}, and the certificate at ${new Date(end).toISOString()}`,
          ),
        ]
      : []),
  ]
}

function problem(id: Finding['id'], what: string): Finding {
  return finding(id, 'token', what)
}

function claimFindings(
  { claims }: TokenDescription,
  { issuer, tokenLifetime, clockSkew, now }: TokenExpectations,
): readonly Finding[] {
  const { iss, aud, exp, nbf, iat } = claims
  const seconds = now.getTime() / 1_000
  const lifetime = lifetimeOf(claims)
  return [
    ...(iss === issuer
      ? []
      : [
          problem(
            'token-issuer-mismatch',
            `its iss is ${shown(JSON.stringify(iss ?? null))}, not ${JSON.stringify(issuer)}`,
          ),
        ]),
    ...(typeof exp === 'number' ? [] : [problem('token-no-expiry', 'it has no exp')]),
    ...(aud === undefined ? [problem('token-no-audience', 'it has no aud')] : []),
    ...(typeof exp === 'number' && exp + clockSkew < seconds
      ? [problem('token-time-invalid', `it expired at ${timeText(exp)}`)]
      : []),
    ...Object.entries({ nbf, iat }).flatMap(([name, time]) =>
      typeof time === 'number' && time - clockSkew > seconds
        ? [problem('token-time-invalid', `its ${name} is ${timeText(time)}, in the future`)]
        : [],
    ),
    ...(lifetime !== null && tokenLifetime !== undefined && lifetime > tokenLifetime
      ? [
          problem(
            'token-outlives-policy',
            `it is valid for ${lifetime} s, and the rotation policy has ${tokenLifetime} s`,
          ),
        ]
      : []),
  ]
}

/** From `iat` to `exp`, in seconds; null where one of them is missing. */
export function lifetimeOf({ exp, iat }: Readonly<Record<string, unknown>>): number | null {
  return typeof exp === 'number' && typeof iat === 'number' ? Math.ceil(exp - iat) : null
}

/** A server may send long values. */
function shown(value: unknown): string {
  return String(value).slice(0, 200)
}

/** The parts of the keys that jose needs. */
function jwksOf(keys: readonly PublishedKey[]): JSONWebKeySet {
  return {
    keys: keys
      .filter(({ publicKey }) => publicKey !== null)
      .map(({ jwk }) => ({ ...jwk, kty: String(jwk['kty']) })),
  }
}
