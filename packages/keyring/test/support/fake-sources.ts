import type { SigningKey } from '@sealwright/core'
import type { Source } from '../../src/keys/sources.ts'

/** A source that is only looked at, unless it is given a list. */
export function sourceOf(location: string, options: Partial<Source> = {}): Source {
  return {
    location,
    signs: true,
    shard: '',
    createdAt: null,
    creates: false,
    delegates: false,
    rotate: null,
    disable: null,
    list: async () => [],
    getOrCreate: async () => undefined,
    ...options,
  }
}

/** The facts about a key that are merged. */
export function keyOf(keyId: string, facts: Partial<SigningKey> = {}): SigningKey {
  const key = {
    keyId,
    version: '1',
    location: `the place of ${keyId}`,
    enabled: true,
    createdAt: new Date(0),
  }
  // Nothing else of it is looked at.
  return { ...key, notBefore: null, notAfter: null, certificates: [], ...facts } as unknown as SigningKey
}
