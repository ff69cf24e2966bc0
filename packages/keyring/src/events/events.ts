import type { VersionState } from '../timeline/key-version.ts'

/** What happens in a ring. Times are `Date`s, and durations whole seconds. */
export type KeyRingEvent =
  /** The ring created a key: the first of a source, or a new version. */
  | { readonly type: 'created'; readonly location: string; readonly keyIds: readonly string[] }
  /** A key has another state than before; null for a key that was not there, or is not any more. */
  | {
      readonly type: 'state'
      readonly keyId: string
      readonly location: string
      readonly from: VersionState | null
      readonly to: VersionState | null
    }
  /** A key signs although verifiers may not have it. Tokens may be refused for `refusedFor` seconds. */
  | {
      readonly type: 'alarm'
      readonly reason: 'unannounced' | 'reactivated' | 'vanished'
      readonly keyId: string
      readonly refusedFor: number
    }
  /** No key may sign with this algorithm; null for the default. */
  | { readonly type: 'no-signer'; readonly algorithm: string | null }
  /** The source has no creation times, so a key that replaces this one in place is not announced. */
  | { readonly type: 'cannot-announce'; readonly keyId: string; readonly location: string }
  /** A key appeared with a creation time earlier than the previous read. Its announcement starts now. */
  | {
      readonly type: 'backdated'
      readonly keyId: string
      readonly location: string
      readonly createdAt: Date | null
      readonly seenAt: Date
    }
  | {
      readonly type: 'refresh-failed'
      readonly error: unknown
      /** The age of the keys in use; null when none have been read. */
      readonly age: number | null
      readonly maxSetAge: number
    }
  /** The set is older than `maxSetAge`: nothing is signed and no JWK Set is served until a read succeeds. */
  | { readonly type: 'stale'; readonly age: number | null }
  /** No JWK Set can be made of the keys: aliases clash, or there are too many keys. The response is 503 until that changes. */
  | { readonly type: 'jwks-failed'; readonly error: unknown }
  /** A new version is due and cannot be created. The key continues to sign until `notAfter`. */
  | {
      readonly type: 'rotation-failed'
      readonly location: string
      readonly dueAt: Date
      readonly error: unknown
    }
  /** The clock was set by `by` seconds. For a few seconds, the ring does only what is safe at both the old and the new time. */
  | { readonly type: 'clock-jump'; readonly by: number }

/** Called with each event as it happens. It may be async. Errors that it throws or rejects with are ignored. */
export type RingEventListener = (event: KeyRingEvent) => unknown

/**
 * Formats an event as a log line, without secrets.
 *
 * @example
 * ```ts
 * import { describeKeyRingEvent, type KeyRingOptions } from '@sealwright/keyring'
 *
 * const options: KeyRingOptions = {
 *   onEvent(event) {
 *     const { level, message } = describeKeyRingEvent(event)
 *     console[level](message)
 *   },
 * }
 * ```
 */
export function describeKeyRingEvent(event: KeyRingEvent): {
  readonly level: 'info' | 'warn' | 'error'
  readonly message: string
} {
  return { level: levels[event.type], message: messageOf(event) }
}

const levels = {
  created: 'info',
  state: 'info',
  alarm: 'error',
  'no-signer': 'error',
  'cannot-announce': 'warn',
  backdated: 'error',
  'refresh-failed': 'warn',
  stale: 'error',
  'jwks-failed': 'error',
  'rotation-failed': 'error',
  'clock-jump': 'error',
} as const

function messageOf(event: KeyRingEvent): string {
  switch (event.type) {
    case 'created':
      return `created a new key in ${event.location}: ${event.keyIds.join(', ')}`
    case 'state':
      return `key ${event.keyId}: ${event.from ?? 'new'} → ${event.to ?? 'gone'}`
    case 'alarm':
      return `the key ${event.keyId} ${alarmReasons[event.reason]}: tokens may be refused for up to ${event.refusedFor} s`
    case 'no-signer':
      return `no active key for ${event.algorithm ?? 'tokens'}`
    case 'cannot-announce':
      return (
        `${event.location}: no creation time. If this key is replaced in place, the new one signs without announcement; ` +
        'set `createdAt`.'
      )
    case 'backdated':
      return (
        `the key ${event.keyId} appeared in ${event.location} with createdAt ` +
        `${event.createdAt?.toISOString() ?? 'unknown'}, earlier than the previous read; its announcement starts at ` +
        event.seenAt.toISOString()
      )
    case 'refresh-failed':
      return (
        `the keys could not be read: ${reasonOf(event.error)}; ` +
        (event.age === null
          ? 'no keys have been read yet'
          : `the keys are ${event.age} s old and are used for up to ${event.maxSetAge} s`)
      )
    case 'stale':
      return `${event.age === null ? 'no keys have been read yet' : `the keys are ${event.age} s old`}: nothing is signed and no JWK Set is served`
    case 'jwks-failed':
      return `no JWK Set is served: ${reasonOf(event.error)}`
    case 'rotation-failed':
      return `a new version in ${event.location} has been due since ${event.dueAt.toISOString()}, but creating it failed: ${reasonOf(event.error)}`
    case 'clock-jump':
      return `the system clock jumped by ${event.by} s`
    default:
      return event satisfies never
  }
}

const alarmReasons = {
  unannounced: 'signs before its announcement is over',
  reactivated: 'signs again although it was replaced',
  vanished: 'signs because the previous key disappeared from its store',
} as const

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
