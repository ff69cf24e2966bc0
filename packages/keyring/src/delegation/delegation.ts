import { keyType, SealwrightError, type KeyTypeName, type Signer, type SigningKey } from '@sealwright/core'
import {
  aFunction,
  anObject,
  anything,
  aString,
  careful,
  hasMethod,
  must,
  optionsOf,
} from '@sealwright/core/internal'
import { longestLifetime, longestValidity, type DelegateRegistry } from '../keys/delegates.ts'
import { oncePerKey } from '../keys/per-key.ts'
import { longestTimer, shown } from '../policy/policy.ts'
import type { KeyRing } from '../ring/key-ring.ts'
import { systemClock, type RingClock } from '../timeline/clock.ts'
import { earliestRenewal, issueDelegate, type Delegate } from './issue-delegate.ts'

/** The options of {@link openDelegation}. */
export interface DelegationOptions {
  /** The type of the delegate keys. Default `ec-p256`. */
  readonly keyType?: KeyTypeName | undefined
  /** How long one delegate signs, in whole seconds. At most 31 days; default 3,600. */
  readonly lifetime?: number | undefined
  /**
   * Called with the reason when a delegate could not be created. The ring's own key signs meanwhile. It may be async.
   * Errors that it throws or rejects with are ignored.
   */
  readonly onProblem?: ((error: unknown) => unknown) | undefined
  /** For tests. Default: this machine's clock. */
  readonly clock?: RingClock | undefined
}

/**
 * A key that lives only in the memory of this process, with a short-lived certificate that a key of the ring has signed. It
 * signs at the speed of a local key.
 *
 * The price: an attacker who reads this process's memory gets a key that verifiers trust until its certificate
 * expires. Without delegation an attacker can only request signatures while they control the process.
 */
export interface Delegation {
  /**
   * This process's delegate once it has been announced, and the ring's own key until then.
   *
   * @throws SealwrightError `UNAVAILABLE` as the ring has it
   */
  signingKey(): SigningKey
  /** The signer of {@link signingKey}. */
  signer(): Signer
  /** Like the ring's `perKey`. */
  perKey<T>(make: (key: SigningKey) => T): () => T
  /** The `kid` of the delegate that signs; null while the ring's own key signs. */
  readonly delegateId: string | null
  /**
   * Ends the delegation. Its delegates sign no longer, also through signers and issuers that were made before. Their
   * private keys leave memory with the last of these objects.
   */
  close(): void
}

/**
 * Lets this process sign with its own short-lived keys, each certified by a key of the ring. Every instance publishes
 * a delegate in its JWK Set for the whole announcement before it signs.
 *
 * @param ring opened with `delegates: registry`, like the ring of every other instance
 * @throws SealwrightError `INVALID_ARGUMENT` for a ring without that registry, or when a single instance would publish more
 *   than the ring's `maxDelegates`; the message shows the arithmetic
 *
 * @example
 * ```ts
 * import { createJwtIssuer } from '@sealwright/jws'
 * import { openDelegation, openKeyRing, type DelegateRegistry, type KeyRingSource } from '@sealwright/keyring'
 *
 * async function open(sources: KeyRingSource[], registry: DelegateRegistry) {
 *   const ring = await openKeyRing(sources, { maxSetAge: 900, jwksMaxAge: 300 }, { delegates: registry })
 *   const delegation = openDelegation(ring, registry)
 *   return delegation.perKey((key) => createJwtIssuer(key, { issuer: 'https://auth.example.com' }))
 * }
 * ```
 */
export function openDelegation(
  ring: KeyRing,
  registry: DelegateRegistry,
  options: DelegationOptions = {},
): Delegation {
  aKeyRing('ring', ring)
  delegationOptions('options', options)
  const { lifetime = 3_600, clock = systemClock } = options
  const report = careful(options.onProblem)
  const type = keyType(options.keyType ?? 'ec-p256').name
  checkArithmetic(ring, lifetime)
  if (ring.delegates === null || ring.delegates !== registry) {
    throw new SealwrightError(
      'INVALID_ARGUMENT',
      'the ring was opened without this registry; pass it to openKeyRing as options.delegates',
    )
  }
  let isClosed = false
  const making = { ring, registry, type, lifetime, clock, isClosed: () => isClosed }
  let timer: NodeJS.Timeout | undefined
  let delegates: readonly Delegate[] = []
  void makeNext()

  /** Creates a delegate, and its successor early enough to be announced when this one ends. */
  async function makeNext(): Promise<void> {
    // Not at the same time as the other instances that wait for a place.
    let wait = ring.policy.refreshInterval * (500 + Math.random() * 500)
    try {
      const isRenewal = delegates.some((each) => each.isAlive())
      const delegate = await issueDelegate(making, isRenewal)
      if (delegate !== null && !isClosed) {
        delegates = [...delegates.filter((each) => each.isAlive()), delegate]
        // A tenth to a fifth earlier than it must: time for a second try, and instances do not all ask the vault at once.
        wait = lifetime * (earliestRenewal + Math.random() / 10) * 1_000
      }
    } catch (error) {
      if (!isClosed) report(error)
    }
    if (!isClosed) timer = setTimeout(() => void makeNext(), Math.min(wait, longestTimer)).unref()
  }

  function own(): Delegate | null {
    return delegates.findLast((delegate) => delegate.maySign()) ?? null
  }

  function signingKey(): SigningKey {
    if (isClosed) throw new SealwrightError('UNAVAILABLE', 'the delegation is closed')
    return own()?.key ?? ring.signingKey()
  }

  return {
    signingKey,
    signer: () => signingKey().signer(),
    perKey: (make) => oncePerKey(signingKey, make),
    get delegateId() {
      return own()?.key.keyId ?? null
    },
    close() {
      isClosed = true
      clearTimeout(timer)
      for (const delegate of delegates) delegate.recall()
      delegates = []
    },
  }
}

const aKeyRing = must('a KeyRing; openKeyRing makes one', (value) => hasMethod(value, 'signingKey'))
const delegationOptions = optionsOf({
  keyType: aString,
  lifetime: anything,
  onProblem: aFunction,
  clock: anObject,
})

function checkArithmetic({ policy, maxDelegates }: KeyRing, lifetime: number): void {
  if (!Number.isInteger(lifetime) || lifetime < 1 || lifetime > longestLifetime) {
    throw new SealwrightError(
      'INVALID_ARGUMENT',
      `lifetime must be a whole number of seconds from 1 to ${longestLifetime}, not ${shown(lifetime)}`,
    )
  }
  const { announcement, retention, refreshTimeout, clockSkew } = policy
  const validity = announcement + lifetime + retention + 6 * refreshTimeout + clockSkew
  if (validity > longestValidity) {
    throw new SealwrightError(
      'INVALID_ARGUMENT',
      `the certificate of a delegate would be valid for announcement + lifetime + retention + 6 × refreshTimeout + clockSkew = ` +
        `${announcement} + ${lifetime} + ${retention} + ${6 * refreshTimeout} + ${clockSkew} = ${validity} s; at most ` +
        `${longestValidity} s are accepted`,
    )
  }
  const published = 1 + Math.ceil((announcement + retention) / lifetime)
  if (published <= maxDelegates) return
  throw new SealwrightError(
    'INVALID_ARGUMENT',
    `a single instance would publish ${published} delegates: 1 + ⌈(announcement + retention) ÷ lifetime⌉ = ` +
      `1 + ⌈(${announcement} + ${retention}) ÷ ${lifetime}⌉, but maxDelegates is ${maxDelegates}; use a longer lifetime, or a ` +
      'smaller maxSetAge in the policy of the ring',
  )
}
