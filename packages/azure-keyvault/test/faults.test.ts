import { verify } from 'node:crypto'
import { isSealwrightError, type SigningKey } from '@sealwright/core'
import { isFull } from '@sealwright/test-kit/full'
import { describe, expect, test } from 'vitest'
import { openKeyVault, type KeyVaultOptions } from '../src/index.ts'
import { cuttableAgent, startVault, type TestVault } from './support/vault.ts'
import { sleep, useVirtualTime } from '@sealwright/test-kit/virtual-time'

// The full figures are measured in real time.
if (!isFull) useVirtualTime()

const data = Buffer.from('the data')

async function newKey(vault: TestVault, options: Partial<KeyVaultOptions> = {}): Promise<SigningKey> {
  const store = openKeyVault(vault.url, { ...vault.options, collection: 'keys', ...options })
  if ((await store.get('signing')) === null) await vault.keys.createKey('signing', 'EC')
  const key = await store.get('signing')
  if (key === null) throw new Error('the key is not there')
  // The connection and the token are there: what follows is about the vault.
  await key.signer().sign(data)
  vault.emulator.requests.clear()
  return key
}

/** How one signature went. */
async function attempt(key: SigningKey): Promise<{
  readonly code: string
  readonly retryAfter: number | undefined
  readonly took: number
}> {
  const start = performance.now()
  try {
    const signature = await key.signer().sign(data)
    const isValid = verify('sha256', data, { key: key.publicKey, dsaEncoding: 'ieee-p1363' }, signature)
    return {
      code: isValid ? 'signed' : 'BAD SIGNATURE RELEASED',
      retryAfter: undefined,
      took: performance.now() - start,
    }
  } catch (error) {
    if (!isSealwrightError(error)) throw error
    return { code: error.code, retryAfter: error.retryAfter, took: performance.now() - start }
  }
}

describe('throttling', () => {
  test('a storm of 429s with Retry-After: no call before its time, and none fails', async () => {
    const vault = await startVault()
    const key = await newKey(vault, { maxInFlight: 5 })
    const { faults, requests } = vault.emulator
    faults.add({ operation: 'keys/sign', fault: { type: 'status', status: 429, retryAfter: 1 }, times: 5 })
    const results = await Promise.all(Array.from({ length: 100 }, () => attempt(key)))
    expect(results.filter(({ code }) => code !== 'signed')).toEqual([])
    const log = requests.list('keys/sign')
    const refusals = log.filter(({ outcome }) => outcome === 429)
    expect(refusals).toHaveLength(5)
    // The five that were under way are refused, and nobody else comes until a second after the last of them.
    const last = refusals.at(-1)?.at ?? Infinity
    const early = log.filter(({ at, outcome }) => outcome === 200 && at < last + 990)
    expect(early).toEqual([])
  })

  test('429s without Retry-After are repeated, later and later, and none fails', async () => {
    const vault = await startVault()
    const key = await newKey(vault)
    vault.emulator.faults.add({ operation: 'keys/sign', fault: { type: 'status', status: 429 }, times: 4 })
    expect(await attempt(key)).toMatchObject({ code: 'signed' })
    const times = vault.emulator.requests.list('keys/sign').map(({ at }) => at)
    expect(times).toHaveLength(5)
    const waits = times.slice(1).map((at, index) => at - (times[index] ?? 0))
    // 100, 200, 400 and 800 ms, less a half at most.
    for (const [index, wait] of waits.entries()) expect(wait).toBeGreaterThanOrEqual(50 * 2 ** index - 5)
  })

  test('a Retry-After beyond the deadline is told at once, and nothing is sent meanwhile', async () => {
    const vault = await startVault()
    const key = await newKey(vault, { deadline: 3_000 })
    vault.emulator.faults.add({
      operation: 'keys/sign',
      fault: { type: 'status', status: 429, retryAfter: 30 },
    })
    const first = await attempt(key)
    const second = await attempt(key)
    for (const { code, retryAfter, took } of [first, second]) {
      expect(code).toBe('UNAVAILABLE')
      expect(retryAfter).toBeGreaterThanOrEqual(29)
      expect(took).toBeLessThan(2_000)
    }
    expect(vault.emulator.requests.count('keys/sign')).toBe(1)
  })

  // Its whole quota takes a minute; a hundredth of it over some seconds takes the same paths.
  const load = isFull ? { scale: 1, signatures: 24_000 } : { scale: 0.05, signatures: 60 }
  test(`under the quota of a throttling vault ${load.signatures} signatures earn no 429 and none fails`, async () => {
    const vault = await startVault({ throttle: { scale: load.scale } })
    // All are asked for at once. A tenth of the deadline is what they may wait where asking alone takes longer than a second.
    const key = await newKey(vault, { quota: 4_000 * load.scale, deadline: 1_200_000, maxQueued: 24_000 })
    const results = await Promise.all(Array.from({ length: load.signatures }, () => attempt(key)))
    expect(results.filter(({ code }) => code !== 'signed')).toEqual([])
    const log = vault.emulator.requests.list('keys/sign')
    expect(log.filter(({ outcome }) => outcome !== 200)).toEqual([])
    expect(log).toHaveLength(load.signatures)
  }, 900_000)

  test('two instances that both believe the quota is theirs get 429s, and yet none fails', async () => {
    const vault = await startVault({ throttle: { scale: 0.05 } })
    const options = { quota: 200, deadline: 60_000 }
    const keys = [await newKey(vault, options), await newKey(vault, options)]
    const results = await Promise.all(keys.flatMap((key) => Array.from({ length: 110 }, () => attempt(key))))
    expect(results.filter(({ code }) => code !== 'signed')).toEqual([])
  }, 90_000)
})

describe('load', () => {
  test('a key is made, and what one of twenty servers may sign at once is signed meanwhile', async () => {
    const vault = await startVault()
    const quota = { quota: 200, deadline: 5_000 }
    const key = await newKey(vault, quota)
    const store = openKeyVault(vault.url, { ...vault.options, collection: 'keys', ...quota })
    const made = await store.create('another', { keyType: 'ec-p256' })
    expect(await attempt(made)).toMatchObject({ code: 'signed' })
    expect(await attempt(key)).toMatchObject({ code: 'signed' })
  })

  test('who comes too late for the quota is told at once, nothing is sent for it, and the others sign', async () => {
    const vault = await startVault()
    // 40 at once and 96 a second: of 600, those that a deadline of 3.5 s leaves time for.
    const key = await newKey(vault, { quota: 1_000, deadline: 3_500 })
    const before = vault.emulator.requests.count('keys/sign')
    const results = await Promise.all(Array.from({ length: 600 }, () => attempt(key)))
    const refused = results.filter(({ code }) => code === 'UNAVAILABLE')
    expect(refused.length).toBeGreaterThan(100)
    for (const { retryAfter } of refused) expect(retryAfter).toBeGreaterThanOrEqual(1)
    expect(vault.emulator.requests.count('keys/sign') - before).toBeLessThanOrEqual(600 - refused.length)
    // That was no outage: who comes now, when there is room again, is served.
    expect(await attempt(key)).toMatchObject({ code: 'signed' })
  })
})

describe('a vault that is down', () => {
  const downFor = isFull ? 60_000 : 3_000
  test(`for ${downFor / 1_000} s fails callers in time, is hardly asked, and is used again within 5 s`, async () => {
    const vault = await startVault()
    const line = cuttableAgent(vault.emulator)
    // What ships, but for the agent.
    const key = await newKey(vault, {
      agent: line.agent,
      deadline: undefined,
      attemptTimeout: undefined,
      quota: undefined,
    })
    line.cut()
    const end = performance.now() + downFor
    const results = await Promise.all(Array.from({ length: 5 }, () => attempt(key)))
    const knownAt = performance.now()
    const triedUntilKnown = line.triedInVain()
    while (performance.now() < end) {
      results.push(...(await Promise.all(Array.from({ length: 5 }, () => attempt(key)))))
      await sleep(100)
    }
    for (const { code, retryAfter, took } of results) {
      expect(['UNAVAILABLE', 'TIMEOUT']).toContain(code)
      expect(retryAfter).toBeGreaterThanOrEqual(1)
      // The deadline, and what a busy machine adds to a timer.
      expect(took).toBeLessThan(3_500)
    }
    // Once it is known to be down, callers are told so without trying, but for one in two seconds.
    const tried = line.triedInVain() - triedUntilKnown
    expect(tried).toBeLessThanOrEqual(1 + Math.floor((performance.now() - knownAt) / 2_000))
    expect(triedUntilKnown).toBeGreaterThan(0)
    line.mend()
    const back = performance.now()
    let result = await attempt(key)
    while (result.code !== 'signed' && performance.now() - back < 10_000) {
      await sleep(100)
      result = await attempt(key)
    }
    expect(result.code).toBe('signed')
    expect(performance.now() - back).toBeLessThan(5_000)
    line.agent.destroy()
  }, 120_000)

  test.each([408, 500, 502, 503, 504])('a few answers of %i go unnoticed', async (status) => {
    const vault = await startVault()
    const key = await newKey(vault)
    vault.emulator.faults.add({ operation: 'keys/sign', fault: { type: 'status', status }, times: 3 })
    expect(await attempt(key)).toMatchObject({ code: 'signed' })
    expect(vault.emulator.requests.count('keys/sign')).toBe(4)
  })

  test.each(['reset', 'truncate'] as const)('three connections that end in %s go unnoticed', async (type) => {
    const vault = await startVault()
    const key = await newKey(vault)
    vault.emulator.faults.add({ operation: 'keys/sign', fault: { type }, times: 3 })
    expect(await attempt(key)).toMatchObject({ code: 'signed' })
    expect(vault.emulator.requests.count('keys/sign')).toBe(4)
  })

  test('an answer that never comes is not waited for, and the next attempt signs', async () => {
    const vault = await startVault()
    const key = await newKey(vault, { attemptTimeout: 300 })
    vault.emulator.faults.add({ operation: 'keys/sign', fault: { type: 'hang' }, times: 2 })
    expect(await attempt(key)).toMatchObject({ code: 'signed' })
  })

  test('a vault that hangs is given up at the deadline', async () => {
    const vault = await startVault()
    const key = await newKey(vault, { attemptTimeout: 300, deadline: 1_000 })
    vault.emulator.faults.add({ operation: 'keys/sign', fault: { type: 'hang' }, times: Infinity })
    const { code, retryAfter, took } = await attempt(key)
    expect(['UNAVAILABLE', 'TIMEOUT']).toContain(code)
    expect(retryAfter).toBe(1)
    expect(took).toBeLessThan(2_000)
  })

  test('a caller’s abort ends the request, down to the socket', async () => {
    const vault = await startVault()
    const line = cuttableAgent(vault.emulator)
    const key = await newKey(vault, { agent: line.agent })
    vault.emulator.faults.add({ operation: 'keys/sign', fault: { type: 'hang' } })
    const controller = new AbortController()
    const reason = new Error('no longer wanted')
    const signature = key.signer().sign(data, { signal: controller.signal })
    const inUse = (): number => Object.values(line.agent.sockets).flat().length
    while (inUse() === 0) await sleep(5)
    controller.abort(reason)
    await expect(signature).rejects.toBe(reason)
    while (inUse() > 0) await sleep(5)
    line.agent.destroy()
  })

  test('a 404 from something else than the vault proves nothing', async () => {
    const vault = await startVault()
    const store = openKeyVault(vault.url, vault.options)
    vault.emulator.faults.add({ operation: 'certificates/get', fault: { type: 'status', status: 404 } })
    await expect(store.get('my-app-auth')).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      message: expect.stringContaining('proxy'),
    })
  })
})

describe('corrupted signatures', () => {
  const count = isFull ? 10_000 : 300
  test.each(['ec-p256', 'rsa-2048'] as const)(
    `of ${count} answers for %s, half of them altered on the way, no bad one is released`,
    async (keyType) => {
      const vault = await startVault()
      const store = openKeyVault(vault.url, { ...vault.options, collection: 'keys' })
      const key = await store.create('signing', { keyType })
      await key.signer().sign(data)
      const { faults } = vault.emulator
      let [released, refused] = [0, 0]
      for (let i = 0; i < count; i += 100) {
        faults.add({ operation: 'keys/sign', fault: { type: 'corrupt' }, times: 50, after: i % 3 })
        const algorithms = key.algorithms.map(({ name }) => name)
        await Promise.all(
          Array.from({ length: 100 }, async (_, index) => {
            const signer = key.signer(algorithms[index % algorithms.length])
            const { digest, pss, coordinateLength } = signer.algorithm
            try {
              const signature = await signer.sign(data)
              released++
              const publicKey = {
                key: key.publicKey,
                ...pss,
                ...(coordinateLength !== null && { dsaEncoding: 'ieee-p1363' as const }),
              }
              expect(verify(digest, data, publicKey, signature)).toBe(true)
            } catch (error) {
              if (!isSealwrightError(error, 'INVALID_SIGNATURE')) throw error
              refused++
            }
          }),
        )
        faults.clear()
      }
      expect({ released, refused }).toEqual({ released: count / 2, refused: count / 2 })
    },
    900_000,
  )
})
