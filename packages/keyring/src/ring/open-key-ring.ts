import { algorithm, SealwrightError } from '@sealwright/core'
import {
  aBoolean,
  aFunction,
  anArray,
  anObject,
  anything,
  aString,
  careful,
  listOf,
  optionsOf,
} from '@sealwright/core/internal'
import {
  keyRingPolicy,
  maximumPublishedKeys,
  publishedKeys,
  shown,
  type KeyRingPolicyOptions,
} from '../policy/policy.ts'
import { systemClock } from '../timeline/clock.ts'
import { Decision } from './decision.ts'
import type { KeyRing, KeyRingOptions } from './key-ring.ts'
import type { RingEventListener } from '../events/events.ts'
import { delegateSource } from '../keys/delegates.ts'
import { KeySet } from '../keys/key-set.ts'
import { Ring } from './ring.ts'
import { Rotation } from './rotation.ts'
import { inTime, openSource, type KeyRingSource, type Source } from '../keys/sources.ts'
import { StateReports } from './state-reports.ts'

/**
 * Opens the keys of an issuer. Reads every source, and creates the first key if a source has `create` and is proven
 * empty. From then on the ring reads, rotates and reports by itself, unless `automatic` is false.
 *
 * @param sources where the keys are. New versions go to the first source with `create`. If several sources hold a key, the
 *   first one's copy signs.
 * @param policy the values that differ from the defaults, in seconds
 * @throws SealwrightError `INVALID_ARGUMENT` for an impossible policy (the message shows the arithmetic), for several
 *   keys without a creation time, for conflicting aliases, or for malformed options; `NOT_FOUND` if there is no key and
 *   no source creates one; or what a source throws
 *
 * @example
 * ```ts
 * import { createJwtIssuer } from '@sealwright/jws'
 * import { openKeyRing } from '@sealwright/keyring'
 * import { openFolderStore } from '@sealwright/local-store'
 *
 * const ring = await openKeyRing(
 *   [{ store: await openFolderStore('./keys'), name: 'my-app-auth', create: { keyType: 'ec-p256' } }],
 *   { tokenLifetime: 900, rotationInterval: 30 * 86_400 },
 * )
 * const issuer = ring.perKey((key) => createJwtIssuer(key, { issuer: 'https://auth.example.com' }))
 * ```
 */
export async function openKeyRing(
  sources: readonly KeyRingSource[],
  policy: KeyRingPolicyOptions = {},
  options: KeyRingOptions = {},
): Promise<KeyRing> {
  return openRing(sources, policy, options)
}

/** @param beforeCreation a check of what the sources hold; if it throws, no key is created */
export async function openRing(
  sources: readonly KeyRingSource[],
  policy: KeyRingPolicyOptions,
  options: KeyRingOptions,
  beforeCreation: (ring: KeyRing) => Promise<void> = async () => undefined,
): Promise<KeyRing> {
  keyRingOptions('options', options)
  const { backends = [], delegates = null, aliases = () => [], revoked = [], clock = systemClock } = options
  const { maxDelegates = 16, automatic = true } = options
  const onEvent = careful(options.onEvent)
  const algorithms = [...new Set((options.algorithms ?? []).map((name) => algorithm(name).name))]
  if (!Array.isArray(sources) || sources.some((source) => typeof source !== 'object' || source === null)) {
    throw new SealwrightError(
      'INVALID_ARGUMENT',
      'sources must be an array of objects, each with store, key or uri',
    )
  }
  if (sources.length === 0)
    throw new SealwrightError('INVALID_ARGUMENT', 'a key ring needs at least one source')
  const opened = await Promise.all(sources.map((source) => openSource(source, backends)))
  const shards = new Set(opened.filter(({ signs }) => signs).map(({ shard }) => shard))
  const signers = Math.max(1, algorithms.length) * Math.max(1, shards.size)
  const checked = keyRingPolicy(policy, signers)
  checkMaxDelegates(maxDelegates, delegates === null ? 0 : signers * publishedKeys(checked))
  for (const source of sources) checkValidity(source, checked.announcement + checked.retention)

  const read = delegates === null ? opened : [...opened, delegateSource(delegates)]
  const keySet = new KeySet(read, checked, { revoked, maxDelegates }, clock, onEvent)
  const decision = new Decision(keySet, checked, algorithms, clock, (by) =>
    onEvent({ type: 'clock-jump', by }),
  )
  const rotation = new Rotation(opened, keySet, checked, onEvent)
  const reports = new StateReports(checked, onEvent)
  const parts = {
    policy: checked,
    algorithms,
    aliases,
    delegates,
    maxDelegates,
    keySet,
    decision,
    rotation,
    reports,
    clock,
    listener: onEvent,
  }
  const ring = new Ring(parts)
  await ring.refresh()
  await beforeCreation(ring)
  await createMissing(keySet, opened, onEvent, () => ring.refresh())
  checkKeys(keySet, opened, algorithms)
  ring.checkJwks()
  if (automatic) ring.start()
  return ring
}

const keyRingOptions = optionsOf({
  backends: anArray,
  algorithms: listOf(aString),
  aliases: aFunction,
  revoked: listOf(aString),
  delegates: anObject,
  maxDelegates: anything,
  onEvent: aFunction,
  automatic: aBoolean,
  clock: anObject,
})

/** A source that makes keys has to have one before the first JWK Set goes out. */
async function createMissing(
  keySet: KeySet,
  sources: readonly Source[],
  onEvent: RingEventListener,
  refresh: () => Promise<void>,
): Promise<void> {
  const empty = keySet.emptySources().filter(({ creates }) => creates)
  const isYoung =
    keySet.keys.length <= sources.length && keySet.keys.some(({ createdAt }) => isRecent(createdAt))
  const wanting = isYoung ? sources.filter(({ creates }) => creates) : empty
  if (wanting.length === 0) return
  const before = new Set(keySet.keys.map(({ key }) => key.keyId))
  await Promise.all(
    wanting.map((source) =>
      inTime(`creating the key ${source.location}`, (signal) => source.getOrCreate(signal)),
    ),
  )
  await untilListed(keySet, empty, refresh)
  const keyIds = keySet.keys.map(({ key }) => key.keyId).filter((keyId) => !before.has(keyId))
  if (empty.length === 0) return
  onEvent({ type: 'created', location: empty.map(({ location }) => location).join(', '), keyIds })
}

/** A store may list what was made a little later. */
async function untilListed(
  keySet: KeySet,
  made: readonly Source[],
  refresh: () => Promise<void>,
): Promise<void> {
  for (let attempt = 0; ; attempt++) {
    // eslint-disable-next-line no-await-in-loop -- asks until the answer changes
    await refresh()
    const missing = keySet.emptySources().filter((source) => made.includes(source))
    if (missing.length === 0) return
    if (attempt === attempts) {
      const where = missing.map(({ location }) => location).join(', ')
      throw new SealwrightError(
        'UNAVAILABLE',
        `the key that was just created in ${where} is not listed there`,
      )
    }
    // eslint-disable-next-line no-await-in-loop
    await new Promise((resolve) => setTimeout(resolve, 100 * 2 ** attempt))
  }
}

/** @throws SealwrightError `NOT_FOUND`, `UNSUPPORTED_ALGORITHM` */
function checkKeys(keySet: KeySet, sources: readonly Source[], algorithms: readonly string[]): void {
  const signing = keySet.keys.filter(({ signs }) => signs)
  if (signing.length === 0) {
    const where = sources.map(({ location }) => location).join(', ')
    throw new SealwrightError('NOT_FOUND', `there is no signing key ${where}, and no source creates one`)
  }
  for (const name of algorithms) {
    if (signing.some(({ key }) => key.algorithms.some((row) => row.name === name))) continue
    const can = [...new Set(signing.flatMap(({ key }) => key.algorithms.map((row) => row.name)))]
    throw new SealwrightError(
      'UNSUPPORTED_ALGORITHM',
      `no key of the ring signs ${name}; its keys sign ${can.join(', ')}`,
    )
  }
}

/** @param own how many keys the ring publishes without delegates */
function checkMaxDelegates(value: unknown, own: number): void {
  const most = maximumPublishedKeys - Math.max(1, own)
  if (Number.isInteger(value) && Number(value) >= 1 && Number(value) <= most) return
  throw new SealwrightError(
    'INVALID_ARGUMENT',
    `options.maxDelegates must be a whole number from 1 to ${most}, not ${shown(value)}: the ring publishes up to ${own} ` +
      `keys of its own, and verifiers read at most ${maximumPublishedKeys}`,
  )
}

/** @throws SealwrightError `INVALID_ARGUMENT` for certificates that end before they could be used */
function checkValidity({ create }: KeyRingSource, least: number): void {
  const days = create?.validityDays ?? 730
  const validity = days * 86_400
  if (create === undefined || validity > least) return
  throw new SealwrightError(
    'INVALID_ARGUMENT',
    `create.validityDays is ${days} (${validity} s), but announcement + retention are ${least} s`,
  )
}

/** Whether another creator may still be finding out that it came second. */
function isRecent(createdAt: Date | null): boolean {
  return createdAt !== null && Math.abs(Date.now() - createdAt.getTime()) < 10_000
}

const attempts = 7
