import type { Backend, Signer, SigningKey } from '@sealwright/core'
import type { KeyRingPolicy } from '../policy/policy.ts'
import type { VersionState } from '../timeline/key-version.ts'
import type { RingClock } from '../timeline/clock.ts'
import type { RingEventListener } from '../events/events.ts'
import type { JwksResponse } from './jwks-response.ts'
import type { DelegateRegistry } from '../keys/delegates.ts'
import type { KeyAliases, PublishedJwks } from './jwks.ts'

/** The options of a ring. */
export interface KeyRingOptions {
  /** For sources that are signing URIs. */
  readonly backends?: readonly Backend[] | undefined
  /**
   * The JOSE algorithms that the ring signs at the same time, such as `['RS256', 'ES256']`: each has an active key of its
   * own. Left out there is one active key, which signs its default.
   */
  readonly algorithms?: readonly string[] | undefined
  /** Further `kid`s under which a key is published, for tokens that another program issued with it. */
  readonly aliases?: KeyAliases | undefined
  /** The `kid`s of keys that are revoked, beside those that are switched off in their store. */
  readonly revoked?: readonly string[] | undefined
  /** Where instances publish the certificates of their delegates: see {@link openDelegation}. Default none. */
  readonly delegates?: DelegateRegistry | undefined
  /**
   * How many delegates are published: the oldest that a key of the ring has certified. The same in every instance. From 1 to
   * 99; default 16, so that the JWK Set stays below 20 keys.
   */
  readonly maxDelegates?: number | undefined
  /** Told of everything that an operator wants in a log; {@link describeKeyRingEvent} makes lines of it. */
  readonly onEvent?: RingEventListener | undefined
  /** For tests. Default the machine's clock. */
  readonly clock?: RingClock | undefined
}

/** The keys of one issuer, and which of them signs. */
export interface KeyRing {
  /** The policy that the ring was opened with, complete. */
  readonly policy: KeyRingPolicy
  /** The registry that the ring was opened with; null for none. */
  readonly delegates: DelegateRegistry | null
  /** How many delegates are published at most. */
  readonly maxDelegates: number
  /**
   * The key that signs now. Ask for each token and keep nothing: the signer of a key that has been replaced throws.
   * {@link perKey} keeps what was made for a key.
   *
   * @param algorithm one of `options.algorithms`, the first of them when left out
   * @returns the key; its signers sign no longer than the ring allows, and not after `notAfter`
   * @throws SealwrightError `UNAVAILABLE`, with `retryAfter`, when the set of keys is older than `maxSetAge` or no key may
   *   sign; `UNSUPPORTED_ALGORITHM` for an algorithm the ring was not opened for
   */
  signingKey(algorithm?: string): SigningKey
  /**
   * The signer of {@link signingKey}.
   *
   * @throws SealwrightError as {@link signingKey}
   */
  signer(algorithm?: string): Signer
  /**
   * Makes something once for each key that signs, such as a token issuer, and returns a function that gives what was made
   * for the key of now.
   *
   * @example
   * ```ts
   * const issuer = ring.perKey((key) => createJwtIssuer(key, { issuer: 'https://auth.example.com' }))
   * const token = await issuer().issue({ sub: 'alice' })
   * ```
   */
  perKey<T>(make: (key: SigningKey) => T, algorithm?: string): () => T
  /**
   * The JWK Set of announced, active and retiring keys.
   *
   * @throws SealwrightError `UNAVAILABLE`, with `retryAfter`, when the set of keys is older than `maxSetAge`
   */
  jwks(): PublishedJwks
  /**
   * The answer to a request for the JWK Set: 200, 304 or 503, with `Cache-Control`, `ETag` and CORS. It never throws.
   *
   * @param request.ifNoneMatch the request's `If-None-Match`
   */
  jwksResponse(request?: { readonly ifNoneMatch?: string | undefined }): JwksResponse
  /** Where the ring stands, for readiness and metrics. */
  status(): KeyRingStatus
  /**
   * Reads the sources now, such as on SIGHUP or after a key was revoked.
   *
   * @throws SealwrightError what the source throws; the set that there was stays in use
   */
  refresh(): Promise<void>
  /**
   * Reads the sources, then makes a new version of each key that signs, in the sources that make keys. They are announced
   * like any other.
   *
   * @throws SealwrightError `UNSUPPORTED_OPERATION` when no source can; `ALREADY_EXISTS` when another instance makes a
   *   version at the same time; `LIMIT_EXCEEDED` when the JWK Set is full; or what the store throws
   */
  rotate(): Promise<void>
  /**
   * For an emergency: switches a key off in every source that can do so, and reads the sources. Every token of the key is
   * refused once validators read the JWK Set again. Where no other key could sign, one is made first. It signs without
   * announcement, so validators may refuse its tokens for a while.
   *
   * Other instances learn of it at their next reading: within `refreshInterval`, or now with {@link refresh}.
   *
   * @param keyId the `kid` of the key
   * @returns what it costs
   * @throws SealwrightError `NOT_FOUND` when the ring has no such key; `UNSUPPORTED_OPERATION` when no source that has it can
   *   switch keys off; or what the store throws. The key still signs then.
   *
   * @example
   * ```ts
   * const { acceptedUntil, refusedUntil } = await ring.revoke(ring.signer().keyId)
   * ```
   */
  revoke(keyId: string): Promise<KeyRevocation>
  /** Ends the timers. The ring signs no longer. */
  close(): void
}

/** The state of a ring. */
export interface KeyRingStatus {
  /** Whether the ring signs and serves its JWK Set: what a readiness probe asks. */
  readonly ready: boolean
  /** The age of the set of keys in seconds; null before the first reading. */
  readonly age: number | null
  /** Why the last reading failed, or why no JWK Set can be made of the keys; null when neither is so. */
  readonly problem: unknown
  /** The JOSE algorithms of the keys in the JWK Set, for the metadata of the issuer. A rotation can change them. */
  readonly algorithms: readonly string[]
  /** Every key that the ring knows: active, retiring, announced, retired, then revoked ones; in each state the newest first. */
  readonly keys: readonly KeyRingKeyStatus[]
  /** When the next version is due: now when no version can sign, null for never. */
  readonly nextRotation: Date | null
}

/** The state of one key of a ring. */
export interface KeyRingKeyStatus {
  /** The `kid`. */
  readonly keyId: string
  /** Where the key is, such as the URL of its certificate or the path of its file. */
  readonly location: string
  /** What the ring does with it. */
  readonly state: VersionState
  /** The `kid` of the key that vouches for it, for a delegate; null for a key of its own. */
  readonly delegatedBy: string | null
  /** The JOSE algorithms that it signs with in this ring. */
  readonly algorithms: readonly string[]
  /** When it came into its store; null where the store does not say. */
  readonly createdAt: Date | null
  /** When its certificate ends; null for a key without one. */
  readonly notAfter: Date | null
  /** When it starts to sign, or started. null if the store does not say, and for a key that does not sign in this ring. */
  readonly signsFrom: Date | null
  /** When it stops: another key takes over, or its certificate ends. null if neither is known, and for a revoked key. */
  readonly signsUntil: Date | null
  /** When it leaves the JWK Set, or left it. null if no end is known, and for a revoked key. */
  readonly publishedUntil: Date | null
}

/** What a revocation costs. */
export interface KeyRevocation {
  /** The key that is revoked. */
  readonly keyId: string
  /**
   * When the last validator that obeys `max-age` refuses its tokens, at the latest: an instance that cannot read its store
   * serves the key for `maxSetAge`, and a validator keeps that JWK Set for `jwksMaxAge`. Where every instance is told to read
   * now, it is `jwksMaxAge` from now.
   */
  readonly acceptedUntil: Date
  /** The keys that sign now, one for each algorithm and shard. */
  readonly signing: readonly string[]
  /**
   * Until when tokens of these keys may be refused, because validators may not have them; null when all of them have been
   * announced.
   */
  readonly refusedUntil: Date | null
}
