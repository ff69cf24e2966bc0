import { jwtHeader, jwtProblem } from '@sealwright/core/internal'
import {
  decodeJwt,
  errors,
  jwtVerify,
  type CryptoKey,
  type JWTHeaderParameters,
  type JWTPayload,
  type JWTVerifyOptions,
} from 'jose'
import type { Client } from '../settings/settings.ts'
import { verifiableAlgorithms } from '../settings/client-key.ts'
import type { ReplayStore } from '../replay/replay-store.ts'
import { createKeyFinder, type KeyFinder } from './assertion-keys.ts'
import { clockTolerance, maximumLifetime } from './assertion-times.ts'
import { createDecoyKeys, type DecoyKeys } from './decoy-keys.ts'
import { invalidClient, OAuthError } from './errors.ts'

/** RFC 7523 §2.2. */
export const assertionType = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'

export interface AssertionVerifierOptions {
  readonly clients: ReadonlyMap<string, Client>
  readonly clock: () => Date
  /** The assertions that were used. */
  readonly replays: ReplayStore
}

export interface Assertion {
  readonly jwt: string
  /** The `client_id` parameter, where the request has one. */
  readonly clientId: string | undefined
  /** The values that its `aud` may have: the issuer and the token endpoint (RFC 7523 §3). */
  readonly audience: readonly string[]
}

/** A client that signs assertions. */
interface AssertionClient {
  readonly client: Client
  readonly findKey: KeyFinder
}

/**
 * Verifies the assertions of private_key_jwt (RFC 7523 §3, OpenID Connect Core §9): signed with a key of the client, about
 * itself (`iss`, `sub`), for this server (`aud`), for a short time (`exp`), and used once (`jti`).
 *
 * Until the signature verifies, neither the answer nor the time it takes depends on whether the client exists.
 *
 * @returns a function that returns the client of an assertion, and throws OAuthError for one that is not valid
 */
export async function createAssertionVerifier(
  options: AssertionVerifierOptions,
): Promise<(assertion: Assertion) => Promise<Client>> {
  const { clock, replays } = options
  const clients = await assertionClients(options)
  const decoys = await createDecoyKeys(options.clients.values())

  return async ({ jwt, clientId, audience }) => {
    const claimedId = readSubject(jwt)
    const known = clients.get(claimedId)
    const whose = known === undefined ? {} : { clientId: claimedId }
    if (clientId !== undefined && clientId !== claimedId) {
      throw invalidClient('client_id is not the client that the assertion is about', whose)
    }
    const now = clock()
    const lookup = new KeyLookup(known?.findKey, decoys)
    const payload = await verify(jwt, lookup, whose, {
      algorithms: [...verifiableAlgorithms],
      // The same as its sub: clients make assertions about themselves only.
      issuer: claimedId,
      audience: [...audience],
      requiredClaims: ['exp', 'jti'],
      clockTolerance,
      currentDate: now,
    })
    if (known === undefined || lookup.problem !== null) throw untrusted(lookup.problem, whose)
    // Another server that gets an assertion for both could use it here (CVE-2025-27370).
    if (typeof payload.aud !== 'string') {
      throw invalidClient("the assertion's aud must be one string: the issuer or the token endpoint", whose)
    }
    const expires = payload.exp ?? Infinity
    if (expires > now.getTime() / 1000 + maximumLifetime + clockTolerance) {
      throw invalidClient(`the assertion expires more than ${maximumLifetime} seconds from now`, whose)
    }
    const forgotten = (expires + clockTolerance) * 1000
    await noteUse(replays, claimedId, payload.jti, forgotten)
    // The store may have forgotten an earlier use while this request waited for it.
    if (clock().getTime() >= forgotten) throw invalidClient('the assertion has expired', whose)
    return known.client
  }
}

async function assertionClients(
  options: AssertionVerifierOptions,
): Promise<ReadonlyMap<string, AssertionClient>> {
  const entries = [...options.clients.values()].map(async (client) => {
    if (client.jwks === null) return []
    const findKey = await createKeyFinder(client.jwks)
    return [[client.clientId, { client, findKey }] as const]
  })
  return new Map((await Promise.all(entries)).flat())
}

/** The client that the assertion names, to find its keys. The form is checked; the signature is not verified yet. */
function readSubject(jwt: string): string {
  const problem = jwtProblem(jwt)
  if (problem === 'not a JWT') throw invalidClient('the assertion is not a signed JWT')
  if (problem === 'ambiguous') {
    throw invalidClient("the assertion's header or claims are not a JSON object with each member once")
  }
  checkHeader(jwtHeader(jwt))
  const { sub } = decodeJwt(jwt)
  if (typeof sub !== 'string') throw invalidClient("the assertion's sub is missing or wrong")
  return sub
}

/** The media types of an assertion: any JWT, or that of draft-ietf-oauth-rfc7523bis. */
const assertionTypes = /^(?:application\/)?(?:jwt|client-authentication\+jwt)$/i

function checkHeader({ crit, typ }: Readonly<Record<string, unknown>>): void {
  if (crit !== undefined) {
    throw invalidClient("the assertion's crit names header parameters that this server does not support")
  }
  // Clients sign other JWTs with the same key, such as request objects and DPoP proofs (RFC 8725 §3.11).
  if (typ !== undefined && !(typeof typ === 'string' && assertionTypes.test(typ))) {
    throw invalidClient("the assertion's typ is that of another kind of JWT")
  }
}

const keyProblems = {
  'no client': 'the client is unknown or has no "jwks"',
  none: "none of the client's keys fits the assertion's alg and kid",
  several: "several of the client's keys fit the assertion; send the kid in its header",
} as const

/** Finds the key of one assertion: the client's, or a decoy. */
class KeyLookup {
  readonly #ofClient: KeyFinder | undefined
  readonly #decoys: DecoyKeys
  #found: { readonly key: CryptoKey; readonly alg: string } | null = null
  /** Why the decoy key is used; null if a real key was found. */
  problem: string | null = null

  /** @param ofClient undefined for an unknown client and one without keys */
  constructor(ofClient: KeyFinder | undefined, decoys: DecoyKeys) {
    this.#ofClient = ofClient
    this.#decoys = decoys
  }

  find(header: JWTHeaderParameters): CryptoKey {
    const decoy = this.#decoys.find(header.alg)
    const found = this.#ofClient === undefined ? 'no client' : this.#ofClient(header)
    if (typeof found === 'string') this.problem = keyProblems[found]
    const key = typeof found === 'string' ? decoy : found
    this.#found = { key, alg: header.alg }
    return key
  }

  /** Called when an assertion does not verify: takes the same time as for every other client. */
  async equalizeTime(jwt: string): Promise<void> {
    if (this.#found === null) return
    await this.#decoys.verifyWithOthers(jwt, this.#found.alg, this.#found.key)
  }
}

/** The verified claims. The reason for an invalid signature goes to the log only. */
async function verify(
  jwt: string,
  lookup: KeyLookup,
  whose: { readonly clientId?: string },
  options: JWTVerifyOptions,
): Promise<JWTPayload> {
  try {
    return (await jwtVerify(jwt, (header) => lookup.find(header), options)).payload
  } catch (cause) {
    if (cause instanceof errors.JWSSignatureVerificationFailed) {
      await lookup.equalizeTime(jwt)
      throw untrusted(lookup.problem ?? describe(cause), whose, cause)
    }
    throw invalidClient(describe(cause), { ...whose, cause })
  }
}

/** One response for every assertion that no key of a client has signed, so that it does not reveal which clients exist. */
function untrusted(
  reason: string | null,
  whose: { readonly clientId?: string },
  cause?: unknown,
): OAuthError {
  return invalidClient(
    'the client is unknown or the assertion is not signed with one of its keys; a client with several keys must send ' +
      'the kid in the header',
    { reason: reason ?? undefined, ...whose, cause },
  )
}

function describe(error: unknown): string {
  if (error instanceof errors.JWTExpired) return 'the assertion has expired'
  if (error instanceof errors.JWTClaimValidationFailed) {
    return `the assertion's ${error.claim} is missing or wrong`
  }
  if (error instanceof errors.JWSSignatureVerificationFailed)
    return "the assertion's signature does not verify"
  if (error instanceof errors.JOSEAlgNotAllowed) return "the assertion's alg is not accepted"
  return 'the assertion is not a signed JWT'
}

/** @throws OAuthError for a used assertion, and when the store cannot tell whether it was used */
async function noteUse(replays: ReplayStore, clientId: string, jti: unknown, expires: number): Promise<void> {
  if (typeof jti !== 'string' || jti === '' || jti.length > 256) {
    throw invalidClient("the assertion's jti must be a string of 1 to 256 characters", { clientId })
  }
  const use = await replays.use(clientId, jti, expires).catch((cause: unknown) => {
    throw unavailable('used assertions cannot be looked up', 1, { clientId, cause })
  })
  if (use.kind === 'replay') throw invalidClient('the assertion was used before', { clientId })
  if (use.kind === 'full') {
    throw unavailable('the client has sent too many assertions', use.retryAfter, { clientId })
  }
}

function unavailable(
  description: string,
  retryAfter: number,
  options: { readonly clientId: string; readonly cause?: unknown },
): OAuthError {
  return new OAuthError('temporarily_unavailable', description, {
    statusCode: 503,
    headers: { 'retry-after': String(retryAfter) },
    ...options,
  })
}
