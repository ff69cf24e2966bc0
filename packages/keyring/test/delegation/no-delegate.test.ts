import { describe, expect, onTestFinished, test, vi } from 'vitest'
import {
  openDelegation,
  type DelegationOptions,
  type KeyRing,
  type KeyRingPolicyOptions,
} from '../../src/index.ts'
import { MemoryRegistry } from '../support/memory-registry.ts'
import { MemoryStore } from '../support/memory-store.ts'
import { create, policy as rotating } from '../support/policy.ts'
import { dateClock, openTestRing, pass, useVirtualTime } from '../support/virtual-clock.ts'

// Announced for 910 s and retiring for 680 s.
const policy = { ...rotating, rotationInterval: null }

async function openRing(
  registry: MemoryRegistry,
  more: KeyRingPolicyOptions = {},
  maxDelegates = 16,
): Promise<{ readonly ring: KeyRing; readonly store: MemoryStore }> {
  const store = new MemoryStore()
  const { ring } = await openTestRing(
    [{ store, name: 'a', create }],
    { ...policy, ...more },
    {
      delegates: registry,
      maxDelegates,
    },
  )
  return { ring, store }
}

/** The first problem of a delegation, while the ring's own key signs. */
async function problemOf(
  ring: KeyRing,
  registry: MemoryRegistry,
  options: DelegationOptions = {},
): Promise<unknown> {
  const problems: unknown[] = []
  const delegation = openDelegation(ring, registry, {
    clock: dateClock,
    onProblem: (error) => problems.push(error),
    ...options,
  })
  onTestFinished(() => delegation.close())
  while (problems.length === 0) await new Promise((resolve) => setImmediate(resolve))
  expect(delegation.delegateId).toBeNull()
  expect(delegation.signer().keyId).toBe(ring.signer().keyId)
  return problems[0]
}

describe('no delegate signs', () => {
  test('that the registry does not list', async () => {
    useVirtualTime()
    const registry = new MemoryRegistry()
    const { ring } = await openRing(registry)
    registry.publish = async () => undefined
    expect(await problemOf(ring, registry)).toMatchObject({
      code: 'UNAVAILABLE',
      message: 'the registry does not list the certificate that was just published there',
    })
  })

  test('that would outlive the key that certifies it', async () => {
    useVirtualTime()
    const registry = new MemoryRegistry()
    const store = new MemoryStore()
    const key = await store.add('a', { validityDays: 1 })
    const { ring } = await openTestRing([{ store, name: 'a' }], policy, { delegates: registry })
    expect(await problemOf(ring, registry, { lifetime: 86_400 })).toMatchObject({
      code: 'UNAVAILABLE',
      message: `the key ${key.keyId} expires before a new delegate would; rotate it`,
    })
    expect(registry.certificates).toEqual([])
  })

  test('whose certificate took so long that others may not find it in time', async () => {
    useVirtualTime()
    const registry = new MemoryRegistry()
    const { ring } = await openRing(registry)
    const real = performance.now.bind(performance)
    // The longest that is allowed is 3 × refreshTimeout without the time to publish it: 60 s.
    let calls = 0
    const watch = vi.spyOn(performance, 'now').mockImplementation(() => real() + (calls++ === 0 ? 0 : 60_001))
    onTestFinished(() => watch.mockRestore())
    expect(await problemOf(ring, registry)).toMatchObject({
      code: 'UNAVAILABLE',
      message: `${ring.signer().keyId} took too long to certify a delegate`,
    })
    expect(registry.certificates).toEqual([])
  })
})

test('a delegation that is closed signs no longer, and makes no more delegates', async () => {
  useVirtualTime()
  const registry = new MemoryRegistry()
  const { ring } = await openRing(registry)
  const delegation = openDelegation(ring, registry, { clock: dateClock })
  while (registry.certificates.length === 0) await new Promise((resolve) => setImmediate(resolve))
  await pass(1_100)
  expect(delegation.delegateId).not.toBeNull()
  delegation.close()
  expect(delegation.delegateId).toBeNull()
  expect(() => delegation.signer()).toThrow(
    expect.objectContaining({ code: 'UNAVAILABLE', message: 'the delegation is closed' }),
  )
  await pass(4_000)
  expect(registry.certificates).toHaveLength(1)
})

test('a signer that is kept ends with its delegate', async () => {
  useVirtualTime()
  const registry = new MemoryRegistry()
  const { ring } = await openRing(registry)
  const delegation = openDelegation(ring, registry, { clock: dateClock })
  onTestFinished(() => delegation.close())
  while (registry.certificates.length === 0) await new Promise((resolve) => setImmediate(resolve))
  await pass(1_100)
  const signer = delegation.signer()
  const data = new Uint8Array(1)
  expect(signer.keyId).toBe(delegation.delegateId)
  await signer.sign(data)
  await pass(3_600)
  await expect(signer.sign(data)).rejects.toMatchObject({
    code: 'UNAVAILABLE',
    message: `the delegate ${signer.keyId} may not sign: its lifetime is over`,
    retryAfter: 1,
  })
})

describe('what cannot be is refused', () => {
  test.each<[unknown, string]>([
    [{ lifetime: 1.5 }, 'lifetime must be a whole number of seconds from 1 to 2678400, not 1.5'],
    [
      { lifetime: '3600' },
      'lifetime must be a whole number of seconds from 1 to 2678400, not of type string',
    ],
    [{ lifetime: 2_678_401 }, 'lifetime must be a whole number of seconds from 1 to 2678400, not 2678401'],
    [{ keyType: 5 }, 'options.keyType must be a string'],
    [{ onProblem: [] }, 'options.onProblem must be a function'],
    [{ clock: 5 }, 'options.clock must be an object'],
    [{ ttl: 5 }, 'options.ttl is not an option; the options are keyType, lifetime, onProblem, clock'],
  ])('the options %o', async (options, message) => {
    useVirtualTime()
    const registry = new MemoryRegistry()
    const { ring } = await openRing(registry)
    expect(() => openDelegation(ring, registry, options as DelegationOptions)).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT', message }),
    )
    expect(() => openDelegation({} as KeyRing, registry)).toThrow(
      'ring must be a KeyRing; openKeyRing makes one',
    )
  })

  test('more delegates of one instance than may be published, and no fewer', async () => {
    useVirtualTime()
    const registry = new MemoryRegistry()
    // 1 + ⌈(910 + 680) ÷ 530⌉ = 4.
    const { ring } = await openRing(registry, {}, 4)
    openDelegation(ring, registry, { lifetime: 530, clock: dateClock }).close()
    expect(() => openDelegation(ring, registry, { lifetime: 529 })).toThrow(
      'a single instance would publish 5 delegates: 1 + ⌈(announcement + retention) ÷ lifetime⌉ = 1 + ⌈(910 + 680) ÷ 529⌉, but ' +
        'maxDelegates is 4; use a longer lifetime, or a smaller maxSetAge in the policy of the ring',
    )
  })

  test('a certificate that would be valid for more than 62 days', async () => {
    useVirtualTime()
    const registry = new MemoryRegistry()
    // With 680 s of retention, 6 × 30 s and 10 s.
    const longest = 62 * 86_400 - 2_678_400 - 680 - 180 - 10
    const { ring } = await openRing(registry, { announcement: longest })
    openDelegation(ring, registry, { lifetime: 2_678_400, clock: dateClock }).close()
    const { ring: longer } = await openRing(registry, { announcement: longest + 1 })
    expect(() => openDelegation(longer, registry, { lifetime: 2_678_400 })).toThrow(
      `${longest + 1} + 2678400 + 680 + 180 + 10 = 5356801 s; at most 5356800 s are accepted`,
    )
  })
})
