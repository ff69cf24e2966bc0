import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { Lockout, lockWindow } from '../../src/limits/lockout.ts'

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['performance', 'Date', 'setTimeout'] })
  // A map takes the time 0 for no time.
  vi.advanceTimersByTime(1)
})
afterEach(() => vi.useRealTimers())

const minute = 60_000
let secrets = 0

/** A wrong secret, another one each time unless it is given. */
function guess(
  lockout: Lockout,
  clientId = 'client',
  network = '192.0.2.1',
  secret = `guess ${secrets++}`,
): number {
  return lockout.judge({ clientId, secret, network, matches: false })
}

function isLocked(lockout: Lockout, clientId = 'client', network = '192.0.2.1'): boolean {
  return lockout.judge({ clientId, secret: 'the secret', network, matches: true }) > 0
}

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

const guesses = (lockout: Lockout, count: number, clientId?: string, network?: string): number[] =>
  Array.from({ length: count }, () => guess(lockout, clientId, network))

test('after ten different wrong secrets the client is locked for the address for 15 minutes, even with the right one', () => {
  const lockout = new Lockout({ limit: 10 })
  expect(guesses(lockout, 9)).toEqual(Array(9).fill(0))
  expect(isLocked(lockout)).toBe(false)
  expect(guess(lockout)).toBe(0)
  expect(isLocked(lockout)).toBe(true)
  vi.advanceTimersByTime(14 * minute)
  expect(guess(lockout)).toBe(minute)
  expect(isLocked(lockout)).toBe(true)
  vi.advanceTimersByTime(minute + 1)
  expect(isLocked(lockout)).toBe(false)
})

test('a client is locked for no other address, and no other client for that address', () => {
  const lockout = new Lockout({ limit: 10 })
  guesses(lockout, 20)
  expect(isLocked(lockout, 'client', '192.0.2.2')).toBe(false)
  expect(isLocked(lockout, 'other', '192.0.2.1')).toBe(false)
  expect(isLocked(lockout, '192.0.2.1 client', '')).toBe(false)
})

test('the same wrong secret counts once: an instance with an old secret does not lock the others', () => {
  const lockout = new Lockout({ limit: 10 })
  for (let request = 0; request < 1_000; request++) guess(lockout, 'client', '192.0.2.1', 'old secret')
  expect(isLocked(lockout)).toBe(false)
  guesses(lockout, 8)
  expect(isLocked(lockout)).toBe(false)
  guess(lockout)
  expect(isLocked(lockout)).toBe(true)
})

test('a right secret in between does not help someone who guesses', () => {
  const lockout = new Lockout({ limit: 10 })
  for (let round = 0; round < 10; round++) {
    expect(isLocked(lockout)).toBe(false)
    guess(lockout)
  }
  expect(isLocked(lockout)).toBe(true)
})

test('wrong secrets are forgotten 15 minutes after the last one', () => {
  const lockout = new Lockout({ limit: 10 })
  guesses(lockout, 8)
  vi.advanceTimersByTime(14 * minute)
  guess(lockout)
  vi.advanceTimersByTime(14 * minute)
  expect(isLocked(lockout)).toBe(false)
  guess(lockout)
  expect(isLocked(lockout)).toBe(true)

  guesses(lockout, 9, 'other')
  vi.advanceTimersByTime(lockWindow + 1)
  guess(lockout, 'other')
  expect(isLocked(lockout, 'other')).toBe(false)
})

test('a client that gets wrong secrets from many addresses is locked for each of them after three, and for no other', () => {
  const lockout = new Lockout({ limit: 10 })
  for (let address = 0; address < 50; address++) guesses(lockout, 2, 'client', `198.51.100.${address}`)
  expect(isLocked(lockout, 'client', '198.51.100.0')).toBe(false)
  guesses(lockout, 1, 'client', '198.51.100.0')
  expect(isLocked(lockout, 'client', '198.51.100.0')).toBe(true)
  guesses(lockout, 2)
  expect(isLocked(lockout)).toBe(false)
  guess(lockout)
  expect(isLocked(lockout)).toBe(true)
  expect(isLocked(lockout, 'client', '203.0.113.1')).toBe(false)
  guesses(lockout, 3, 'other')
  expect(isLocked(lockout, 'other')).toBe(false)
})

test('a limit below three holds under attack as well', () => {
  const lockout = new Lockout({ limit: 1 })
  for (let address = 0; address < 10; address++) guess(lockout, 'client', `198.51.100.${address}`)
  guess(lockout)
  expect(isLocked(lockout)).toBe(true)
})

test('ids of any length are counted, in bounded memory', () => {
  const lockout = new Lockout({ limit: 2 })
  const long = 'x'.repeat(16_000)
  guesses(lockout, 2, long)
  expect(isLocked(lockout, long)).toBe(true)
  expect(isLocked(lockout, `${long}x`)).toBe(false)
  const told: string[] = []
  const sharing = new Lockout({
    limit: 2,
    share: (name) => ({ add: (key) => Promise.resolve(name === 'attack' ? told.push(key) * 0 : 0) }),
  })
  for (const id of ['x'.repeat(200), 'x'.repeat(201)]) guess(sharing, id)
  expect(told).toEqual(['x'.repeat(200), expect.stringMatching(/^[\w-]{43}$/)])
})

test('other processes learn of the second wrong secret, and of 100 from one address at most', async () => {
  const told = new Map<string, string[]>()
  const limits = new Map<string, unknown>()
  const lockout = new Lockout({
    limit: 10,
    share(name, counts) {
      const keys: string[] = []
      told.set(name, keys)
      limits.set(name, counts)
      return { add: (key) => Promise.resolve(keys.push(key) * 0) }
    },
  })
  expect(Object.fromEntries(limits)).toEqual({
    attack: { limit: 100, window: lockWindow },
    lock: { limit: 10, window: lockWindow },
  })
  guess(lockout)
  expect(told.get('lock')).toEqual([])
  guess(lockout)
  expect(told.get('lock')).toEqual([expect.stringMatching(/^[\w-]{43}$/)])
  expect(told.get('attack')).toHaveLength(2)
  await settled()
  expect(isLocked(lockout)).toBe(false)
  for (let client = 0; client < 200; client++) guesses(lockout, 2, `client ${client}`)
  expect(told.get('attack')).toHaveLength(100)
  expect(told.get('lock')).toHaveLength(50)
})

test('a client that is locked by the wrong secrets at all processes is locked here', async () => {
  const lockout = new Lockout({
    limit: 10,
    share: (name) => ({ add: () => Promise.resolve(name === 'lock' ? 5_000 : 0) }),
  })
  guesses(lockout, 2)
  expect(isLocked(lockout)).toBe(false)
  await settled()
  expect(isLocked(lockout)).toBe(true)
  vi.advanceTimersByTime(5_001)
  expect(isLocked(lockout)).toBe(false)
})

test('a lock is not shortened by what other processes say of it', async () => {
  const lockout = new Lockout({
    limit: 2,
    share: (name) => ({ add: () => Promise.resolve(name === 'lock' ? 5_000 : 0) }),
  })
  guesses(lockout, 2)
  await settled()
  vi.advanceTimersByTime(5_001)
  expect(isLocked(lockout)).toBe(true)
})

test('a process on its own locks no client before the limit', async () => {
  const lockout = new Lockout({ limit: 10 })
  guesses(lockout, 9)
  await settled()
  expect(isLocked(lockout)).toBe(false)
})
