import { expect, test } from 'vitest'
import type { OfWorker, Peers } from '../../src/peers/peers.ts'
import { answerWithKeys, checkSameKeys } from '../../src/peers/same-keys.ts'
import { testServer } from '../support/server.ts'

test('a worker whose key the others do not publish does not start, and the others hear of its keys', async () => {
  const { ring, key, settings } = await testServer()
  const answers: { own?: () => unknown } = {}
  const check = (others: readonly OfWorker[]): Promise<void> => {
    const peers: Peers = {
      answer: (_, value) => (answers.own = value),
      collect: async () => [{ worker: 3, value: answers.own?.() }, ...others],
    }
    answerWithKeys(ring, peers)
    return checkSameKeys(ring, settings.signingAlgorithms, peers)
  }
  await check([])
  expect(answers.own?.()).toEqual([key.keyId])
  await check([{ worker: 1, value: ['older', key.keyId] }])
  await expect(check([{ worker: 1, value: ['older'] }])).rejects.toMatchObject({
    code: 'UNAVAILABLE',
    message: expect.stringMatching(
      new RegExp(`^the key ${key.keyId} in .* is not in the JWK Set of worker 1, so `),
    ) as unknown,
  })
})
