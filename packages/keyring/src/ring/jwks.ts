import { createHash } from 'node:crypto'
import { SealwrightError, signingKeyJwk, type SigningJwk } from '@sealwright/core'
import { maximumPublishedKeys } from '../policy/policy.ts'
import { isPublished, type RingEntry } from './ring-state.ts'

/** A JWK Set (RFC 7517 §5) as it is served. */
export interface PublishedJwks {
  /** The JWKs: active, retiring, then announced ones; in each state the newest first. */
  readonly keys: readonly SigningJwk[]
  /** The JSON. */
  readonly body: string
  /** A strong entity tag of the body, with its quotes (RFC 9110 §8.8.3). */
  readonly etag: string
}

/** Further `kid`s that a key is published under. */
export type KeyAliases = (key: RingEntry['ringKey']['key']) => readonly string[]

/**
 * The JWK Set of announced, active and retiring keys: public members, certificates and their thumbprints.
 *
 * @param aliases further `kid`s, each of which gets an entry of its own
 * @throws SealwrightError `LIMIT_EXCEEDED` for more keys than verifiers read, `INVALID_ARGUMENT` for a `kid` of two keys
 */
export function publishJwks(entries: readonly RingEntry[], aliases: KeyAliases): PublishedJwks {
  const keys = entries.filter(isPublished).flatMap((entry) => jwksOf(entry, aliases))
  const keyIds = new Set(keys.map(({ kid }) => kid))
  if (keyIds.size < keys.length) {
    throw new SealwrightError('INVALID_ARGUMENT', 'an alias is the kid of another key of the ring')
  }
  if (keys.length > maximumPublishedKeys) {
    throw new SealwrightError(
      'LIMIT_EXCEEDED',
      `the ring would publish ${keys.length} keys; verifiers read at most ${maximumPublishedKeys}`,
    )
  }
  const body = JSON.stringify({ keys })
  return { keys, body, etag: entityTag(body) }
}

function jwksOf({ ringKey, algorithms }: RingEntry, aliases: KeyAliases): SigningJwk[] {
  // A key of several algorithms is published without `alg`; verifiers choose by the token's header among what fits its type.
  const [algorithm, another] = algorithms
  const jwk = signingKeyJwk(ringKey.key, another === undefined ? algorithm : undefined)
  return [jwk, ...aliases(ringKey.key).map((kid) => ({ ...jwk, kid }))]
}

/** A strong entity tag, with its quotes (RFC 9110 §8.8.3). */
export function entityTag(body: string): string {
  return `"${createHash('sha256').update(body).digest('base64url')}"`
}
