import { algorithm, type SigningKey } from '@sealwright/core'
import { keyRingPolicy, type KeyRingPolicy } from '../../src/index.ts'
import type { RingKey } from '../../src/keys/ring-keys.ts'
import { ringStateAt, type RingState } from '../../src/ring/ring-state.ts'

export const day = 86_400_000

/** Announced for two days, and published for one more after another one signs. */
export const daily: KeyRingPolicy = keyRingPolicy({
  tokenLifetime: 3_600,
  jwksMaxAge: 3_600,
  announcement: 2 * 86_400,
  retention: 86_400,
})

interface RingKeyOptions {
  /** The day of its creation; null where the store does not say. */
  readonly made?: number | null
  /** The last day of its certificate. */
  readonly until?: number
  readonly algorithms?: readonly string[]
  readonly enabled?: boolean
  readonly signs?: boolean
  readonly shard?: string
}

/** The facts about a key that decide about its state, without the key. */
export function ringKey(
  keyId: string,
  { made = 0, until, algorithms = ['ES256'], ...rest }: RingKeyOptions = {},
): RingKey {
  const key = {
    keyId,
    location: `the place of ${keyId}`,
    algorithms: algorithms.map((name) => algorithm(name)),
  }
  return {
    id: keyId,
    // Nothing else of it is looked at.
    key: key as unknown as SigningKey,
    sources: [],
    delegatedBy: null,
    createdAt: made === null ? null : new Date(made * day),
    notBefore: null,
    notAfter: until === undefined ? null : new Date(until * day),
    enforcesValidity: false,
    shard: '',
    signs: true,
    enabled: true,
    ...rest,
  }
}

export const stateOn = (
  days: number,
  keys: readonly RingKey[],
  algorithms: readonly string[] = [],
): RingState => ringStateAt(keys, daily, algorithms, days * day)
