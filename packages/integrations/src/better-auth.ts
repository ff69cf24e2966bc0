import { SealwrightError } from '@sealwright/core'
import { anObject, aString, must, optionsOf } from '@sealwright/core/internal'
import { signCompact } from '@sealwright/jws'
import type { KeyRing } from '@sealwright/keyring'
import { toExpJWT, type JwtOptions } from 'better-auth/plugins/jwt'
import { aKeyRing, checkLifetime, signerFor } from './shared/ring.ts'

/** Options of {@link ringJwt}. */
export interface RingJwtOptions {
  /** The absolute URL at which the JWK Set of the ring is served, for example with {@link jwksRoute}. */
  readonly jwksUrl: string
  /** One of the ring's algorithms that better-auth knows: EdDSA, ES256, ES512, PS256, RS256. Default: the ring's first. */
  readonly algorithm?: string | undefined
  /** The other options of the plugin's `jwt`, such as `issuer`, `audience` and `definePayload`. */
  readonly jwt?: Omit<NonNullable<JwtOptions['jwt']>, 'sign'> | undefined
}

const ringJwtOptions = optionsOf(
  {
    jwksUrl: must('an absolute URL', (value) => typeof value === 'string' && URL.canParse(value)),
    algorithm: aString,
    jwt: anObject,
  },
  ['jwksUrl'],
)

type KeyPairConfig = NonNullable<NonNullable<JwtOptions['jwks']>['keyPairConfig']>
type Jwk = NonNullable<
  Awaited<ReturnType<NonNullable<NonNullable<JwtOptions['adapter']>['getJwks']>>>
>[number]

const algorithms = ['EdDSA', 'ES256', 'ES512', 'PS256', 'RS256'] as const

/**
 * The options of better-auth's JWT plugin for the keys of a ring. The plugin signs and verifies (`verifyJWT`) with the
 * ring, and creates and stores no keys. Its own `/jwks` endpoint is off; serve the ring's JWK Set at `jwksUrl`.
 *
 * @throws SealwrightError `INVALID_ARGUMENT`, also for an `expirationTime` longer than the `tokenLifetime` of the ring's policy;
 *   `UNSUPPORTED_ALGORITHM` for an algorithm that better-auth does not know. Ed25519
 *   keys sign `Ed25519` by default: open the ring with `algorithms: ['EdDSA']`.
 *
 * @example
 * ```ts
 * import { ringJwt } from '@sealwright/integrations/better-auth'
 * import type { KeyRing } from '@sealwright/keyring'
 * import { betterAuth } from 'better-auth'
 * import { jwt } from 'better-auth/plugins/jwt'
 *
 * export function auth(ring: KeyRing) {
 *   const jwksUrl = 'https://auth.example.com/.well-known/jwks.json'
 *   return betterAuth({ plugins: [jwt(ringJwt(ring, { jwksUrl }))] })
 * }
 * ```
 */
export function ringJwt(ring: KeyRing, options: RingJwtOptions): JwtOptions {
  aKeyRing('ring', ring)
  ringJwtOptions('options', options)
  checkLifetime(ring, { iat: 0, exp: lifetimeOf(options.jwt?.expirationTime ?? defaultExpirationTime) })
  const alg = knownAlgorithm(signerFor(ring, options.algorithm).algorithm.name)
  return {
    jwks: { remoteUrl: options.jwksUrl, keyPairConfig: { alg } },
    jwt: {
      ...options.jwt,
      async sign(payload, header, { signingAlgorithm, signingKeyId } = {}) {
        const signer = signerFor(ring, signingAlgorithm ?? alg)
        if (signingKeyId !== undefined && signingKeyId !== signer.keyId) {
          throw new SealwrightError(
            'UNSUPPORTED_OPERATION',
            `the key ring chooses the key, now ${signer.keyId}; pin an algorithm instead of a key`,
          )
        }
        checkLifetime(ring, payload)
        // Users have members that JSON turns into text, such as dates.
        return signCompact(signer, JSON.stringify(payload), { typ: 'JWT', ...header, kid: signer.keyId })
      },
    },
    adapter: {
      getJwks: async () => publicKeysOf(ring),
      async createJwk() {
        throw new SealwrightError(
          'UNSUPPORTED_OPERATION',
          'the key ring creates the keys, not the JWT plugin',
        )
      },
    },
  }
}

/**
 * Returns a handler of Web requests, as in Next.js, Hono and SvelteKit, that responds with the JWK Set of a ring.
 *
 * @throws SealwrightError `INVALID_ARGUMENT`
 *
 * @example
 * ```ts
 * import { jwksRoute } from '@sealwright/integrations/better-auth'
 * import type { KeyRing } from '@sealwright/keyring'
 *
 * export const routes = (ring: KeyRing) => ({ GET: jwksRoute(ring) })
 * ```
 */
export function jwksRoute(ring: KeyRing): (request: Request) => Response {
  aKeyRing('ring', ring)
  return (request) => {
    const ifNoneMatch = request.headers.get('if-none-match') ?? undefined
    const { status, headers, body } = ring.jwksResponse({ ifNoneMatch })
    return new Response(body === '' ? null : body, { status, headers })
  }
}

/** That of better-auth. */
const defaultExpirationTime = '15m'

/** Seconds; undefined for a time that is not relative, which each token is checked for. */
function lifetimeOf(expirationTime: unknown): number | undefined {
  if (typeof expirationTime !== 'string') return undefined
  try {
    return toExpJWT(expirationTime, 0)
  } catch {
    // Not as the cause: it quotes the value.
    throw new SealwrightError('INVALID_ARGUMENT', "options.jwt.expirationTime must be a time such as '15m'")
  }
}

/** The keys that `verifyJWT` verifies with, as rows of the plugin's table. */
function publicKeysOf(ring: KeyRing): Jwk[] {
  return ring.jwks().keys.map((jwk) => ({
    id: jwk.kid,
    publicKey: JSON.stringify(jwk),
    privateKey: '',
    createdAt: new Date(0),
    ...(isKnown(jwk.alg) && { alg: jwk.alg }),
  }))
}

function knownAlgorithm(name: string): KeyPairConfig['alg'] {
  if (isKnown(name)) return name
  throw new SealwrightError(
    'UNSUPPORTED_ALGORITHM',
    `better-auth does not support ${name}; open the key ring with one of ${algorithms.join(', ')} in \`algorithms\``,
  )
}

function isKnown(name: string | undefined): name is KeyPairConfig['alg'] {
  return algorithms.some((each) => each === name)
}
