import { X509Certificate } from 'node:crypto'
import { isSealwrightError } from '@sealwright/core'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { openDelegation, type Delegation, type DelegationOptions, type KeyRing } from '../../src/index.ts'
import { MemoryRegistry } from '../support/memory-registry.ts'
import { MemoryStore } from '../support/memory-store.ts'
import { create, policy as rotating } from '../support/policy.ts'
import { dateClock, openTestRing, pass, useVirtualTime } from '../support/virtual-clock.ts'

// A delegate is announced for 910 s, signs 3 × 30 s after that, and stays published for 680 s after its end.
const policy = { ...rotating, rotationInterval: null }
const lifetime = 3_600
/** For so long its certificate is valid. */
const validity = 910 + lifetime + 680 + 2 * 90

async function openRing(
  registry: MemoryRegistry,
  store: MemoryStore,
  options: { readonly maxDelegates?: number; readonly automatic?: boolean } = {},
): Promise<KeyRing> {
  const source = { store, name: 'a', create }
  const { ring } = await openTestRing([source], policy, { delegates: registry, ...options })
  return ring
}

function delegate(ring: KeyRing, registry: MemoryRegistry, options: DelegationOptions = {}): Delegation {
  const delegation = openDelegation(ring, registry, { clock: dateClock, lifetime, ...options })
  onTestFinished(() => delegation.close())
  return delegation
}

/** Instead of chance: 0 is the earliest time, and almost 1 the latest. */
function useRandom(value: number): void {
  const random = vi.spyOn(Math, 'random').mockReturnValue(value)
  onTestFinished(() => random.mockRestore())
}

/** Keys and certificates are made in real time. */
async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setImmediate(resolve))
  await settle()
}

async function settle(): Promise<void> {
  for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setImmediate(resolve))
}

describe.each([
  ['at the earliest', 0, 0.8 * lifetime, 30],
  ['at the latest', 1 - 2 ** -53, 0.9 * lifetime, 60],
])('%s', (_name, random, renewal, retry) => {
  test.each([
    [`the next delegate follows after ${renewal} s`, false, renewal],
    [`a failure is followed by the next attempt after ${retry} s`, true, retry],
  ])('%s', async (_test, fails, seconds) => {
    useVirtualTime()
    useRandom(random)
    const registry = new MemoryRegistry()
    const ring = await openRing(registry, new MemoryStore(), { automatic: false })
    let published = 0
    const publish = registry.publish.bind(registry)
    registry.publish = async (certificate) => {
      published++
      if (fails) throw new Error('read-only')
      await publish(certificate)
    }
    // Each attempt begins with a read of the registry. The ring reads nothing by itself.
    const [begun, start] = [new Set<number>(), Date.now()]
    const list = registry.list.bind(registry)
    registry.list = () => {
      begun.add((Date.now() - start) / 1_000)
      return list()
    }
    delegate(ring, registry)
    await until(() => published === 1)
    await pass(seconds + 20)
    expect([...begun].slice(0, 2).map(Math.round)).toEqual([0, seconds])
  })
})

test('a delegate signs from the end of its announcement to that of its lifetime, and finishes what was begun before', async () => {
  useVirtualTime()
  const registry = new MemoryRegistry()
  const ring = await openRing(registry, new MemoryStore())
  const start = Date.now()
  const delegation = delegate(ring, registry)
  await until(() => registry.certificates.length === 1)
  registry.publish = () => Promise.reject(new Error('read-only'))
  const { validFrom, validTo } = new X509Certificate(registry.certificates[0] ?? '')
  expect(Date.parse(validFrom) - start).toBe(-10_000)
  expect(Date.parse(validTo) - start).toBe(validity * 1_000)

  const at = async (seconds: number): Promise<void> => pass(seconds - (Date.now() - start) / 1_000)
  await at(999.9)
  expect(delegation.delegateId).toBeNull()
  await at(1_000)
  const key = delegation.signingKey()
  expect(delegation.delegateId).toBe(key.keyId)
  expect(key.location).toBe(`this process's memory, and the registry/${key.keyId}`)
  expect(ring.status().keys.find(({ keyId }) => keyId === key.keyId)?.signsFrom).toBeNull()
  await at(4_599.9)
  expect(delegation.delegateId).toBe(key.keyId)
  await at(4_600)
  expect(delegation.delegateId).toBeNull()
  const data = new Uint8Array(1)
  await at(4_609.9)
  await key.signer().sign(data)
  await at(4_610)
  await expect(key.signer().sign(data)).rejects.toMatchObject({ code: 'UNAVAILABLE', retryAfter: 1 })
})

test.each<[string, number | null, boolean]>([
  ['never', null, true],
  ['with the delegate', validity * 1_000, true],
  ['before the delegate', validity * 1_000 - 1, false],
])('a key of the ring that expires %s', async (_when, milliseconds, certifies) => {
  useVirtualTime()
  const [registry, store] = [new MemoryRegistry(), new MemoryStore()]
  const key = await store.add('a')
  key.notAfter = milliseconds === null ? null : new Date(Date.now() + milliseconds)
  const problems: unknown[] = []
  delegate(await openRing(registry, store), registry, { onProblem: (error) => problems.push(error) })
  await until(() => registry.certificates.length + problems.length > 0)
  expect(registry.certificates).toHaveLength(certifies ? 1 : 0)
  const codes = problems.map((error) => isSealwrightError(error) && error.code)
  expect(codes).toEqual(certifies ? [] : ['UNAVAILABLE'])
})

test('a delegate of RSA signs each algorithm of its key', async () => {
  useVirtualTime()
  const registry = new MemoryRegistry()
  const delegation = delegate(await openRing(registry, new MemoryStore()), registry, { keyType: 'rsa-2048' })
  await until(() => registry.certificates.length === 1)
  await pass(1_010)
  const key = delegation.signingKey()
  expect(delegation.delegateId).toBe(key.keyId)
  expect(['RS256', 'PS256'].map((name) => key.signer(name).algorithm.name)).toEqual(['RS256', 'PS256'])
})

describe('where the places are scarce', () => {
  test('an instance begins only if all of its delegates find one, which takes the last ones of each instance', async () => {
    useVirtualTime()
    useRandom(0)
    const registry = new MemoryRegistry()
    // Each instance takes up (5370 + 10) ÷ 2880 places, so there are enough for two.
    const ring = await openRing(registry, new MemoryStore(), { maxDelegates: 4 })
    delegate(ring, registry)
    await until(() => registry.certificates.length === 1)
    await pass(2_881)
    await until(() => registry.certificates.length === 2)
    // The first delegate of the first instance does not count twice.
    await pass(1_000)
    const second = delegate(ring, registry)
    await until(() => registry.certificates.length === 3)
    const problems: unknown[] = []
    const third = delegate(ring, registry, { onProblem: (error) => problems.push(error) })
    await pass(1_010)
    await settle()
    expect(second.delegateId).not.toBeNull()
    expect(third.delegateId).toBeNull()
    // To wait is no problem.
    expect(problems).toEqual([])
    expect(registry.certificates).toHaveLength(3)
  })

  test('an instance goes on before another one begins, until its last delegate has ended', async () => {
    useVirtualTime()
    useRandom(0)
    const [registry, store] = [new MemoryRegistry(), new MemoryStore()]
    const ring = await openRing(registry, store, { maxDelegates: 3 })
    // The same registry, which this instance alone cannot write for a while.
    const [own, problems] = [new MemoryRegistry(), [] as unknown[]]
    own.list = () => registry.list()
    let isReadOnly = false
    own.publish = async (certificate) => {
      if (isReadOnly) throw new Error('read-only')
      await registry.publish(certificate)
    }
    const first = delegate(await openRing(own, store, { maxDelegates: 3 }), own, {
      onProblem: (error) => problems.push(error),
    })
    await until(() => registry.certificates.length === 1)
    const other = delegate(ring, registry)
    await pass(2_881)
    await until(() => registry.certificates.length === 2)
    await pass(100)
    expect(first.delegateId).not.toBeNull()
    expect(other.delegateId).toBeNull()

    // Its last delegate signs until 2880 + 1000 + 3600 s. The other one begins when no delegate is younger than 3610 s.
    isReadOnly = true
    await pass(3_619)
    await until(() => registry.certificates.length === 3)
    await pass(1_800)
    expect(first.delegateId).toBeNull()
    expect(other.delegateId).not.toBeNull()
    isReadOnly = false
    const tried = problems.length
    expect(tried).toBeGreaterThan(0)
    await pass(120)
    await settle()
    expect(problems).toHaveLength(tried)
    expect(registry.certificates).toHaveLength(3)
  })
})

test('a delegation that is closed reports nothing more, and tries nothing more', async () => {
  useVirtualTime()
  const registry = new MemoryRegistry()
  const ring = await openRing(registry, new MemoryStore())
  const [failures, signals] = [[] as (() => void)[], [] as unknown[]]
  registry.publish = (_certificate, options) => {
    signals.push(options?.signal)
    return new Promise((_, reject) => failures.push(() => reject(new Error('the registry is down'))))
  }
  const problems: unknown[] = []
  const delegation = delegate(ring, registry, { onProblem: (error) => problems.push(error) })
  await until(() => failures.length === 1)
  expect(signals).toEqual([expect.any(AbortSignal)])
  delegation.close()
  failures[0]?.()
  await settle()
  const before = vi.getTimerCount()
  await pass(120)
  await settle()
  expect(failures).toHaveLength(1)
  expect(problems).toEqual([])
  expect(vi.getTimerCount()).toBeLessThanOrEqual(before)
})

test.each<[string, (registry: MemoryRegistry, set: (seconds: number) => void) => void]>([
  ['the JWK Set does not publish it', (registry) => registry.certificates.splice(0)],
  ['its certificate has expired', (_registry, set) => set(validity)],
])('a signer that is kept is refused because %s', async (reason, happen) => {
  useVirtualTime()
  const registry = new MemoryRegistry()
  const ring = await openRing(registry, new MemoryStore())
  let ahead = 0
  const clock = { ...dateClock, now: () => Date.now() + ahead }
  const delegation = delegate(ring, registry, { clock })
  await until(() => registry.certificates.length === 1)
  await pass(1_010)
  const signer = delegation.signer()
  expect(signer.keyId).toBe(delegation.delegateId)
  happen(registry, (seconds) => (ahead = seconds * 1_000))
  await ring.refresh()
  await pass(2)
  await expect(signer.sign(new Uint8Array(1))).rejects.toMatchObject({
    code: 'UNAVAILABLE',
    message: `the delegate ${signer.keyId} may not sign: ${reason}`,
    retryAfter: 1,
  })
  expect(delegation.delegateId).toBeNull()
})
