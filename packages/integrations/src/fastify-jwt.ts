import { KeyObject } from 'node:crypto'
import type { FastifyJWTOptions } from '@fastify/jwt'
import { aNonEmptyString, isRecord, jwtProblem, optionsOf } from '@sealwright/core/internal'
import { chooseKey, isRefusal, publicKeys, type PublicKeys } from './shared/public-keys.ts'

/** Options of {@link verifyOptions}. */
export interface VerifyOptions {
  /** The issuer of the tokens: their `iss`. */
  readonly issuer: string
  /** The API: `aud` must contain it. */
  readonly audience: string
  /** The keys of the issuer: its ring if this process issues the tokens, otherwise the URL of its JWK Set. */
  readonly keys: PublicKeys
  /** The header's `typ`. Default `at+jwt` (RFC 9068 §4), so that an ID token is not accepted as an access token. */
  readonly typ?: string | undefined
}

const optionsToVerify = optionsOf(
  { issuer: aNonEmptyString, audience: aNonEmptyString, keys: publicKeys, typ: aNonEmptyString },
  ['issuer', 'audience', 'keys'],
)

/** Seconds by which the clocks of the issuer and the API may differ. */
const clockTolerance = 60

/**
 * Returns the options of @fastify/jwt for tokens of an issuer whose keys rotate: `request.jwtVerify()` chooses the key
 * by the token's `kid`. The plugin can sign only with key material, so `reply.jwtSign()` does not work: issue tokens
 * with `createJwtIssuer` of `@sealwright/jws`.
 *
 * It knows Ed25519 keys by the algorithm `EdDSA` only: open the ring with `algorithms: ['EdDSA']`.
 *
 * @throws SealwrightError `INVALID_ARGUMENT`
 *
 * @example
 * ```ts
 * import fastifyJwt from '@fastify/jwt'
 * import { verifyOptions } from '@sealwright/integrations/fastify-jwt'
 * import Fastify from 'fastify'
 *
 * const app = Fastify()
 * app.register(
 *   fastifyJwt,
 *   verifyOptions({
 *     issuer: 'https://auth.example.com',
 *     audience: 'https://api.example.com',
 *     keys: new URL('https://auth.example.com/.well-known/jwks.json'),
 *   }),
 * )
 * app.get('/me', { onRequest: (request) => request.jwtVerify() }, (request) => request.user)
 * ```
 */
export function verifyOptions(options: VerifyOptions): FastifyJWTOptions {
  optionsToVerify('options', options)
  const { issuer, audience, keys, typ = 'at+jwt' } = options
  const choose = chooseKey(keys)
  return {
    secret: {
      async public(_request: unknown, token: unknown) {
        // `input` is the text that is signed.
        const { header: given, input, signature } = isRecord(token) ? token : {}
        const header = isRecord(given) ? given : {}
        // The plugin accepts a token that another program can read in a different way.
        if (jwtProblem(`${String(input)}.${String(signature)}`) !== null)
          throw new TokenError(401, 'the token is not valid here')
        if (mediaType(header['typ']) !== mediaType(typ))
          throw new TokenError(401, `the token's typ is not ${typ}`)
        const { alg, kid } = header
        try {
          const key = await choose({ alg: String(alg), ...(typeof kid === 'string' && { kid }) })
          // The plugin keeps a verifier for each text.
          return KeyObject.from(key).export({ type: 'spki', format: 'pem' }).toString()
        } catch (error) {
          if (isRefusal(error))
            throw new TokenError(401, 'the issuer has no key for the token', { cause: error })
          throw new TokenError(503, 'the keys of the issuer cannot be read', { cause: error })
        }
      },
    },
    decode: { complete: true },
    verify: {
      allowedIss: issuer,
      allowedAud: audience,
      clockTolerance: clockTolerance * 1_000,
      // It does not check claims that are absent.
      requiredClaims: ['iss', 'aud', 'exp'],
    },
  }
}

/** RFC 7515 §4.1.9: a media type, whose `application/` may be left out. */
function mediaType(typ: unknown): string | null {
  return typeof typ === 'string' ? typ.toLowerCase().replace(/^application\//, '') : null
}

/** Fastify answers with its `statusCode`. */
class TokenError extends Error {
  readonly statusCode: 401 | 503

  constructor(statusCode: TokenError['statusCode'], message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'TokenError'
    this.statusCode = statusCode
  }
}
