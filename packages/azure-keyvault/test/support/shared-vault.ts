import { QuotaBudget } from '../../src/requests/quota-budget.ts'

/** Whether a vault takes a request; the two ways in which a service can count ten seconds. */
export type Throttle = (now: number) => boolean

/** Counts in windows of ten seconds by the clock, as the emulator does. */
export function fixedWindows(quota: number): Throttle {
  let [window, used] = [-1, 0]
  return (now) => {
    const current = Math.floor((now + 3_000) / 10_000)
    if (current !== window) [window, used] = [current, 0]
    used += used < quota ? 1 : 0
    return used < quota
  }
}

/** Counts the ten seconds before each request. */
export function slidingWindow(quota: number): Throttle {
  const times: number[] = []
  let first = 0
  return (now) => {
    while (first < times.length && (times[first] ?? 0) <= now - 10_000) first++
    if (times.length - first >= quota) return false
    times.push(now)
    return true
  }
}

/** What became of the requests of one process, by second. */
export interface Process {
  readonly accepted: number[]
  readonly refused: number[]
}

/**
 * Processes that have more to sign than a vault allows, each with a budget of its own and told nothing, on a clock of
 * milliseconds.
 *
 * @param starts when each process starts, in milliseconds
 * @param random a source of numbers from 0 to 1
 */
export function simulate(
  throttle: Throttle,
  starts: readonly number[],
  seconds: number,
  { roundTrip, random }: { readonly roundTrip: number; readonly random: () => number },
): readonly Process[] {
  const processes = starts.map((start) => ({
    start,
    budget: new QuotaBudget(4_000),
    accepted: Array.from({ length: seconds }, () => 0),
    refused: Array.from({ length: seconds }, () => 0),
  }))
  const answers = new Map<number, (() => void)[]>()
  for (let now = 0; now < seconds * 1_000; now++) {
    for (const answer of answers.get(now) ?? []) answer()
    answers.delete(now)
    const order = processes.map((each) => ({ each, at: random() })).toSorted((a, b) => a.at - b.at)
    for (const { each } of order) {
      while (now >= each.start && each.budget.waitFor(1, now) <= 0) {
        const spending = each.budget.spend(1, now)
        const isAccepted = throttle(now)
        const counts = isAccepted ? each.accepted : each.refused
        counts[Math.floor(now / 1_000)] = (counts[Math.floor(now / 1_000)] ?? 0) + 1
        const due = now + Math.max(1, Math.round(roundTrip * (0.8 + 0.4 * random())))
        const answer = (): void => (isAccepted ? spending.accepted(due) : spending.refused(due, null))
        answers.set(due, [...(answers.get(due) ?? []), answer])
      }
      if (now >= each.start) each.budget.waited(now)
    }
  }
  return processes
}

/** Numbers from 0 to 1 that are the same in every run (mulberry32). */
export function seededRandom(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
