import { createLocalJWKSet, decodeJwt, errors, jwtVerify, type JWTPayload } from 'jose'
import type { Client } from '../settings/settings.ts'
import { verifiableAlgorithms } from './client-key.ts'
import { invalidClient, OAuthError } from './errors.ts'
import { ReplayGuard } from './replay-guard.ts'

/** RFC 7523 §2.2. */
export const assertionType = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'

/** How far a client's clock may be off, in seconds. */
const clockTolerance = 30

/** How far ahead an assertion may expire, in seconds. Clients make one per request and need a minute. */
const maximumLifetime = 600

/** How many assertions of one client are remembered: more than 100 a second for as long as one may live. */
const rememberedAssertions = 100_000

export interface AssertionVerifierOptions {
  readonly clients: ReadonlyMap<string, Client>
  readonly clock: () => Date
}

export interface Assertion {
  readonly jwt: string
  /** The `client_id` parameter, where the request has one. */
  readonly clientId: string | undefined
  /** What its `aud` may name: the issuer and the token endpoint (RFC 7523 §3). */
  readonly audience: readonly string[]
}

/**
 * Verifies the assertions of private_key_jwt (RFC 7523 §3, OpenID Connect Core §9): signed by a key of the client, made
 * out by it (`iss`, `sub`) for this server (`aud`), for a short time (`exp`), and used once (`jti`).
 *
 * @returns a function that gives the client whose assertion it is, and throws OAuthError otherwise
 */
export function createAssertionVerifier(
  options: AssertionVerifierOptions,
): (assertion: Assertion) => Promise<Client> {
  const { clients, clock } = options
  const verifiers = new Map(
    [...clients.values()].flatMap((client) =>
      client.jwks === null
        ? []
        : [
            [
              client.clientId,
              {
                client,
                keys: createLocalJWKSet(client.jwks),
                // One for each client, so that one that floods it shuts out nobody else.
                replays: new ReplayGuard((maximumLifetime + 2 * clockTolerance) * 1000, rememberedAssertions),
              },
            ],
          ],
    ),
  )

  return async ({ jwt, clientId, audience }) => {
    const claimedId = readSubject(jwt)
    if (clientId !== undefined && clientId !== claimedId) {
      throw invalidClient('the assertion is by another client than client_id names')
    }
    const verifier = verifiers.get(claimedId)
    if (verifier === undefined)
      throw invalidClient('the client is unknown or has no keys to sign assertions with')

    const now = clock()
    const payload = await verify(jwt, verifier.keys, {
      algorithms: [...verifiableAlgorithms],
      // Which is its sub: the client makes assertions about itself alone.
      issuer: claimedId,
      audience: [...audience],
      requiredClaims: ['exp', 'jti'],
      clockTolerance,
      currentDate: now,
    })
    if ((payload.exp ?? Infinity) > now.getTime() / 1000 + maximumLifetime + clockTolerance) {
      throw invalidClient(`the assertion expires more than ${maximumLifetime} seconds from now`)
    }
    noteUse(verifier.replays, payload.jti, now)
    return verifier.client
  }
}

/** Who the assertion says it is by, to find the keys with; nothing is verified yet. */
function readSubject(jwt: string): string {
  let subject: unknown
  try {
    subject = decodeJwt(jwt).sub
  } catch (cause) {
    throw invalidClient('the assertion is not a signed JWT', cause)
  }
  if (typeof subject !== 'string') throw invalidClient("the assertion's sub is not as it must be")
  return subject
}

async function verify(
  jwt: string,
  keys: ReturnType<typeof createLocalJWKSet>,
  options: NonNullable<Parameters<typeof jwtVerify>[2]>,
): Promise<JWTPayload> {
  try {
    return (await jwtVerify(jwt, keys, options)).payload
  } catch (cause) {
    throw invalidClient(describe(cause), cause)
  }
}

function describe(error: unknown): string {
  if (error instanceof errors.JWTExpired) return 'the assertion has expired'
  if (error instanceof errors.JWTClaimValidationFailed) {
    return `the assertion's ${error.claim} is not as it must be`
  }
  if (error instanceof errors.JWSSignatureVerificationFailed)
    return "the assertion's signature does not verify"
  if (error instanceof errors.JWKSNoMatchingKey)
    return "none of the client's keys fits the assertion's alg and kid"
  if (error instanceof errors.JWKSMultipleMatchingKeys) {
    return "several of the client's keys fit the assertion; put the kid into its header"
  }
  if (error instanceof errors.JOSEAlgNotAllowed) return "the assertion's alg is not accepted"
  return 'the assertion is not a signed JWT'
}

function noteUse(replays: ReplayGuard, jti: unknown, now: Date): void {
  if (typeof jti !== 'string' || jti === '' || jti.length > 256) {
    throw invalidClient("the assertion's jti must be a string of 1 to 256 characters")
  }
  switch (replays.note(jti, now)) {
    case 'new':
      return
    case 'replayed':
      throw invalidClient('the assertion was used before')
    case 'full':
      throw new OAuthError('temporarily_unavailable', 'too many assertions by this client', {
        statusCode: 503,
        headers: { 'retry-after': '60' },
      })
  }
}
