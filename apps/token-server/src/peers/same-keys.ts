import { SealwrightError } from '@sealwright/core'
import type { KeyRing } from '@sealwright/keyring'
import type { Peers } from './peers.ts'

const topic = 'keys'

/** Tells the other workers which keys this one publishes. */
export function answerWithKeys(ring: Pick<KeyRing, 'jwks'>, peers: Peers): void {
  peers.answer(topic, () => ring.jwks().keys.map(({ kid }) => kid))
}

/**
 * Checks that the other workers publish the keys that this one signs with. The file of a key may hold another key than when they
 * started.
 *
 * @param algorithms the JOSE `alg`s that tokens are signed with; empty for the key's own
 * @throws SealwrightError `UNAVAILABLE`
 */
export async function checkSameKeys(
  ring: Pick<KeyRing, 'signingKey'>,
  algorithms: readonly string[],
  peers: Peers,
): Promise<void> {
  const sets = await peers.collect(topic)
  for (const algorithm of algorithms.length === 0 ? [undefined] : algorithms) {
    const { keyId, location } = ring.signingKey(algorithm)
    const other = sets.find(({ value }) => Array.isArray(value) && !value.includes(keyId))
    if (other === undefined) continue
    throw new SealwrightError(
      'UNAVAILABLE',
      `the key ${keyId} in ${location} is not in the JWK Set of worker ${other.worker}, so its tokens would be refused; ` +
        'send the server SIGHUP, so that all workers read their keys again; if the key is in one file, restart the server',
    )
  }
}
