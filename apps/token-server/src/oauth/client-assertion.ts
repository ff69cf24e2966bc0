import {
  createLocalJWKSet,
  decodeJwt,
  errors,
  jwtVerify,
  type JWTPayload,
  type JWTVerifyGetKey,
  type JWTVerifyOptions,
} from 'jose'
import type { Client } from '../settings/settings.ts'
import { verifiableAlgorithms } from '../settings/client-key.ts'
import { createDecoyKeys } from './decoy-keys.ts'
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
  /** What its `aud` may be, one of them: the issuer and the token endpoint (RFC 7523 §3). */
  readonly audience: readonly string[]
}

/**
 * Verifies the assertions of private_key_jwt (RFC 7523 §3, OpenID Connect Core §9): signed by a key of the client, made
 * out by it (`iss`, `sub`) for this server (`aud`), for a short time (`exp`), and used once (`jti`).
 *
 * Until the signature verifies, the answer and the time it takes do not depend on whether there is such a client.
 *
 * @returns a function that gives the client whose assertion it is, and throws OAuthError otherwise
 */
export function createAssertionVerifier(
  options: AssertionVerifierOptions,
): (assertion: Assertion) => Promise<Client> {
  const { clients, clock } = options
  const decoyFor = createDecoyKeys()
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
    // Why a decoy is in the place of a key; null while none is.
    const lookup: { problem: string | null } = { problem: null }
    const findKey: JWTVerifyGetKey = async (header, token) => {
      try {
        if (verifier !== undefined) return await verifier.keys(header, token)
        lookup.problem = 'the client is unknown or has no keys to sign assertions with'
      } catch (error) {
        lookup.problem = describe(error)
      }
      return decoyFor(header.alg)
    }

    const now = clock()
    const payload = await verify(jwt, findKey, lookup, {
      algorithms: [...verifiableAlgorithms],
      // Which is its sub: the client makes assertions about itself alone.
      issuer: claimedId,
      audience: [...audience],
      requiredClaims: ['exp', 'jti'],
      clockTolerance,
      currentDate: now,
    })
    if (verifier === undefined || lookup.problem !== null) throw untrusted(lookup.problem)
    // One that is good elsewhere too could have been got by the other server to be used here (CVE-2025-27370).
    if (typeof payload.aud !== 'string') {
      throw invalidClient("the assertion's aud must be one string, the issuer or the token endpoint")
    }
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
    throw invalidClient('the assertion is not a signed JWT', { cause })
  }
  if (typeof subject !== 'string') throw invalidClient("the assertion's sub is not as it must be")
  return subject
}

/** The verified claims; what is behind a signature that does not verify is for the log alone. */
async function verify(
  jwt: string,
  findKey: JWTVerifyGetKey,
  lookup: { readonly problem: string | null },
  options: JWTVerifyOptions,
): Promise<JWTPayload> {
  try {
    return (await jwtVerify(jwt, findKey, options)).payload
  } catch (cause) {
    if (cause instanceof errors.JWSSignatureVerificationFailed) {
      throw untrusted(lookup.problem ?? describe(cause), cause)
    }
    throw invalidClient(describe(cause), { cause })
  }
}

/** One answer for every assertion that no key vouches for, so that nobody learns which clients there are. */
function untrusted(reason: string | null, cause?: unknown): OAuthError {
  return invalidClient(
    'the client is unknown or the assertion is not signed with a key of it; a client with several keys puts the kid ' +
      'into the header',
    { reason: reason ?? undefined, cause },
  )
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
