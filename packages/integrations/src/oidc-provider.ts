import { createPublicKey, type KeyObject } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { algorithmsOf, SealwrightError, type Signer, type SigningJwk } from '@sealwright/core'
import { aFunction, isRecord } from '@sealwright/core/internal'
import type { KeyRing, PublishedJwks } from '@sealwright/keyring'
import { ExternalSigningKey, type JWKS, type Provider } from 'oidc-provider'
import { aKeyRing, checkLifetime, signerFor } from './shared/ring.ts'

/** A provider whose keys rotate. */
export interface RotatingProvider {
  /**
   * Returns the provider with the current keys, for interactions such as `current().interactionDetails(request,
   * response)`.
   */
  readonly current: () => Provider
  /** Handles requests, as the listener of a server or as a middleware of Express. */
  readonly callback: (request: IncomingMessage, response: ServerResponse) => void
}

/**
 * Runs oidc-provider with the keys of a ring. A provider reads its keys once, so a new one is created whenever the JWK
 * Set changes. Each provider finishes the requests that it began. Their state must be in an `adapter`, as for several
 * instances.
 *
 * The ring answers requests for the JWK Set, with its `Cache-Control` and `ETag`. The key that signs comes first and
 * signs through its store. The other keys only verify, for example an `id_token_hint`.
 *
 * @param make creates the provider. It is called at once, and again for each JWK Set. Pass `jwks` on in the
 *   configuration, with the feature `externalSigningSupport`, and add listeners and middleware here.
 * @throws SealwrightError `INVALID_ARGUMENT`; `UNAVAILABLE` while the ring does not sign; `UNSUPPORTED_ALGORITHM` for a
 *   ring whose key signs several algorithms, because oidc-provider uses each key for one; or what `make` throws. Later
 *   failures are process warnings, and the previous provider stays in use.
 *
 * @example
 * ```ts
 * import { rotatingProvider } from '@sealwright/integrations/oidc-provider'
 * import type { KeyRing } from '@sealwright/keyring'
 * import { createServer } from 'node:http'
 * import { Provider } from 'oidc-provider'
 *
 * export function serve(ring: KeyRing) {
 *   const features = { externalSigningSupport: { enabled: true, ack: 'experimental-01' } }
 *   const { callback } = rotatingProvider(ring, (jwks) => new Provider('https://auth.example.com', { jwks, features }))
 *   return createServer(callback)
 * }
 * ```
 */
export function rotatingProvider(ring: KeyRing, make: (jwks: JWKS) => Provider): RotatingProvider {
  aKeyRing('ring', ring)
  aFunction('make', make)
  let known = makeFor(ring, ring.jwks(), make)
  let failed: PublishedJwks | null = null
  let retryAt = 0
  const now = (): Made => {
    const jwks = jwksOf(ring)
    if (jwks === null || jwks === known.jwks) return known
    if (jwks === failed && performance.now() < retryAt) return known
    try {
      known = makeFor(ring, jwks, make)
    } catch (error) {
      // The previous provider stays in use. If it cannot sign, its next signature says why.
      if (failed !== jwks) process.emitWarning(error instanceof Error ? error : String(error))
      failed = jwks
      retryAt = performance.now() + retryDelay
    }
    return known
  }
  return {
    current: () => now().provider,
    callback: (request, response) => void now().callback(request, response),
  }
}

type KoaContext = Parameters<Parameters<Provider['use']>[0]>[0]

/** Milliseconds until the creation of a provider is tried again. */
const retryDelay = 5_000

interface Made {
  readonly jwks: PublishedJwks
  readonly provider: Provider
  readonly callback: ReturnType<Provider['callback']>
}

function makeFor(ring: KeyRing, jwks: PublishedJwks, make: (jwks: JWKS) => Provider): Made {
  const provider = make({ keys: keysOf(ring, jwks) })
  provider.use(async (ctx, next) => {
    await next()
    // Absent if oidc-provider has no such path.
    const oidc: unknown = ctx['oidc']
    if (isRecord(oidc) && oidc['route'] === 'jwks') answerWithJwks(ctx, ring)
  })
  return { jwks, provider, callback: provider.callback() }
}

/** null while the ring has no JWK Set: it then responds with 503, and its signers throw. */
function jwksOf(ring: KeyRing): PublishedJwks | null {
  try {
    return ring.jwks()
  } catch {
    return null
  }
}

/** oidc-provider signs with the first key that fits: those that sign now, then those that only verify. */
function keysOf(ring: KeyRing, { keys }: PublishedJwks): RingKey[] {
  const active = ring.status().keys.filter(({ state }) => state === 'active')
  const algorithms = [...new Set(active.flatMap((key) => key.algorithms))]
  const signers = new Map(
    algorithms.map((name) => {
      const signer = signerFor(ring, name)
      return [signer.keyId, signer]
    }),
  )
  if (signers.size < algorithms.length) throw severalAlgorithms()
  return keys
    .map((jwk) => new RingKey(ring, jwk, signers.get(jwk.kid) ?? null))
    .toSorted((a, b) => Number(b.canSign) - Number(a.canSign))
}

function answerWithJwks(ctx: KoaContext, ring: KeyRing): void {
  const { status, headers, body } = ring.jwksResponse({ ifNoneMatch: ctx.get('if-none-match') || undefined })
  ctx.body = body === '' ? null : body
  ctx.status = status
  ctx.set(headers)
}

/** An entry of the JWK Set, as oidc-provider takes keys that it does not hold. */
class RingKey extends ExternalSigningKey {
  readonly canSign: boolean
  readonly #ring: KeyRing
  readonly #jwk: SigningJwk
  readonly #publicKey: KeyObject
  readonly #signer: Signer | null

  constructor(ring: KeyRing, jwk: SigningJwk, signer: Signer | null) {
    super()
    this.canSign = signer !== null
    this.#ring = ring
    this.#jwk = jwk
    this.#publicKey = createPublicKey({ key: { ...jwk }, format: 'jwk' })
    this.#signer = signer
  }

  override get kid(): string {
    return this.#jwk.kid
  }

  /** oidc-provider requires it; a key of another issuer may be published without. */
  override get alg(): string | undefined {
    return this.#signer?.algorithm.name ?? this.#jwk.alg ?? algorithmsOf(this.#publicKey)[0]?.name
  }

  override get x5c(): string[] | undefined {
    return this.#jwk.x5c
  }

  override keyObject(): KeyObject {
    return this.#publicKey
  }

  override async sign(data: Uint8Array): Promise<Uint8Array> {
    if (this.#signer === null) {
      throw new SealwrightError('UNAVAILABLE', `the key ${this.kid} is published, but does not sign now`)
    }
    const [, payload = ''] = Buffer.from(data).toString('latin1').split('.')
    checkLifetime(this.#ring, JSON.parse(Buffer.from(payload, 'base64url').toString()))
    return this.#signer.sign(data)
  }
}

function severalAlgorithms(): SealwrightError {
  return new SealwrightError(
    'UNSUPPORTED_ALGORITHM',
    'oidc-provider uses each key for one algorithm, but a key of the ring signs several; open the ring with algorithms of different key types',
  )
}
