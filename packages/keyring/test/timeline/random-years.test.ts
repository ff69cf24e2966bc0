import { isFull } from '@sealwright/test-kit/full'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  evaluateTimeline,
  keyRingPolicy,
  nextRotation,
  type KeyRingPolicy,
  type KeyVersion,
} from '../../src/index.ts'

const tokensEach = 2_000
const runs = isFull ? 500 : 25

interface Token {
  readonly kid: string
  readonly expires: number
}

interface Instance {
  readonly offset: number
  versions: readonly KeyVersion[]
  readAt: number
  readNext: number
  cutOffUntil: number
}

/** Mulberry32: fast-check gives the seed, so that what fails can be repeated. */
function randomFrom(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) % Math.max(1, Math.floor(below))
  }
}

/** An issuer on a virtual clock of whole seconds: instances that lose sight of the store, and rotate by schedule without a leader. */
function live(
  policy: KeyRingPolicy,
  seed: number,
): { rejects: number; years: number; rotations: number; checks: number } {
  const random = randomFrom(seed)
  const skewed = () => random(policy.clockSkew + 1)
  const storeOffset = skewed()
  const store: KeyVersion[] = [made(0)]
  const instances = Array.from({ length: 3 }, (): Instance => ({
    offset: skewed(),
    versions: [],
    readAt: -Infinity,
    readNext: 0,
    cutOffUntil: 0,
  }))
  const validators = Array.from({ length: 4 }, () => ({
    offset: skewed(),
    keys: new Set<string>(),
    fetchedAt: -Infinity,
  }))
  let tokens: Token[] = []
  let [now, signed, rejects, checks] = [0, 0, 0, 0]

  function made(at: number): KeyVersion {
    const createdAt = new Date((at + storeOffset) * 1_000)
    const notAfter =
      random(2) === 0 ? null : new Date(createdAt.getTime() + 3_000 * (policy.rotationInterval ?? 0))
    const id = `${at}-${random(1e9)}`
    return { id, createdAt, notBefore: null, notAfter, enforcesValidity: false, enabled: true }
  }

  while (signed < tokensEach) {
    now += 1 + random(policy.refreshInterval)
    for (const instance of instances) {
      if (random(200) === 0) instance.cutOffUntil = now + random(2 * policy.maxSetAge)
      if (now < instance.readNext || now < instance.cutOffUntil) continue
      Object.assign(instance, {
        versions: [...store],
        readAt: now,
        readNext: now + random(policy.refreshInterval),
      })
      // Two that find the rotation due at the same moment both rotate.
      const due = nextRotation(instance.versions, policy, clockOf(instance)) <= clockOf(instance)
      if (due) store.push(made(now))
    }
    const ready = instances.filter(({ readAt }) => now - readAt <= policy.maxSetAge)
    for (const validator of validators) {
      const isOver = now - validator.fetchedAt > policy.jwksMaxAge
      const server = ready[random(ready.length)]
      if (isOver) validator.keys.clear()
      if (server === undefined || (!isOver && random(4) > 0)) continue
      const { versions } = evaluateTimeline(server.versions, policy, clockOf(server))
      validator.keys = new Set(
        versions.filter(({ state }) => state !== 'retired').map(({ version }) => version.id),
      )
      validator.fetchedAt = now
    }
    for (const signer of ready) {
      const { active } = evaluateTimeline(signer.versions, policy, clockOf(signer))
      if (active === null) continue
      const issuedAt = now + signer.offset
      tokens.push({ kid: active.id, expires: issuedAt + policy.tokenLifetime - random(2) })
      signed++
    }
    for (const { offset, keys, fetchedAt } of validators)
      // One that holds no set has to fetch one first, and waits for an instance that is ready.
      if (now - fetchedAt <= policy.jwksMaxAge)
        for (const { kid, expires } of tokens) {
          if (now + offset >= expires + policy.validatorLeeway) continue
          checks++
          if (!keys.has(kid)) rejects++
        }
    tokens = tokens.filter(({ expires }) => now < expires + policy.validatorLeeway)
  }
  return { rejects, years: now / (365 * 86_400), rotations: store.length - 1, checks }

  function clockOf({ offset }: Instance): number {
    return (now + offset) * 1_000
  }
}

const policies = fc
  .record({
    tokenLifetime: fc.integer({ min: 60, max: 7_200 }),
    jwksMaxAge: fc.integer({ min: 0, max: 7_200 }),
    clockSkew: fc.integer({ min: 1, max: 120 }),
    validatorLeeway: fc.integer({ min: 0, max: 300 }),
    refreshInterval: fc.integer({ min: 200, max: 900 }),
    maxSetAge: fc.integer({ min: 1_000, max: 20_000 }),
    rotationInterval: fc.integer({ min: 40_000, max: 200_000 }),
  })
  .map((options) => keyRingPolicy(options))

test(`random policies, outages and clocks: ${(runs * tokensEach).toLocaleString('en-US')} tokens, none rejected`, () => {
  const total = { years: 0, rotations: 0, checks: 0 }
  fc.assert(
    fc.property(policies, fc.integer(), (policy, seed) => {
      const { rejects, ...figures } = live(policy, seed)
      expect(rejects).toBe(0)
      total.years += figures.years
      total.rotations += figures.rotations
      total.checks += figures.checks
    }),
    { numRuns: runs },
  )
  expect(total.rotations).toBeGreaterThan(runs)
  expect(total.checks).toBeGreaterThan(runs * tokensEach)
})

test('with an announcement below the bound, some are', () => {
  const policy = keyRingPolicy({
    rotationInterval: 40_000,
    maxSetAge: 3_000,
    jwksMaxAge: 3_600,
    refreshInterval: 900,
  })
  const below = { ...policy, announcement: 600 }
  const rejects = Array.from({ length: 10 }, (_, seed) => live(below, seed).rejects)
  expect(Math.max(...rejects)).toBeGreaterThan(0)
})
