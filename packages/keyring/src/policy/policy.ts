import { SealwrightError } from '@sealwright/core'
import { anObject, anything, must, optionsOf, type Check } from '@sealwright/core/internal'

/**
 * How long each part of a rotation takes. All values are whole seconds. Every instance of an issuer has the same
 * policy; {@link planPolicyChange} shows how to change it while keys live.
 */
export interface KeyRingPolicy {
  /** L: the longest time from `iat` to `exp` of any token that the ring's keys sign. */
  readonly tokenLifetime: number
  /** M: how long a verifier may keep the JWK Set, sent as `Cache-Control: max-age`. */
  readonly jwksMaxAge: number
  /** K: the most by which any two clocks differ: the instances', the stores' and the verifiers'. At least 1. */
  readonly clockSkew: number
  /** How long after `exp` a verifier still accepts a token. ASP.NET Core allows 300. */
  readonly validatorLeeway: number
  /** How often an instance reads the stores. */
  readonly refreshInterval: number
  /** The longest time for one read. At most 2,147,483. */
  readonly refreshTimeout: number
  /** How long after its creation a store may still leave a version out of its list. */
  readonly listingDelay: number
  /**
   * S: the maximum age of the keys that an instance signs with or serves. Clients do not notice a shorter outage of the
   * store. It also delays each rotation, and each revocation during an outage.
   */
  readonly maxSetAge: number
  /** A: how long a new version is published before it signs. */
  readonly announcement: number
  /** How long a version stays published after its successor has begun to sign. */
  readonly retention: number
  /** How long a version signs before its successor takes over; null to rotate only before `notAfter`. */
  readonly rotationInterval: number | null
}

/** The values of a {@link KeyRingPolicy} that differ from the defaults. Whole seconds. */
export interface KeyRingPolicyOptions {
  /** Default 3,600. See {@link KeyRingPolicy.tokenLifetime}. */
  readonly tokenLifetime?: number | undefined
  /** Default 3,600. See {@link KeyRingPolicy.jwksMaxAge}. */
  readonly jwksMaxAge?: number | undefined
  /** Default 60. See {@link KeyRingPolicy.clockSkew}. */
  readonly clockSkew?: number | undefined
  /** Default 300. See {@link KeyRingPolicy.validatorLeeway}. */
  readonly validatorLeeway?: number | undefined
  /** Default 300. See {@link KeyRingPolicy.refreshInterval}. */
  readonly refreshInterval?: number | undefined
  /** Default 60. See {@link KeyRingPolicy.refreshTimeout}. */
  readonly refreshTimeout?: number | undefined
  /** Default 10. See {@link KeyRingPolicy.listingDelay}. */
  readonly listingDelay?: number | undefined
  /** Default 86,400, one day. See {@link KeyRingPolicy.maxSetAge}. */
  readonly maxSetAge?: number | undefined
  /** Default: the minimum, S + M + K. See {@link KeyRingPolicy.announcement}. */
  readonly announcement?: number | undefined
  /** Default: the minimum, L + 2K + leeway. See {@link KeyRingPolicy.retention}. */
  readonly retention?: number | undefined
  /** Default 90 days. See {@link KeyRingPolicy.rotationInterval}. */
  readonly rotationInterval?: number | null | undefined
}

/** Some verifiers ignore the keys after the hundredth of a JWK Set. */
export const maximumPublishedKeys = 100

const secondsPerDay = 86_400
/** A century. Keeps every sum far from where dates and timers end. */
const longest = 100 * 366 * secondsPerDay
/** Node fires longer timers at once. Milliseconds. */
export const longestTimer: number = 2 ** 31 - 1
/** Seconds. */
const longestTimeout = Math.floor(longestTimer / 1_000)

/**
 * Completes a policy and checks that it keeps the promise: no verifier that obeys `max-age` rejects a token.
 *
 * @param options the values that differ from the defaults, in seconds
 * @param signers how many keys sign at the same time: one for each algorithm and shard. Default 1.
 * @throws SealwrightError `INVALID_ARGUMENT` for an impossible policy; the message shows the arithmetic
 *
 * @example
 * ```ts
 * import { keyRingPolicy } from '@sealwright/keyring'
 *
 * const policy = keyRingPolicy({ tokenLifetime: 900, rotationInterval: 30 * 86_400 })
 * ```
 */
export function keyRingPolicy(options: KeyRingPolicyOptions = {}, signers = 1): KeyRingPolicy {
  policyOptions('policy', options)
  const { tokenLifetime = 3_600, jwksMaxAge = 3_600, clockSkew = 60, validatorLeeway = 300 } = options
  const { refreshInterval = 300, refreshTimeout = 60, listingDelay = 10 } = options
  const { maxSetAge = secondsPerDay, rotationInterval = 90 * secondsPerDay } = options
  const given = {
    tokenLifetime,
    jwksMaxAge,
    clockSkew,
    validatorLeeway,
    refreshInterval,
    refreshTimeout,
    listingDelay,
    maxSetAge,
    rotationInterval,
  }
  checkValues(given)
  const policy = {
    ...given,
    announcement: options.announcement ?? maxSetAge + jwksMaxAge + clockSkew,
    retention: options.retention ?? tokenLifetime + 2 * clockSkew + validatorLeeway,
  }
  checkValues(policy)
  checkArithmetic(policy, signers)
  return Object.freeze(policy)
}

/** Their values are checked one by one, with their units and bounds. */
const policyOptions = optionsOf({
  tokenLifetime: anything,
  jwksMaxAge: anything,
  clockSkew: anything,
  validatorLeeway: anything,
  refreshInterval: anything,
  refreshTimeout: anything,
  listingDelay: anything,
  maxSetAge: anything,
  announcement: anything,
  retention: anything,
  rotationInterval: anything,
})

/** The least and the most of each value. */
const bounds: Readonly<Record<keyof KeyRingPolicy, readonly [number, number]>> = {
  tokenLifetime: [1, longest],
  jwksMaxAge: [0, longest],
  clockSkew: [1, longest],
  validatorLeeway: [0, longest],
  refreshInterval: [1, longest],
  refreshTimeout: [1, longestTimeout],
  listingDelay: [0, longest],
  maxSetAge: [1, longest],
  announcement: [1, longest],
  retention: [1, longest],
  rotationInterval: [1, longest],
}

/**
 * Checks each value, but not whether the policy keeps the promise.
 *
 * @throws SealwrightError `INVALID_ARGUMENT`
 */
function checkValues(policy: Partial<KeyRingPolicy>): void {
  const values: Readonly<Record<string, unknown>> = { ...policy }
  for (const [name, [least, most]] of Object.entries(bounds)) {
    if (!(name in values)) continue
    const value = values[name]
    if (name === 'rotationInterval' && value === null) continue
    if (Number.isInteger(value) && Number(value) >= least && Number(value) <= most) continue
    throw new SealwrightError(
      'INVALID_ARGUMENT',
      `${name} must be a whole number of seconds from ${least} to ${count(most)}, not ${shown(value)}`,
    )
  }
}

const someSeconds: Check = must(
  'a number of seconds',
  (value) => Number.isFinite(value) && Number(value) >= 0,
)

/** The values that a timeline depends on. They may break the promise: `sealwright doctor` finds out what happens then. */
export const aTimelinePolicy: Check = (name, value) => {
  anObject(name, value)
  const get = (member: keyof KeyRingPolicy): unknown => Reflect.get(Object(value), member)
  for (const member of ['announcement', 'retention', 'clockSkew'] as const)
    someSeconds(`${name}.${member}`, get(member))
  if (get('rotationInterval') !== null) someSeconds(`${name}.rotationInterval`, get('rotationInterval'))
}

function checkArithmetic(policy: KeyRingPolicy, signers: number): void {
  const { tokenLifetime, jwksMaxAge, clockSkew, validatorLeeway, maxSetAge, announcement, retention } = policy
  atLeast(
    { maxSetAge },
    {
      refreshInterval: policy.refreshInterval,
      refreshTimeout: policy.refreshTimeout,
      listingDelay: policy.listingDelay,
    },
    'an instance would stop signing between two successful refreshes',
  )
  atLeast(
    { announcement },
    { maxSetAge, jwksMaxAge, clockSkew },
    'a new key would sign while a verifier still holds a JWK Set without it',
  )
  atLeast(
    { retention },
    { tokenLifetime, '2 × clockSkew': 2 * clockSkew, validatorLeeway },
    'a key would leave the JWK Set while tokens that it signed are still valid',
  )
  if (!Number.isInteger(signers) || signers < 1) {
    throw new SealwrightError(
      'INVALID_ARGUMENT',
      `signers must be a whole number of at least 1, not ${shown(signers)}`,
    )
  }
  const published = signers * mostPublished(policy)
  if (published > maximumPublishedKeys) {
    throw new SealwrightError(
      'INVALID_ARGUMENT',
      `this policy publishes up to ${count(published)} keys: ${count(signers)} × (1 + ⌈(announcement + retention) ÷ ` +
        `rotationInterval⌉) = ${count(signers)} × (1 + ⌈(${count(announcement)} + ${count(retention)}) ÷ ` +
        `${count(policy.rotationInterval ?? 0)}⌉). Verifiers read at most ${maximumPublishedKeys}; rotate less often`,
    )
  }
}

/**
 * How many versions of one key the JWK Set holds at most, when each rotation makes one.
 *
 * @throws SealwrightError `INVALID_ARGUMENT` for a policy that is not complete
 *
 * @example
 * ```ts
 * import { keyRingPolicy, publishedKeys } from '@sealwright/keyring'
 *
 * publishedKeys(keyRingPolicy({ rotationInterval: 86_400 })) // 3
 * ```
 */
export function publishedKeys(policy: KeyRingPolicy): number {
  aTimelinePolicy('policy', policy)
  return mostPublished(policy)
}

function mostPublished({ announcement, retention, rotationInterval }: KeyRingPolicy): number {
  return rotationInterval === null ? 2 : 1 + Math.ceil((announcement + retention) / rotationInterval)
}

/** @throws SealwrightError `INVALID_ARGUMENT` when the value is less than the sum of the terms */
function atLeast(
  value: Readonly<Record<string, number>>,
  terms: Readonly<Record<string, number>>,
  consequence: string,
): void {
  const [[name, actual] = ['', 0]] = Object.entries(value)
  const least = Object.values(terms).reduce((sum, term) => sum + term, 0)
  if (actual >= least) return
  throw new SealwrightError(
    'INVALID_ARGUMENT',
    `${name} is ${count(actual)} s, but must be at least ${Object.keys(terms).join(' + ')} = ` +
      `${Object.values(terms).map(count).join(' + ')} = ${count(least)} s; otherwise ${consequence}`,
  )
}

/** A number for a message; of anything else only its type, as it may be a secret. */
export function shown(value: unknown): string {
  return typeof value === 'number' ? String(value) : `of type ${typeof value}`
}

function count(value: number): string {
  return value.toLocaleString('en-US')
}
