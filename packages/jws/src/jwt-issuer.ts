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
import { checkAudience, checkString, maximumLifetime, type JwtClaims } from './claims.ts'
import { assertSyncSigner, finish, InputBuffer, signingInput, toBytes } from './compact.ts'
import { encodeHeader, type JwsHeader } from './header.ts'
import { stringifyObject } from './json.ts'
import { PayloadEncoder } from './payload.ts'

export interface JwtIssuerOptions {
  /** The `iss` of every token: the URL whose metadata names the JWK Set (RFC 8414 §2). */
  readonly issuer: string
  /** The `aud` of tokens whose claims have none. */
  readonly audience?: string | readonly string[] | undefined
  /** Seconds from `iat` to `exp` for tokens whose claims have no `exp`: above 0, at most 366 days. Default 3600. */
  readonly lifetime?: number | undefined
  /** The header's `typ`. Default `at+jwt` (RFC 9068 §2.1). */
  readonly typ?: string | undefined
  /** A JOSE `alg` that the key can do. Default: the key's own. */
  readonly algorithm?: string | undefined
  /** Puts the certificates into every header (RFC 7515 §4.1.6). Default false: a JWK Set is where they belong. */
  readonly x5c?: boolean | undefined
  /** Puts the certificate's SHA-256 thumbprint into every header (RFC 7515 §4.1.8). Default false. */
  readonly x5tS256?: boolean | undefined
  /** What time it is. Default: this machine's clock. */
  readonly clock?: (() => Date) | undefined
}

/** Issues JSON Web Tokens (RFC 7519) in one name, with one key and one algorithm. */
export interface JwtIssuer {
  readonly algorithm: SignatureAlgorithm
  /** The `kid` of every token. */
  readonly keyId: string
  /** Whether {@link issueSync} can be called: the key is in this process's memory. */
  readonly canIssueSync: boolean
  /**
   * Issues a token with `iss`, `aud`, `iat`, `nbf`, `exp` and `jti` beside the claims.
   *
   * @param claims what to say; of the claims above all but `iss` can be given. A claim that JSON cannot carry as it is, one
   *   that is undefined among them, is refused and not left out.
   * @param options.signal as {@link Signer.sign} has it
   * @throws SealwrightError `INVALID_ARGUMENT`, naming the claim, before anything is signed; or what the signer throws
   */
  issue(claims: JwtClaims, options?: SignOptions): Promise<string>
  /**
   * As {@link issue}, synchronously. It blocks for the signature's time.
   *
   * @throws SealwrightError `UNSUPPORTED_OPERATION` when the key is not in this process's memory; or as {@link issue}
   */
  issueSync(claims: JwtClaims): string
}

/**
 * A token issuer over a key, or over a signer where there is no certificate.
 *
 * @throws SealwrightError `INVALID_ARGUMENT` for malformed options, or `x5c` or `x5tS256` without a certificate;
 *   `UNSUPPORTED_ALGORITHM` when the key cannot do the algorithm
 */
export function createJwtIssuer(key: SigningKey | Signer, options: JwtIssuerOptions): JwtIssuer {
  const { issuer, audience, lifetime = 3600, typ = 'at+jwt' } = options
  assertOption('issuer', checkString(issuer))
  assertOption('typ', checkString(typ))
  if (audience !== undefined) assertOption('audience', checkAudience(audience))
  // For what it refuses: text that is not well-formed.
  stringifyObject({ issuer, audience: audience ?? null }, 'options')
  if (!Number.isInteger(lifetime) || lifetime <= 0 || lifetime > maximumLifetime) {
    assertOption('lifetime', `must be a whole number of seconds from 1 to ${maximumLifetime}`)
  }
  const signer = chooseSigner(key, options.algorithm)
  const header = encodeHeader(signer.algorithm, {
    typ,
    kid: signer.keyId,
    ...certificateHeader(key, options),
  })
  return new Issuer(signer, header, new PayloadEncoder({ issuer, audience, lifetime, clock: options.clock }))
}

class Issuer implements JwtIssuer {
  readonly algorithm: SignatureAlgorithm
  readonly keyId: string
  readonly canIssueSync: boolean
  readonly #signer: Signer
  readonly #header: string
  readonly #payloads: PayloadEncoder
  readonly #syncInput: InputBuffer

  constructor(signer: Signer, header: string, payloads: PayloadEncoder) {
    this.algorithm = signer.algorithm
    this.keyId = signer.keyId
    this.canIssueSync = isSyncSigner(signer)
    this.#signer = signer
    this.#header = header
    this.#payloads = payloads
    this.#syncInput = new InputBuffer(header)
  }

  async issue(claims: JwtClaims, options?: SignOptions): Promise<string> {
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

/** The header members that come from the certificate, as far as they are asked for. */
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
      `options.${x5c ? 'x5c' : 'x5tS256'} needs a signing key with its certificate; the key ${key.keyId} has none`,
    )
  }
  return {
    ...(x5tS256 && { 'x5t#S256': createHash('sha256').update(certificate.raw).digest('base64url') }),
    ...(x5c && { x5c: certificates.map((each) => each.raw.toString('base64')) }),
  }
}

function assertOption(name: string, problem: string | null): void {
  if (problem !== null) throw new SealwrightError('INVALID_ARGUMENT', `options.${name} ${problem}`)
}
