import { ReplayGuard } from './replay-guard.ts'
import type { ReplayStore, Use } from './replay-store.ts'

export interface MemoryReplayStoreOptions {
  /** The longest time that an identifier is valid, in milliseconds. */
  readonly lifetime: number
  /** How many identifiers of one client are remembered. Default 100,000. */
  readonly limit?: number | undefined
  /** Default: this machine's clock. */
  readonly clock?: (() => Date) | undefined
  /** A monotonic clock, in milliseconds. Default: that of this process. */
  readonly monotonicClock?: (() => number) | undefined
}

/** More than 100 a second for as long as an assertion can be valid. */
const defaultLimit = 100_000

/** The memory of one process. Each client has a guard: one that sends too many assertions locks out only itself. */
export class MemoryReplayStore implements ReplayStore {
  readonly #lifetime: number
  readonly #limit: number
  readonly #clock: () => Date
  readonly #monotonicClock: () => number
  readonly #guards = new Map<string, ReplayGuard>()

  constructor({
    lifetime,
    limit = defaultLimit,
    clock = () => new Date(),
    monotonicClock = () => performance.now(),
  }: MemoryReplayStoreOptions) {
    this.#lifetime = lifetime
    this.#limit = limit
    this.#clock = clock
    this.#monotonicClock = monotonicClock
  }

  async use(clientId: string, id: string, expires: number): Promise<Use> {
    let guard = this.#guards.get(clientId)
    if (guard === undefined) {
      guard = new ReplayGuard(this.#lifetime, this.#limit)
      this.#guards.set(clientId, guard)
    }
    return guard.use(id, expires, { wall: this.#clock().getTime(), monotonic: this.#monotonicClock() })
  }
}
