import { createHash, type KeyObject, type X509Certificate } from 'node:crypto'
import { decodeProtectedHeader, jwtVerify } from 'jose'

/** What a service knows of an application. */
export interface Registration {
  readonly clientId: string
  readonly publicKey: KeyObject
  /** What `aud` has to be, if the service reads it. */
  readonly audience?: string
  /** The certificate that was uploaded. */
  readonly certificate?: X509Certificate
  /** The ID of the key at the service. */
  readonly keyId?: string
  readonly subject?: string
  readonly scope?: string
}

/** What a service documents of the assertions that it accepts. */
interface Rules {
  /** The public page that says so. */
  readonly page: string
  readonly algorithms: readonly string[]
  /** The members of the header beside `alg`: these and no others. */
  readonly header: (registered: Registration) => Readonly<Record<string, string | undefined>>
  /** The claims: these and no others. */
  readonly claims: readonly string[]
  /** The latest `exp`, in seconds from the given start. */
  readonly latest: { readonly from: 'now' | 'iat' | 'nbf'; readonly seconds: number }
  /** Whether `jti` is a UUID. */
  readonly hasUuid?: true
  /** The longest value of `iss`, `sub` and `jti`, if there is a limit. */
  readonly maximumLength?: number
}

const clientClaims = ['iss', 'sub', 'aud', 'jti', 'exp']
const withKeyId = ({ keyId }: Registration): Readonly<Record<string, string | undefined>> => ({
  typ: 'JWT',
  kid: keyId,
})
const rs = ['RS256', 'RS384', 'RS512']
const ps = ['PS256', 'PS384', 'PS512']
const es = ['ES256', 'ES384', 'ES512']

export type ServiceName =
  | 'auth0'
  | 'entra'
  | 'gitHubApp'
  | 'googleServiceAccount'
  | 'keycloak'
  | 'okta'
  | 'privateKeyJwt'
  | 'smartBackend'

/** By the name of the preset. */
export const services: Readonly<Record<ServiceName, Rules>> = {
  entra: {
    page: 'https://learn.microsoft.com/entra/identity-platform/certificate-credentials',
    algorithms: ['PS256'],
    header: ({ certificate }) => ({
      typ: 'JWT',
      'x5t#S256': createHash('sha256')
        .update(certificate?.raw ?? '')
        .digest('base64url'),
    }),
    claims: [...clientClaims, 'nbf', 'iat'],
    latest: { from: 'nbf', seconds: 600 },
    hasUuid: true,
  },
  gitHubApp: {
    page: 'https://docs.github.com/en/apps/creating-github-apps/authenticating-with-a-github-app/generating-a-json-web-token-jwt-for-a-github-app',
    algorithms: ['RS256'],
    header: () => ({ typ: 'JWT' }),
    claims: ['iss', 'iat', 'exp'],
    latest: { from: 'now', seconds: 600 },
  },
  googleServiceAccount: {
    page: 'https://developers.google.com/identity/protocols/oauth2/service-account',
    algorithms: ['RS256'],
    header: withKeyId,
    claims: ['iss', 'aud', 'scope', 'iat', 'exp'],
    latest: { from: 'iat', seconds: 3600 },
  },
  smartBackend: {
    page: 'https://hl7.org/fhir/smart-app-launch/client-confidential-asymmetric.html',
    algorithms: ['RS384', 'ES384'],
    header: withKeyId,
    claims: clientClaims,
    latest: { from: 'now', seconds: 300 },
  },
  privateKeyJwt: {
    page: 'https://openid.net/specs/openid-connect-core-1_0.html#ClientAuthentication',
    algorithms: [...rs, ...ps, ...es, 'ES256K', 'Ed25519', 'EdDSA', 'ML-DSA-44', 'ML-DSA-65', 'ML-DSA-87'],
    header: withKeyId,
    claims: [...clientClaims, 'iat'],
    latest: { from: 'now', seconds: 3600 },
  },
  auth0: {
    page: 'https://auth0.com/docs/get-started/authentication-and-authorization-flow/authenticate-with-private-key-jwt',
    algorithms: ['RS256', 'RS384', 'PS256'],
    header: withKeyId,
    claims: [...clientClaims, 'iat'],
    latest: { from: 'now', seconds: 300 },
    hasUuid: true,
    maximumLength: 64,
  },
  okta: {
    page: 'https://developer.okta.com/docs/guides/build-self-signed-jwt/main/',
    algorithms: [...rs, ...es],
    header: withKeyId,
    claims: clientClaims,
    latest: { from: 'now', seconds: 3600 },
  },
  keycloak: {
    page: 'https://www.keycloak.org/docs/latest/server_admin/#_client-credentials',
    algorithms: [...rs, ...ps, ...es, 'EdDSA'],
    header: withKeyId,
    claims: [...clientClaims, 'iat'],
    latest: { from: 'iat', seconds: 60 },
  },
}

/** Why a service refuses an assertion. */
export class Refusal extends Error {}

/** Checks assertions as strictly as one service documents it. It shares no code with what it checks. */
export class Verifier {
  readonly #rules: Rules
  readonly #registered: Registration
  readonly #seen = new Set<string>()

  constructor(service: ServiceName, registered: Registration) {
    this.#rules = services[service]
    this.#registered = registered
  }

  /** @throws Refusal */
  async verify(assertion: string, now: Date = new Date()): Promise<void> {
    const { algorithms, header, claims, latest, maximumLength = Infinity } = this.#rules
    const { clientId, publicKey, audience, subject = clientId, scope } = this.#registered
    try {
      const { alg, ...others } = decodeProtectedHeader(assertion)
      same('alg', algorithms.includes(alg ?? ''), true)
      same('header', sorted(others), sorted(header(this.#registered)))
      const { payload } = await jwtVerify(assertion, publicKey, {
        algorithms: [...algorithms],
        issuer: clientId,
        currentDate: now,
        clockTolerance: 0,
        requiredClaims: [...claims],
      })
      const { sub, aud, jti, iat, nbf, exp = Infinity, ...rest } = payload
      const expected = subject === clientId ? claims : [...claims, 'sub']
      same('claims', Object.keys(payload).toSorted(), [...new Set(expected)].toSorted())
      if (expected.includes('sub')) same('sub', sub, subject)
      if (claims.includes('aud')) same('aud', aud, audience)
      if (claims.includes('scope')) same('scope', rest['scope'], scope)
      const seconds = Math.floor(now.getTime() / 1000)
      const start = { now: seconds, iat: iat ?? NaN, nbf: nbf ?? NaN }[latest.from]
      if (!(exp <= start + latest.seconds))
        throw new Refusal(`exp is more than ${latest.seconds} s after ${latest.from}`)
      if (iat !== undefined && iat > seconds) throw new Refusal('iat is in the future')
      const tooLong = ['iss', 'sub', 'jti'].find((name) => String(payload[name]).length > maximumLength)
      if (tooLong !== undefined) throw new Refusal(`${tooLong} is too long`)
      if (claims.includes('jti')) this.#useOnce(jti)
    } catch (error) {
      throw error instanceof Refusal
        ? error
        : new Refusal(error instanceof Error ? error.message : 'malformed')
    }
  }

  #useOnce(jti: string | undefined): void {
    // 22 characters of base64url are 132 bits.
    if (jti === undefined || !/^[\w-]{22,}$/.test(jti)) throw new Refusal('jti has too few bits')
    if (this.#rules.hasUuid && !/^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/i.test(jti)) {
      throw new Refusal('jti is not a UUID')
    }
    if (this.#seen.has(jti)) throw new Refusal('jti was used before')
    this.#seen.add(jti)
  }
}

function same(name: string, actual: unknown, expected: unknown): void {
  if (JSON.stringify(actual) !== JSON.stringify(expected)) throw new Refusal(`${name} is wrong`)
}

/** The members that are not undefined, by name. */
function sorted(members: object): unknown {
  return Object.entries(members)
    .filter(([, value]) => value !== undefined)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
}
