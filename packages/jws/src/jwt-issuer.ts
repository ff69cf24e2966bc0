import { createHash } from 'node:crypto'
import {
  chooseAlgorithm,
  isSyncSigner,
  SealwrightError,
  type SignatureAlgorithm,
  type Signer,
  type SigningKey,
  type SignOptions,
} from '@sealwright/core'
import {
  aBoolean,
  aFunction,
  aNonEmptyString,
  aSignerOrSigningKey,
  aString,
  aWholeNumber,
  isTokenSignerSource,
  must,
  optionsOf,
  signOptions,
  tokenSigner,
  type TokenSignerSource,
} from '@sealwright/core/internal'
import { audienceRule, isAudience, maximumLifetime, type JwtClaims } from './claims.ts'
import { assertSyncSigner, finish, InputBuffer, signingInput, toBytes } from './compact.ts'
import { encodeHeader, type JwsHeader } from './header.ts'
import { stringifyObject } from './json.ts'
import { PayloadEncoder } from './payload.ts'

/** Options of {@link createJwtIssuer}. */
export interface JwtIssuerOptions {
  /** The `iss` of every token: the URL whose metadata names the JWK Set (RFC 8414 §2). */
  readonly issuer: string
  /** The `aud` of tokens whose claims have none. */
  readonly audience?: string | readonly string[] | undefined
  /** Seconds from `iat` to `exp` for tokens whose claims have no `exp`: above 0, at most 366 days. Default 3600. */
  readonly lifetime?: number | undefined
  /** The header's `typ`. Default `at+jwt` (RFC 9068 §2.1). */
  readonly typ?: string | undefined
  /** A JOSE `alg` that the key supports. Default: the key's own. */
  readonly algorithm?: string | undefined
  /** Puts the certificates into every header (RFC 7515 §4.1.6). Default false: certificates belong in the JWK Set. */
  readonly x5c?: boolean | undefined
  /** Puts the certificate's SHA-256 thumbprint into every header (RFC 7515 §4.1.8). Default false. */
  readonly x5tS256?: boolean | undefined
  /** Returns the current time. Default: this machine's clock. */
  readonly clock?: (() => Date) | undefined
}

/** Issues JSON Web Tokens (RFC 7519) for one issuer, with one key and one algorithm. */
export interface JwtIssuer {
  /** The algorithm of every token. */
  readonly algorithm: SignatureAlgorithm
  /** The `kid` of every token. */
  readonly keyId: string
  /** Whether {@link issueSync} works: the key must be in this process's memory. */
  readonly canIssueSync: boolean
  /**
   * Issues a token with the given claims and `iss`, `aud`, `iat`, `nbf`, `exp` and `jti`.
   *
   * @param claims may replace all of these but `iss`. A claim that JSON cannot represent, such as undefined, is refused and never
   *   left out.
   * @param options.signal as for {@link Signer.sign}
   * @throws SealwrightError `INVALID_ARGUMENT`, naming the claim, before anything is signed; or what the signer throws
   */
  issue(claims: JwtClaims, options?: SignOptions): Promise<string>
  /**
   * As {@link issue}, synchronously. It blocks the event loop while it signs.
   *
   * @throws SealwrightError `UNSUPPORTED_OPERATION` when the key is not in this process's memory; or as {@link issue}
   */
  issueSync(claims: JwtClaims): string
}

/**
 * Creates an issuer that signs with a key from a store, or with a signer, which has no certificate.
 *
 * @throws SealwrightError `INVALID_ARGUMENT` for malformed options, or `x5c` or `x5tS256` without a certificate;
 *   `UNSUPPORTED_ALGORITHM` when the key does not support the algorithm
 *
 * @example
 * ```ts
 * import { createLocalSigner } from '@sealwright/core'
 * import { createJwtIssuer } from '@sealwright/jws'
 * import { generateKeyPairSync } from 'node:crypto'
 *
 * const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
 * const issuer = createJwtIssuer(createLocalSigner(privateKey), {
 *   issuer: 'https://auth.example.com',
 *   audience: 'https://api.example.com',
 * })
 * const token = await issuer.issue({ sub: 'alice', client_id: 'shop', scope: 'read' })
 * ```
 */
export function createJwtIssuer(key: SigningKey | Signer, options: JwtIssuerOptions): JwtIssuer {
  aSignerOrSigningKey('key', key)
  jwtIssuerOptions('options', options)
  const { issuer, audience, lifetime = 3600, typ = 'at+jwt' } = options
  // Refuses text with a lone surrogate.
  stringifyObject({ issuer, audience: audience ?? null }, 'options')
  const signer = chooseSigner(key, options.algorithm)
  const header = encodeHeader(signer.algorithm, {
    typ,
    kid: signer.keyId,
    ...certificateHeader(key, options),
  })
  return new Issuer(signer, header, new PayloadEncoder({ issuer, audience, lifetime, clock: options.clock }))
}

const jwtIssuerOptions = optionsOf(
  {
    issuer: aNonEmptyString,
    audience: must(audienceRule, isAudience),
    lifetime: aWholeNumber(1, maximumLifetime, 'seconds'),
    typ: aNonEmptyString,
    algorithm: aString,
    x5c: aBoolean,
    x5tS256: aBoolean,
    clock: aFunction,
  },
  ['issuer'],
)

class Issuer implements JwtIssuer {
  readonly algorithm: SignatureAlgorithm
  readonly keyId: string
  readonly canIssueSync: boolean
  readonly #signer: Signer
  readonly #tokens: TokenSignerSource | null
  readonly #header: string
  /** What every token begins with. */
  readonly #prefix: string
  readonly #payloads: PayloadEncoder
  readonly #syncInput: InputBuffer

  constructor(signer: Signer, header: string, payloads: PayloadEncoder) {
    this.algorithm = signer.algorithm
    this.keyId = signer.keyId
    this.canIssueSync = isSyncSigner(signer)
    this.#signer = signer
    this.#tokens = isTokenSignerSource(signer) ? signer : null
    this.#header = header
    this.#prefix = `${header}.`
    this.#payloads = payloads
    this.#syncInput = new InputBuffer(header)
  }

  // Not async: that would wrap the promise of a token signer in a second one.
  issue(claims: JwtClaims, options?: SignOptions): Promise<string> {
    try {
      if (options !== undefined) signOptions('options', options)
      const tokens = this.#tokens?.[tokenSigner]() ?? null
      return tokens === null
        ? this.#issue(claims, options)
        : tokens.signToken(this.#prefix, this.#payloads.text(claims), options)
    } catch (error) {
      return Promise.reject(error)
    }
  }

  async #issue(claims: JwtClaims, options: SignOptions | undefined): Promise<string> {
    const input = signingInput(this.#header, this.#payloads.encode(claims))
    return finish(input, await this.#signer.sign(toBytes(input), options))
  }

  issueSync(claims: JwtClaims): string {
    const signer = this.#signer
    assertSyncSigner(signer)
    const payload = this.#payloads.encode(claims)
    const signature = signer.signSync(this.#syncInput.fill(payload))
    return finish(signingInput(this.#header, payload), signature)
  }
}

function chooseSigner(key: SigningKey | Signer, algorithm: string | undefined): Signer {
  if ('signer' in key) return key.signer(algorithm)
  chooseAlgorithm([key.algorithm], algorithm)
  return key
}

/** The header members that the options `x5c` and `x5tS256` ask for. */
function certificateHeader(
  key: SigningKey | Signer,
  { x5c = false, x5tS256 = false }: JwtIssuerOptions,
): Pick<JwsHeader, 'x5t#S256' | 'x5c'> {
  if (!x5c && !x5tS256) return {}
  const certificates = 'certificates' in key ? key.certificates : []
  const [certificate] = certificates
  if (certificate === undefined) {
    throw new SealwrightError(
      'INVALID_ARGUMENT',
      `options.${x5c ? 'x5c' : 'x5tS256'} needs a signing key with a certificate; the key ${key.keyId} has none`,
    )
  }
  return {
    ...(x5tS256 && { 'x5t#S256': createHash('sha256').update(certificate.raw).digest('base64url') }),
    ...(x5c && { x5c: certificates.map((each) => each.raw.toString('base64')) }),
  }
}
