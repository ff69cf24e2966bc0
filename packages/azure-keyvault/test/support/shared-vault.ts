import { QuotaBudget } from '../../src/requests/quota-budget.ts'

/** Whether a vault takes a signature at a time; the two ways in which a service can count ten seconds. */
export type Throttle = (now: number) => boolean

/** Counts in windows of ten seconds by the clock, as the emulator does. */
export function fixedWindows(quota: number): Throttle {
  let [window, used] = [-1, 0]
  return (now) => {
    const current = Math.floor(now / 10_000)
    if (current !== window) [window, used] = [current, 0]
    if (used >= quota) return false
    used++
    return true
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

/** The machines and the network between. Times are milliseconds. */
export interface Conditions {
  /** The mean time of an answer. */
  readonly roundTrip: number
  /** The mean of what is added to each way of a request, exponentially distributed. */
  readonly jitter: number
  /** The most requests of a process at once. */
  readonly maxInFlight: number
  /** Event loops that are starved; null for none. Each runs for a time and then stands still, both exponentially distributed. */
  readonly starvation: { readonly run: number; readonly stall: number; readonly longest: number } | null
}

/** On a machine of its own, near the vault. */
export const near: Conditions = { roundTrip: 5, jitter: 0, maxInFlight: 128, starvation: null }
/** In another region than the vault. */
export const distant: Conditions = { roundTrip: 90, jitter: 5, maxInFlight: 128, starvation: null }
/** On a machine that has other work: the vault and each process stand still for 13 % of the time, up to 300 ms at a stretch. */
export const busy: Conditions = {
  roundTrip: 6,
  jitter: 5,
  maxInFlight: 16,
  starvation: { run: 200, stall: 30, longest: 300 },
}

/** Says when an event loop stands still. */
type Stall = (now: number) => boolean

function stalls({ starvation }: Conditions, random: () => number): Stall {
  if (starvation === null) return () => false
  const { run, stall, longest } = starvation
  const exponential = (mean: number): number => -Math.log(1 - random()) * mean
  let until = 0
  let next = exponential(run)
  return (now) => {
    if (now >= next) {
      until = next + Math.min(longest, exponential(stall))
      next = until + exponential(run)
    }
    return now < until
  }
}

/** Things that are due at a millisecond. */
class Agenda {
  readonly #due = new Map<number, (() => void)[]>()

  add(at: number, act: () => void): void {
    const due = this.#due.get(at)
    if (due === undefined) this.#due.set(at, [act])
    else due.push(act)
  }

  run(now: number): void {
    for (const act of this.#due.get(now) ?? []) act()
    this.#due.delete(now)
  }
}

/**
 * Processes that have more to sign than a vault allows, each with a budget of its own and told nothing, on a clock of
 * milliseconds. Keys are in hardware: a signature costs two units.
 *
 * @param starts when each process starts, in milliseconds
 * @param random a source of numbers from 0 to 1
 */
export function simulate(
  throttle: Throttle,
  starts: readonly number[],
  seconds: number,
  { conditions, random }: { readonly conditions: Conditions; readonly random: () => number },
): readonly Process[] {
  const agenda = new Agenda()
  const vaultStands = stalls(conditions, random)
  const arrived: ((now: number) => void)[] = []
  const oneWay = (): number => {
    const { roundTrip, jitter } = conditions
    return Math.max(1, Math.round((roundTrip / 2) * (0.8 + 0.4 * random()) - Math.log(1 - random()) * jitter))
  }
  const processes = starts.map((start) => ({
    start,
    budget: new QuotaBudget(4_000),
    stands: stalls(conditions, random),
    inFlight: 0,
    answers: [] as ((now: number) => void)[],
    accepted: Array.from({ length: seconds }, () => 0),
    refused: Array.from({ length: seconds }, () => 0),
  }))
  for (let now = 0; now < seconds * 1_000; now++) {
    agenda.run(now)
    if (!vaultStands(now)) for (const take of arrived.splice(0)) take(now)
    const order = processes.map((each) => ({ each, at: random() })).toSorted((a, b) => a.at - b.at)
    for (const { each } of order) {
      if (now < each.start || each.stands(now)) continue
      for (const receive of each.answers.splice(0)) receive(now)
      while (each.inFlight < conditions.maxInFlight && each.budget.waitFor(2, now) <= 0) send(each, now)
      each.budget.waited(now)
    }
  }
  return processes

  function send(process: (typeof processes)[number], sentAt: number): void {
    const spending = process.budget.spend(2, sentAt)
    process.inFlight++
    agenda.add(sentAt + oneWay(), () =>
      arrived.push((takenAt) => {
        const isAccepted = throttle(takenAt)
        const counts = isAccepted ? process.accepted : process.refused
        const second = Math.floor(takenAt / 1_000)
        counts[second] = (counts[second] ?? 0) + 1
        agenda.add(takenAt + oneWay(), () =>
          process.answers.push((now) => {
            process.inFlight--
            if (isAccepted) spending.accepted(now)
            else spending.refused(now, null)
          }),
        )
      }),
    )
  }
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
