import { generateKeyPairSync } from 'node:crypto'
import { isSyncSigner, SealwrightError } from '@sealwright/core'
import { describe, expect, test } from 'vitest'
import { Lease, leasedKey, type Span } from '../../src/ring/ring-signer.ts'
import { MemoryStore } from '../support/memory-store.ts'

const data = new TextEncoder().encode('header.payload')

/** From 100 to 200, and then whatever `spans` says; `asked` counts. */
function start(...spans: Span[]): { lease: Lease; at: (time: number) => number } {
  let [now, asked] = [0, 0]
  const lease = new Lease(
    () => now,
    () => spans[asked++] ?? { from: 100, until: 200 },
  )
  return {
    lease,
    at(time) {
      now = time
      lease.check()
      return asked
    },
  }
}

describe('a lease', () => {
  test('asks once for the time that it holds, and again when that is over', () => {
    const { at } = start()
    expect([at(100), at(150), at(199), at(200)]).toEqual([1, 1, 1, 2])
  })

  test('asks again when the clock was set to a time before', () => {
    const { at } = start()
    expect([at(150), at(99), at(100)]).toEqual([1, 2, 2])
  })

  test('asks again when it is recalled, and holds again', () => {
    const { lease, at } = start()
    at(150)
    lease.recall()
    expect([at(150), at(150)]).toEqual([2, 2])
  })
})

describe('a key with a lease', () => {
  const over = new SealwrightError('UNAVAILABLE', 'over')

  test('signs while the lease holds, in both ways, and then refuses in both', async () => {
    const key = await new MemoryStore().add('a')
    let isOver = false
    const lease = new Lease(
      () => 0,
      () => {
        if (isOver) throw over
        return { from: 0, until: 1 }
      },
    )
    const signer = leasedKey(key, key.algorithms, lease).signer()
    if (!isSyncSigner(signer)) throw new Error('the signer has no signSync')
    expect(await signer.sign(data)).toHaveLength(64)
    expect(signer.signSync(data)).toHaveLength(64)
    isOver = true
    lease.recall()
    await expect(signer.sign(data)).rejects.toBe(over)
    expect(() => signer.signSync(data)).toThrow(over)
  })

  test('has one signer for each algorithm, and names those that it may sign with', async () => {
    const { privateKey } = generateKeyPairSync('ed25519')
    const key = await new MemoryStore().add('a', {}, privateKey)
    const lease = new Lease(
      () => 0,
      () => ({ from: 0, until: 1 }),
    )
    const leased = leasedKey(key, key.algorithms, lease)
    const [name = '', other = ''] = key.algorithms.map((each) => each.name)
    expect(leased.signer()).toBe(leased.signer(name))
    expect(leased.signer(other)).not.toBe(leased.signer())
    expect(leased.signer(other).algorithm.name).toBe(other)
    expect(() => leased.signer('ES256')).toThrow(
      `the JWK Set publishes the key ${key.keyId} for ${name}, ${other} only; add the other algorithm to \`algorithms\` of the ` +
        'key ring and get its signer for that algorithm',
    )
  })
})
