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
   * The JOSE algorithms that the ring signs at the same time, such as `['RS256', 'ES256']`. Each has its own active
   * key. Default: there is one active key, which signs its default algorithm.
   */
  readonly algorithms?: readonly string[] | undefined
  /** Returns further `kid`s under which a key is published, for tokens that another program issued with it. */
  readonly aliases?: KeyAliases | undefined
  /** The `kid`s of revoked keys, in addition to the keys that are disabled in their store. */
  readonly revoked?: readonly string[] | undefined
  /** Where instances publish the certificates of their delegates: see {@link openDelegation}. Default none. */
  readonly delegates?: DelegateRegistry | undefined
  /**
   * The maximum number of published delegates: the oldest that a key of the ring has certified. It must be the same in
   * every instance. At most 100 minus the keys that the ring itself publishes: 98 with the default policy. Default 16, so
   * that the JWK Set stays below 20 keys.
   */
  readonly maxDelegates?: number | undefined
  /**
   * Called with every event that an operator wants in a log; {@link describeKeyRingEvent} formats it as a line. It may
   * be async. Errors that it throws or rejects with are ignored.
   */
  readonly onEvent?: RingEventListener | undefined
  /**
   * false for a command that runs once: the ring has no timers, so it reads and creates versions only when it is told to.
   * Default true.
   */
  readonly automatic?: boolean | undefined
  /** For tests. Default: this machine's clock. */
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
   * The key that signs now. Call this for each token, because the signer of a replaced key throws. {@link perKey}
   * caches objects for each key.
   *
   * @param algorithm one of `options.algorithms`, default: the first of them
   * @returns the key; its signers sign no longer than the ring allows, and not after `notAfter`
   * @throws SealwrightError `UNAVAILABLE`, with `retryAfter`, when the last read is older than `maxSetAge` or no key
   *   may sign; `UNSUPPORTED_ALGORITHM` for an algorithm that the ring was not opened for
   */
  signingKey(algorithm?: string): SigningKey
  /**
   * The signer of {@link signingKey}.
   *
   * @throws SealwrightError as {@link signingKey}
   */
  signer(algorithm?: string): Signer
  /**
   * Creates an object once for each key that signs, such as a token issuer. Returns a function that returns the object
   * for the current key.
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
   * @throws SealwrightError `UNAVAILABLE`, with `retryAfter`, when the last read is older than `maxSetAge`
   */
  jwks(): PublishedJwks
  /**
   * The response to a request for the JWK Set: 200, 304 or 503, with `Cache-Control`, `ETag` and CORS. It never throws.
   *
   * @param request.ifNoneMatch the request's `If-None-Match`
   */
  jwksResponse(request?: { readonly ifNoneMatch?: string | undefined }): JwksResponse
  /** The state of the ring, for readiness checks and metrics. */
  status(): KeyRingStatus
  /**
   * Reads the sources now, for example on SIGHUP or after a key was revoked.
   *
   * @throws SealwrightError what the source throws; the keys of the last read stay in use
   */
  refresh(): Promise<void>
  /**
   * Reads the sources, then creates a new version of each key that signs, in the sources with `create`. The new
   * versions are announced like any other.
   *
   * @throws SealwrightError `UNSUPPORTED_OPERATION` when no source can; `ALREADY_EXISTS` when another instance creates
   *   a version at the same time; `LIMIT_EXCEEDED` when the JWK Set is full; or what the store throws
   */
  rotate(): Promise<void>
  /**
   * For an emergency: disables a key in every source that can do so, and reads the sources. Every token of the key is
   * refused once verifiers read the JWK Set again.
   *
   * If no other key of the JWK Set can take over, one is created first, where a source with `create` has the key. It
   * signs without announcement, so verifiers may refuse its tokens for a while. If a retired key is still enabled, that
   * one signs until the new key is announced; verifiers do not have it either.
   *
   * Other instances learn of it at their next read: within `refreshInterval`, or at once with {@link refresh}.
   *
   * @param keyId the `kid` of the key
   * @returns the cost of the revocation
   * @throws SealwrightError `NOT_FOUND` when the ring has no such key; `UNSUPPORTED_OPERATION` when no source that has
   *   it can disable keys; `TIMEOUT` when the store does not answer; or what the store throws. The key may then still
   *   sign.
   *
   * @example
   * ```ts
   * const { acceptedUntil, refusedUntil } = await ring.revoke(ring.signer().keyId)
   * ```
   */
  revoke(keyId: string): Promise<KeyRevocation>
  /**
   * What {@link revoke} would cost now, by the keys of the last read. Changes nothing.
   *
   * @param keyId the `kid` of the key
   * @throws SealwrightError `NOT_FOUND` when the ring has no such key; `UNSUPPORTED_OPERATION` when no source can disable it
   *
   * @example
   * ```ts
   * const { needsSuccessor, refusedUntil } = ring.revocationCost(ring.signer().keyId)
   * ```
   */
  revocationCost(keyId: string): KeyRevocationCost
  /** Stops the timers. The ring no longer signs. */
  close(): void
}

/** The state of a ring. */
export interface KeyRingStatus {
  /** Whether the ring signs and serves its JWK Set, for a readiness probe. */
  readonly ready: boolean
  /**
   * The age of the keys in seconds: the time since the oldest read of a source, plus `listingDelay`; null before the
   * first read.
   */
  readonly age: number | null
  /** Why the last read failed, or why the keys cannot form a JWK Set; null if there is no problem. */
  readonly problem: unknown
  /** The JOSE algorithms of the keys in the JWK Set, for the metadata of the issuer. A rotation can change them. */
  readonly algorithms: readonly string[]
  /**
   * Every key that the ring knows: first active, then retiring, announced, retired and revoked keys; the newest first
   * in each state.
   */
  readonly keys: readonly KeyRingKeyStatus[]
  /** When the next version is due: now if no version can sign, null for never. */
  readonly nextRotation: Date | null
}

/** The state of one key of a ring. */
export interface KeyRingKeyStatus {
  /** The `kid`. */
  readonly keyId: string
  /** Where the key is, such as the URL of its certificate or the path of its file. */
  readonly location: string
  /** The state of the key. */
  readonly state: VersionState
  /** For a delegate, the `kid` of the key that certified it; null for the ring's own keys. */
  readonly delegatedBy: string | null
  /** The JOSE algorithms that it signs with in this ring. */
  readonly algorithms: readonly string[]
  /** When the key came into its store; null if the store does not record it. */
  readonly createdAt: Date | null
  /** When the certificate of the key expires; null for a key without one. */
  readonly notAfter: Date | null
  /** When it starts to sign, or started. null if the store does not say, and for a key that does not sign in this ring. */
  readonly signsFrom: Date | null
  /** When it stops: another key takes over, or its certificate ends. null if neither is known, and for a revoked key. */
  readonly signsUntil: Date | null
  /** When it leaves the JWK Set, or left it. null if no end is known, and for a revoked key. */
  readonly publishedUntil: Date | null
}

/** The cost of a revocation. */
export interface KeyRevocation {
  /** The `kid` of the revoked key. */
  readonly keyId: string
  /**
   * The latest time at which a verifier that obeys `max-age` accepts its tokens: an instance that cannot read its
   * store serves the key for `maxSetAge`, and a verifier keeps that JWK Set for `jwksMaxAge`. If every instance reads
   * its keys now, it is `jwksMaxAge` from now.
   */
  readonly acceptedUntil: Date
  /** The keys that sign now, one for each algorithm and shard that has one. */
  readonly signing: readonly string[]
  /**
   * Until when verifiers may refuse tokens of these keys, because they may not have them; null if all of them were
   * announced. For a key that had been replaced and signs again it is the longest that it can take.
   */
  readonly refusedUntil: Date | null
}

/** The cost of a revocation before it is done. */
export interface KeyRevocationCost extends KeyRevocation {
  /** The keys that would sign, without the one that would be created. */
  readonly signing: readonly string[]
  /**
   * Whether an algorithm or shard that the key signs has no other key in the JWK Set that can take over.
   * {@link KeyRing.revoke} then creates one first, if a source can.
   */
  readonly needsSuccessor: boolean
}
