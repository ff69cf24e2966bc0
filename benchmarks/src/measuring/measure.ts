import { median, spread } from './statistics.ts'

/** One of those that are measured against each other. */
export interface Contestant {
  readonly name: string
  /** How it works: `sync`, `async`, `pool`, … */
  readonly mode: string
  /**
   * The limit is the best that the others can reach, such as OpenSSL called raw. A reference is shown, and nothing is
   * compared with it.
   */
  readonly role: 'limit' | 'own' | 'peer' | 'reference'
  /** Does the work that many times; a promise resolves when all of it is done. */
  readonly run: (count: number) => void | Promise<unknown>
  /** The minimum number of times in a turn, however long that takes. Default 1. */
  readonly minimum?: number
  /** Called when the warm-up is over. */
  readonly onWarm?: () => void
}

/** How long to measure. */
export interface Plan {
  readonly rounds: number
  /** In each round every contestant has its turn that many times. */
  readonly turns: number
  /** How long a turn lasts, in milliseconds. */
  readonly turn: number
}

/** What is printed for one contestant, and kept in the results. */
export interface Row {
  readonly suite: string
  readonly name: string
  readonly alg: string
  readonly mode: string
  /** The median of the rounds. */
  readonly opsPerSec: number
  /** Half the distance between the quartiles of the rounds, relative to the median. */
  readonly spread: number
  /** The median of the ratios of each round; null where there is no limit. */
  readonly ratioToLimit: number | null
  /** Against the fastest peer by median, likewise; null where there is no peer. */
  readonly ratioToBestPeer: number | null
  /** The 99th percentile of the event loop's delay in milliseconds, over all turns. */
  readonly eventLoopDelayP99?: number
  /** Bytes of JavaScript loaded. */
  readonly bytes?: number
  /** How long a caller waited for its answer, in milliseconds. */
  readonly latency?: { readonly median: number; readonly p99: number }
  /** Errors that callers got, beside what is counted in `opsPerSec`. */
  readonly errors?: number
  /** Requests that a vault answered with 429, whether callers noticed or not. */
  readonly throttled?: number
  /** Processor time for one operation in microseconds: of the main thread, and of all others. */
  readonly cpu?: { readonly main: number; readonly others: number }
  /** Bytes in use after a garbage collection, at equal distances while it ran. */
  readonly memory?: { readonly heap: readonly number[]; readonly resident: readonly number[] }
}

/**
 * Measures contestants against each other. Machines drift, so only rates measured side by side are compared: in short
 * turns, each round beginning with another contestant. A round's rate is the median of its turns, so one disturbed turn
 * does not move it.
 */
export async function measure(
  suite: string,
  alg: string,
  contestants: readonly Contestant[],
  plan: Plan,
): Promise<Row[]> {
  const counts: number[] = []
  for (const contestant of contestants) counts.push(await warmUp(contestant, plan.turn))
  for (const { onWarm } of contestants) onWarm?.()
  const rates: number[][] = contestants.map(() => [])
  for (let round = 0; round < plan.rounds; round++) {
    const turns: number[][] = contestants.map(() => [])
    for (let turn = 0; turn < plan.turns; turn++) {
      for (let step = 0; step < contestants.length; step++) {
        const index = (round + step) % contestants.length
        const contestant = contestants[index] as Contestant
        turns[index]?.push(await rate(contestant, counts[index] as number))
      }
    }
    turns.forEach((each, index) => rates[index]?.push(median(each)))
  }
  return toRows(suite, alg, contestants, rates)
}

/** The rows of contestants with their rates by round. */
export function toRows(
  suite: string,
  alg: string,
  contestants: readonly Pick<Contestant, 'name' | 'mode' | 'role'>[],
  rates: readonly (readonly number[])[],
): Row[] {
  const fastest = (role: Contestant['role']): readonly number[] | null =>
    contestants
      .flatMap((contestant, index) => (contestant.role === role ? [rates[index] ?? []] : []))
      .toSorted((a, b) => median(b) - median(a))[0] ?? null
  const limit = fastest('limit')
  const peer = fastest('peer')
  return contestants.map(({ name, mode, role }, index) => {
    const own = rates[index] ?? []
    const ratioTo = (other: readonly number[] | null): number | null =>
      other === null ? null : median(own.map((value, round) => value / (other[round] ?? Number.NaN)))
    return {
      suite,
      name,
      alg,
      mode,
      opsPerSec: median(own),
      spread: spread(own),
      ratioToLimit: ratioTo(limit),
      ratioToBestPeer: role === 'limit' || role === 'reference' ? null : ratioTo(peer),
    }
  })
}

/** Lets the compiler see the code; returns how often it is to run in a turn. */
async function warmUp(contestant: Contestant, turn: number): Promise<number> {
  const { minimum = 1 } = contestant
  const end = performance.now() + Math.min(10 * turn, 500)
  let count = minimum
  do {
    count = Math.max(minimum, Math.round(((await rate(contestant, count)) * turn) / 1000))
  } while (performance.now() < end)
  return count
}

/** Operations per second. */
async function rate(contestant: Contestant, count: number): Promise<number> {
  const start = performance.now()
  const pending = contestant.run(count)
  if (pending !== undefined) await pending
  return (count / (performance.now() - start)) * 1000
}
