import { SealwrightError } from '@sealwright/core'
import type { KeyRing } from '@sealwright/keyring'
import type { Peers } from './peers.ts'

const topic = 'keys'

/**
 * Checks that the other workers publish the keys that this one signs with. The file of a key may hold another key than when they
 * started.
 *
 * @param algorithms the JOSE `alg`s that tokens are signed with; empty for the key's own
 * @throws SealwrightError `UNAVAILABLE`
 */
export async function checkSameKeys(
  ring: Pick<KeyRing, 'jwks' | 'signingKey'>,
  algorithms: readonly string[],
  peers: Peers,
): Promise<void> {
  peers.answer(topic, () => ring.jwks().keys.map(({ kid }) => kid))
  const sets = await peers.collect(topic)
  for (const algorithm of algorithms.length === 0 ? [undefined] : algorithms) {
    const { keyId, location } = ring.signingKey(algorithm)
    const other = sets.find(({ value }) => Array.isArray(value) && !value.includes(keyId))
    if (other === undefined) continue
    throw new SealwrightError(
      'UNAVAILABLE',
      `the key ${keyId} in ${location} is not in the JWK Set of worker ${other.worker}, so its tokens would be refused; ` +
        'restart the server to use this key',
    )
  }
}
