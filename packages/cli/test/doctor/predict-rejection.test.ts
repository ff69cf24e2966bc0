import { keyRingPolicy, type KeyRingPolicy } from '@sealwright/keyring'
import { isFull } from '@sealwright/test-kit/full'
import { expect, test } from 'vitest'
import { predictRejection } from '../../src/doctor/rotation/predict-rejection.ts'
import { simulate, type World } from '../support/rotation-simulation.ts'

/** Mulberry32: the same worlds in every run. */
function randomNumbers(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below
  }
}

/** About half of them reject tokens: by a second, by many, or because a certificate ends early. */
function randomWorld(random: (below: number) => number): World {
  const times = {
    maxSetAge: 1 + random(8),
    jwksMaxAge: random(9),
    clockSkew: 1 + random(3),
    tokenLifetime: 1 + random(8),
    validatorLeeway: random(4),
  }
  const { maxSetAge, jwksMaxAge, clockSkew, tokenLifetime, validatorLeeway } = times
  const off = (): number => [0, 0, 0, 0, 0, 1, 3, -1, -2, -6][random(10)] ?? 0
  const announcement = Math.max(1, maxSetAge + jwksMaxAge + clockSkew + off())
  const retention = Math.max(1, tokenLifetime + 2 * clockSkew + validatorLeeway + off())
  const second = 5 + random(15)
  const isRare = (): boolean => random(6) === 0
  const next = second + random(40)
  return {
    ...times,
    announcement,
    retention,
    versions: [
      {
        created: random(2) === 0 ? null : 0,
        notBefore: null,
        notAfter: isRare() ? 20 + random(60) : null,
        enforcesValidity: false,
      },
      {
        created: second,
        notBefore: isRare() ? second + announcement - 3 + random(10) : null,
        notAfter: isRare() ? second + announcement + random(60) : null,
        enforcesValidity: random(2) === 0,
      },
      ...(random(2) === 0
        ? [{ created: next, notBefore: null, notAfter: null, enforcesValidity: false }]
        : []),
    ],
  }
}

const at = (second: number | null): Date | null => (second === null ? null : new Date(second * 1_000))

function predict(world: World, from: number): ReturnType<typeof predictRejection> {
  const policy: KeyRingPolicy = { ...keyRingPolicy(), ...world }
  const versions = world.versions.map((version, index) => ({
    id: String(index),
    createdAt: at(version.created),
    notBefore: at(version.notBefore),
    notAfter: at(version.notAfter),
    enforcesValidity: version.enforcesValidity,
    enabled: true,
  }))
  return predictRejection(versions, policy, from * 1_000)
}

const runs = isFull ? 20_000 : 1_000

test('the first second of a rejection is that of the simulation, in 1,000 of 1,000 random policies', () => {
  const random = randomNumbers(13)
  let bad = 0
  const reasons = new Set<string>()
  for (let run = 0; run < runs; run++) {
    const world = randomWorld(random)
    const from = random(4) === 0 ? random(50) : 0
    const predicted = predict(world, from)
    const simulated = simulate(world, from)
    const told = { run, world, from, predicted, simulated }
    expect(predicted === null ? null : predicted.at / 1_000, JSON.stringify(told)).toBe(simulated?.at ?? null)
    if (predicted === null || simulated === null) continue
    bad++
    reasons.add(predicted.reason)
    expect([...simulated.why]).toContain(`${predicted.keyId} ${predicted.reason}`)
  }
  expect(reasons).toEqual(new Set(['unknown', 'removed']))
  expect(bad / runs).toBeGreaterThan(0.4)
  expect(bad / runs).toBeLessThan(0.6)
})
