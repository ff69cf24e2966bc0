import { createHash, randomUUID } from 'node:crypto'
import { types } from 'node:util'
import { SealwrightError, type SignatureAlgorithm, type Signer, type SigningKey } from '@sealwright/core'
import {
  aFunction,
  anAbortSignal,
  aSignerOrSigningKey,
  aWholeNumber,
  invalidArgument,
  optionsOf,
  untilAborted,
} from '@sealwright/core/internal'
import { signCompact, type JwsHeader } from '@sealwright/jws'
import { KeyValidity } from './key-validity.ts'
import { aPreset, type AssertionPreset } from './presets/preset.ts'

/** Options of {@link createAssertionSource}. */
export interface AssertionSourceOptions {
  /** Returns the current time. Default: this machine's clock. */
  readonly clock?: (() => Date) | undefined
}

/** Options of a single assertion. */
export interface AssertionOptions {
  /** Stops the operation; the promise rejects with its reason. */
  readonly signal?: AbortSignal | undefined
  /** Seconds by which the service's clock is ahead of this one; negative if it is behind. Default 0. */
  readonly timeDifference?: number | undefined
}

/** An assertion and how long it is valid. */
export interface Assertion {
  /** The signed JWT, in JWS Compact Serialization. It is a credential: do not log it. */
  readonly assertion: string
  /** The claim `exp`. */
  readonly expiresAt: Date
}

/** Creates assertions for one service with one key. */
export interface AssertionSource {
  /** The algorithm of every assertion. */
  readonly algorithm: SignatureAlgorithm
  /** The RFC 7638 thumbprint of the key. The preset decides the `kid` in the header, which may be different or absent. */
  readonly keyId: string
  /**
   * Returns an assertion to send now: a new one, or the last one until a minute before it expires if the service
   * documents that assertions can be reused.
   *
   * @throws SealwrightError `INVALID_ARGUMENT` for malformed options, and when the key has expired; or what the signer throws, such as
   *   `UNAVAILABLE` where the key is remote
   */
  assertion(options?: AssertionOptions): Promise<string>
  /**
   * Like {@link assertion}, with the time at which it expires.
   *
   * @throws SealwrightError as {@link assertion}
   */
  issue(options?: AssertionOptions): Promise<Assertion>
}

/**
 * Creates a source of assertions (RFC 7523) for one service. The key stays in its store, such as a vault.
 *
 * @param key a key from a store. A bare signer suffices if the service needs no certificate.
 * @param preset the rules of the service, such as {@link entra} or {@link privateKeyJwt}
 * @throws SealwrightError `UNSUPPORTED_ALGORITHM` when the key cannot sign as the service requires; `INVALID_ARGUMENT` for malformed arguments,
 *   when the key or its certificate has expired or is not valid yet, and when the service needs a certificate and the key has none
 *
 * @example
 * ```ts
 * import { createAssertionSource, privateKeyJwt } from '@sealwright/client-assertions'
 * import { createLocalSigner } from '@sealwright/core'
 * import { generateKeyPairSync } from 'node:crypto'
 *
 * const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
 * const assertions = createAssertionSource(
 *   createLocalSigner(privateKey),
 *   privateKeyJwt({ clientId: 'reports', audience: 'https://id.example.com' }),
 * )
 * const assertion = await assertions.assertion()
 * ```
 */
export function createAssertionSource(
  key: SigningKey | Signer,
  preset: AssertionPreset,
  options: AssertionSourceOptions = {},
): AssertionSource {
  aSignerOrSigningKey('key', key)
  aPreset('preset', preset)
  sourceOptions('options', options)
  const signer = chooseSigner(key, preset)
  const header = headerOf(key, preset)
  return new Source(signer, header, preset, new KeyValidity(key), options.clock)
}

const sourceOptions = optionsOf({ clock: aFunction })
const assertionOptions = optionsOf({
  signal: anAbortSignal,
  timeDifference: aWholeNumber(-1e9, 1e9, 'seconds'),
})

/** A reusable assertion is not returned in its last minute, because it must arrive before it expires. */
const reuseMargin = 60_000

class Source implements AssertionSource {
  readonly algorithm: SignatureAlgorithm
  readonly keyId: string
  readonly #signer: Signer
  readonly #header: JwsHeader
  readonly #preset: AssertionPreset
  readonly #validity: KeyValidity
  readonly #clock: (() => Date) | undefined
  /** The assertion in use, or being signed. */
  #current: { readonly expiresAt: Date; readonly signed: Promise<Assertion> } | null = null

  constructor(
    signer: Signer,
    header: JwsHeader,
    preset: AssertionPreset,
    validity: KeyValidity,
    clock: (() => Date) | undefined,
  ) {
    this.algorithm = signer.algorithm
    this.keyId = signer.keyId
    this.#signer = signer
    this.#header = header
    // A copy, so that the checked values are the ones used.
    this.#preset = { ...preset }
    this.#validity = validity
    this.#clock = clock
    validity.assertAt(this.#now())
  }

  async assertion(options?: AssertionOptions): Promise<string> {
    return (await this.issue(options)).assertion
  }

  async issue(options: AssertionOptions = {}): Promise<Assertion> {
    assertionOptions('options', options)
    const { signal, timeDifference = 0 } = options
    signal?.throwIfAborted()
    const now = this.#now()
    this.#validity.assertAt(now)
    const seconds = Math.floor(now.getTime() / 1000) + timeDifference
    // An assertion for another clock is not kept for callers on this one.
    if (!this.#preset.reusable || timeDifference !== 0) return this.#sign(seconds, signal)
    return this.#reuse(now, seconds, signal)
  }

  /** Callers at the same time share one signature, so the signal of one of them does not stop it. */
  async #reuse(now: Date, seconds: number, signal: AbortSignal | undefined): Promise<Assertion> {
    const { lifetime } = this.#preset
    const current = this.#current
    const isGood =
      current !== null &&
      now.getTime() < current.expiresAt.getTime() - reuseMargin &&
      // Unless the clock was set back: `iat` would be in the future.
      now.getTime() >= current.expiresAt.getTime() - (lifetime + 1) * 1000
    const { signed } = isGood ? current : this.#renew(seconds)
    const { assertion, expiresAt } = await (signal === undefined ? signed : untilAborted(signed, signal))
    // Other callers get the same assertion, but a new Date.
    return { assertion, expiresAt: new Date(expiresAt) }
  }

  #renew(seconds: number): { readonly expiresAt: Date; readonly signed: Promise<Assertion> } {
    const expiresAt = new Date((seconds + this.#preset.lifetime) * 1000)
    const renewed = { expiresAt, signed: this.#sign(seconds, undefined) }
    this.#current = renewed
    renewed.signed.catch(() => {
      // The next caller tries again.
      if (this.#current === renewed) this.#current = null
    })
    return renewed
  }

  async #sign(seconds: number, signal: AbortSignal | undefined): Promise<Assertion> {
    const claims = claimsAt(seconds, this.#preset)
    const assertion = await signCompact(this.#signer, JSON.stringify(claims), this.#header, { signal })
    return { assertion, expiresAt: new Date(claims.exp * 1000) }
  }

  #now(): Date {
    const now: unknown = this.#clock === undefined ? new Date() : this.#clock()
    if (types.isDate(now) && now.getTime() > 0) return now
    throw invalidArgument('options.clock must return a Date after 1970')
  }
}

interface Claims {
  readonly exp: number
  readonly [claim: string]: string | number
}

function claimsAt(now: number, preset: AssertionPreset): Claims {
  const { issuer, subject, audience, scope, lifetime, issuedAt, notBefore, jti } = preset
  return {
    iss: issuer,
    ...(subject !== undefined && { sub: subject }),
    ...(audience !== undefined && { aud: audience }),
    ...(scope !== undefined && { scope }),
    ...(jti && { jti: randomUUID() }),
    ...(issuedAt !== false && { iat: now - issuedAt }),
    ...(notBefore && { nbf: now }),
    exp: now + lifetime,
  }
}

/** @throws SealwrightError `UNSUPPORTED_ALGORITHM` */
function chooseSigner(key: SigningKey | Signer, { service, algorithms }: AssertionPreset): Signer {
  const available = ('signer' in key ? key.algorithms : [key.algorithm]).map(({ name }) => name)
  const name = algorithms === undefined ? available[0] : algorithms.find((each) => available.includes(each))
  if (name !== undefined) return 'signer' in key ? key.signer(name) : key
  const instead =
    'signer' in key ? 'use another key' : 'pass the SigningKey, or its signer for that algorithm'
  throw new SealwrightError(
    'UNSUPPORTED_ALGORITHM',
    `the key ${key.keyId} signs with ${available.join(', ')}, but ${service} accepts only ${(algorithms ?? []).join(' or ')}; ${instead}`,
  )
}

/** @throws SealwrightError `INVALID_ARGUMENT` when there must be a certificate */
function headerOf(
  key: SigningKey | Signer,
  { service, keyId, certificateThumbprint }: AssertionPreset,
): JwsHeader {
  const kid = keyId === true ? key.keyId : keyId
  const base = { typ: 'JWT', ...(kid !== false && { kid }) }
  if (!certificateThumbprint) return base
  const [certificate] = 'certificates' in key ? key.certificates : []
  if (certificate === undefined) {
    throw invalidArgument(
      `${service} identifies a key by its certificate, but the key ${key.keyId} has none; pass a SigningKey with a certificate`,
    )
  }
  return { ...base, 'x5t#S256': createHash('sha256').update(certificate.raw).digest('base64url') }
}
