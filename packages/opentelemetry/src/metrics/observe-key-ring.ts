import type { Attributes, Meter } from '@opentelemetry/api'
import { hasMethod, must } from '@sealwright/core/internal'
import { meterOptions, observe, type ObserveOptions } from './observe.ts'

/** The states of a key, as `VersionState` of @sealwright/keyring. */
const states = ['announced', 'active', 'retiring', 'retired', 'revoked'] as const

/** What {@link observeKeyRing} reads. A `KeyRing` of @sealwright/keyring is one. */
export interface ObservableKeyRing {
  /** The times of its policy, in seconds. */
  readonly policy: { readonly maxSetAge: number; readonly announcement: number }
  /** The state of the ring. */
  status(): ObservableKeyRingStatus
}

/** The part of `KeyRingStatus` of @sealwright/keyring that becomes metrics. */
export interface ObservableKeyRingStatus {
  /** Whether the ring signs and serves its JWK Set. */
  readonly ready: boolean
  /** The age of the set of keys in seconds; null before the first reading. */
  readonly age: number | null
  /** The keys that the ring knows. */
  readonly keys: readonly {
    readonly keyId: string
    readonly state: (typeof states)[number]
    readonly delegatedBy: string | null
    readonly algorithms: readonly string[]
    readonly notAfter: Date | null
  }[]
  /** When the next version is due; null for never. */
  readonly nextRotation: Date | null
}

const aKeyRing = must('a KeyRing; openKeyRing of @sealwright/keyring returns one', (value) =>
  hasMethod(value, 'status'),
)

/**
 * Registers the metrics of a key ring: whether it is ready, the age of its keys, the state of each key, and when keys expire. They are
 * read from `ring.status()` when metrics are collected.
 *
 * @returns a function that removes them
 * @throws SealwrightError `INVALID_ARGUMENT`
 *
 * @example
 * ```ts
 * import { metrics } from '@opentelemetry/api'
 * import { openKeyRing } from '@sealwright/keyring'
 * import { openFolderStore } from '@sealwright/local-store'
 * import { observeKeyRing } from '@sealwright/opentelemetry'
 *
 * const store = await openFolderStore('./keys')
 * const ring = await openKeyRing([{ store, name: 'my-app-auth', create: {} }], { tokenLifetime: 3600 })
 * const stop = observeKeyRing(ring, { meter: metrics.getMeter('my-app') })
 * ```
 */
export function observeKeyRing(ring: ObservableKeyRing, options: ObserveOptions): () => void {
  aKeyRing('ring', ring)
  meterOptions('options', options)
  const instruments = instrumentsOf(options.meter)
  let before: ReadonlyMap<string, KeyGroup> = new Map()
  return observe(options, Object.values(instruments), (report) => {
    const { ready, age, keys, nextRotation } = ring.status()
    report(instruments.ready, ready ? 1 : 0)
    if (age !== null) report(instruments.age, age)
    report(instruments.maximumAge, ring.policy.maxSetAge)
    report(instruments.announcement, ring.policy.announcement)
    report(instruments.nextRotation, nextRotation === null ? Infinity : secondsOf(nextRotation))
    const now = groupsOf(keys)
    // OpenTelemetry's SDK exports a value until another one comes. Without a 0 a key would have two states, and never be gone.
    const gone = [...before].filter(([id]) => !now.has(id)).map(([, group]) => ({ ...group, states: [] }))
    for (const { attributes, states: found } of [...now.values(), ...gone]) {
      for (const each of states) {
        const count = found.filter((state) => state === each).length
        report(instruments.keys, count, { ...attributes, 'sealwright.key.state': each })
      }
    }
    before = now
    for (const { keyId, delegatedBy, notAfter } of keys) {
      if (notAfter !== null && delegatedBy === null)
        report(instruments.notAfter, secondsOf(notAfter), { 'sealwright.key.id': keyId })
    }
  })
}

/** A key with one of its algorithms, or all delegates with an algorithm. */
interface KeyGroup {
  readonly attributes: Attributes
  /** One for each key. */
  readonly states: readonly string[]
}

/** By their attributes. */
function groupsOf(keys: ObservableKeyRingStatus['keys']): ReadonlyMap<string, KeyGroup> {
  const groups = new Map<string, KeyGroup>()
  for (const { keyId, state, delegatedBy, algorithms } of keys) {
    // A revoked key has no algorithm, and is still one of the keys.
    for (const algorithm of algorithms.length === 0 ? [null] : algorithms) {
      const attributes = {
        // Instances create delegates by the hour, and an SDK keeps each series until the process ends.
        ...(delegatedBy === null ? { 'sealwright.key.id': keyId } : { 'sealwright.key.delegated': true }),
        ...(algorithm !== null && { 'sealwright.key.algorithm': algorithm }),
      }
      const id = JSON.stringify(attributes)
      groups.set(id, { attributes, states: [...(groups.get(id)?.states ?? []), state] })
    }
  }
  return groups
}

function secondsOf(time: Date): number {
  return time.getTime() / 1_000
}

function instrumentsOf(meter: Meter) {
  return {
    ready: meter.createObservableGauge('sealwright.keyring.ready', {
      description: '1 while the ring signs and serves its JWK Set, otherwise 0.',
    }),
    age: meter.createObservableGauge('sealwright.keyring.age', {
      description:
        'Time since the keys were read from their stores, plus the delay with which these list a new one.',
      unit: 's',
    }),
    maximumAge: meter.createObservableGauge('sealwright.keyring.max_age', {
      description: 'The age at which the ring stops signing and serving its JWK Set.',
      unit: 's',
    }),
    announcement: meter.createObservableGauge('sealwright.keyring.announcement', {
      description: 'How long a new key is published before it signs.',
      unit: 's',
    }),
    nextRotation: meter.createObservableGauge('sealwright.keyring.next_rotation', {
      description: 'When the next version is due, in seconds since 1970; infinite for never.',
      unit: 's',
    }),
    keys: meter.createObservableUpDownCounter('sealwright.keyring.keys', {
      description: 'Keys in the state: 1 or 0 for a key of the ring, the number of all delegates together.',
      unit: '{key}',
    }),
    notAfter: meter.createObservableGauge('sealwright.keyring.key.not_after', {
      description:
        'When the certificate of a key of the ring ends, in seconds since 1970. Delegates have none.',
      unit: 's',
    }),
  }
}
