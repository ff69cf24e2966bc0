import { maximumFailures, Restarts, settledAfter } from './restarts.ts'

/** How a worker ended. */
export interface WorkerEnd {
  readonly code: number | null
  readonly signal: string | null
}

/** What happens to a worker. */
export interface WorkerEvents {
  /** It listens. */
  ready(port: number): void
  /** It could not start, for a reason that a person can understand. Its end follows. */
  failed(reason: string): void
  /** Its process has ended, and its log is read. */
  ended(end: WorkerEnd): void
}

/** One process. */
export interface WorkerProcess {
  tell(topic: 'close' | 'drain' | 'reload'): void
  kill(): void
}

/** What the supervisor says. */
interface SupervisorLog {
  warn(details: object, message: string): void
  error(details: object, message: string): void
}

export interface SupervisorOptions {
  /** How many workers. */
  readonly count: number
  /** Starts a process. If it throws, the worker could not start. */
  readonly start: (number: number, isFirst: boolean, events: WorkerEvents) => WorkerProcess
  readonly log: SupervisorLog
  /** Called once, when the server cannot go on. No worker runs any more. */
  readonly onGiveUp: (reason: string) => void
  /** A monotonic clock, in milliseconds. */
  readonly now?: () => number
}

/** The place of one worker after the other. */
interface Slot {
  readonly number: number
  readonly restarts: Restarts
  process: WorkerProcess | null
  /** When it became ready; null while it is not. */
  readySince: number | null
  /** Why it could not start. */
  reason: string | null
  /** Whether a reload was asked for while it started. It may have read the settings before. */
  isReloadDue: boolean
  timer: NodeJS.Timeout | null
}

/**
 * Keeps the workers running. The first one starts before the others, and creates the key if there is none; the others start when it is ready.
 * A worker that ends is replaced. The server is given up when a worker cannot be replaced ten times in a row, while no
 * other has started well; and at once when the very first worker says why it cannot start.
 */
export class Supervisor {
  readonly #options: SupervisorOptions
  readonly #now: () => number
  readonly #slots: readonly Slot[]
  /** The port of the server; null until the first worker is ready. */
  #port: number | null = null
  #isDraining = false
  #isClosing = false
  #isClean = true
  /** The workers are ended, whatever they do: that is no fault of theirs. */
  #isGivingUp = false
  readonly #onEmpty: (() => void)[] = []

  constructor(options: SupervisorOptions) {
    this.#options = options
    this.#now = options.now ?? (() => performance.now())
    this.#slots = Array.from({ length: options.count }, (_, index): Slot => {
      const number = index + 1
      return {
        number,
        restarts: new Restarts(),
        process: null,
        readySince: null,
        reason: null,
        isReloadDue: false,
        timer: null,
      }
    })
  }

  start(): void {
    const [first] = this.#slots
    if (first !== undefined) this.#start(first)
  }

  /** Makes the readiness check of all workers fail, so that load balancers stop sending requests. */
  drain(): void {
    this.#isDraining = true
    for (const { process } of this.#slots) process?.tell('drain')
  }

  /** Has all workers read their settings and keys again. */
  reload(): void {
    for (const slot of this.#slots) {
      if (slot.readySince === null) slot.isReloadDue = true
      else slot.process?.tell('reload')
    }
  }

  /**
   * Has all workers finish what they do and end, and starts no more.
   *
   * @param grace milliseconds until those that are left are killed
   * @throws Error when one that was ready was killed or ended with an error
   */
  async close(grace: number): Promise<void> {
    this.#stop()
    for (const { process } of this.#slots) process?.tell('close')
    const timer = setTimeout(() => {
      for (const { process } of this.#slots) process?.kill()
    }, grace)
    await this.#empty()
    clearTimeout(timer)
    if (!this.#isClean) throw new Error('a worker could not finish')
  }

  /** Ends all workers at once. */
  kill(): void {
    this.#stop()
    for (const { process } of this.#slots) process?.kill()
  }

  #start(slot: Slot): void {
    slot.timer = null
    slot.reason = null
    slot.isReloadDue = false
    const isFirst = this.#port === null
    try {
      slot.process = this.#options.start(slot.number, isFirst, {
        ready: (port) => this.#ready(slot, port),
        failed: (reason) => (slot.reason = reason),
        ended: (end) => this.#ended(slot, end),
      })
    } catch (error) {
      // For example when there is no memory for another process.
      slot.reason = error instanceof Error ? error.message : String(error)
      this.#ended(slot, { code: null, signal: null })
    }
  }

  #ready(slot: Slot, port: number): void {
    slot.readySince = this.#now()
    // It may have missed earlier messages.
    if (this.#isDraining) slot.process?.tell('drain')
    if (this.#isClosing) slot.process?.tell('close')
    if (slot.isReloadDue) slot.process?.tell('reload')
    const isFirst = this.#port === null
    this.#port ??= port
    // All workers had ended, so a port chosen by the system was lost.
    if (port !== this.#port) this.#giveUp(`the port ${this.#port} was lost; set PORT to a port other than 0`)
    if (!isFirst || this.#isClosing) return
    for (const other of this.#slots) if (other !== slot) this.#start(other)
  }

  #ended(slot: Slot, { code, signal }: WorkerEnd): void {
    const wasReady = slot.readySince !== null
    const readyFor = slot.readySince === null ? 0 : this.#now() - slot.readySince
    slot.process = null
    slot.readySince = null
    const how = slot.reason ?? (signal === null ? `it ended with exit code ${code}` : `${signal} ended it`)
    // systemd sends SIGTERM to all processes, so a worker may finish just before its primary says so.
    if (this.#isClosing || (this.#isDraining && code === 0)) {
      // A worker that has not started has nothing to finish.
      if (code !== 0 && wasReady && !this.#isGivingUp) {
        this.#isClean = false
        this.#options.log.error({ worker: slot.number, reason: how }, 'a worker could not finish')
      }
      if (this.#isEmpty()) for (const tell of this.#onEmpty.splice(0)) tell()
      return
    }
    if (this.#port === null && slot.reason !== null) {
      this.#giveUp(slot.reason)
      return
    }
    const delay = slot.restarts.ended(readyFor)
    if (slot.restarts.failures >= maximumFailures && !this.#hasSettled()) {
      this.#giveUp(
        `worker ${slot.number} ended ${maximumFailures} times in a row before it had run for 10 s: ${how}`,
      )
      return
    }
    this.#report(slot, how, delay)
    slot.timer = setTimeout(() => this.#start(slot), delay)
  }

  #report({ number, reason }: Slot, how: string, restartIn: number): void {
    const details = { worker: number, reason: how, restartIn }
    // A worker that was ended by hand with SIGTERM has not failed.
    if (reason === null) this.#options.log.warn(details, 'a worker has ended and is replaced')
    else this.#options.log.error(details, 'a worker could not start and is tried again')
  }

  #hasSettled(): boolean {
    const now = this.#now()
    return this.#slots.some(({ readySince }) => readySince !== null && now - readySince >= settledAfter)
  }

  #giveUp(reason: string): void {
    if (this.#isClosing) return
    this.#isGivingUp = true
    this.kill()
    void this.#empty().then(() => this.#options.onGiveUp(reason))
  }

  #stop(): void {
    this.#isClosing = true
    for (const slot of this.#slots) {
      if (slot.timer !== null) clearTimeout(slot.timer)
      slot.timer = null
    }
  }

  #isEmpty(): boolean {
    return this.#slots.every(({ process }) => process === null)
  }

  async #empty(): Promise<void> {
    if (this.#isEmpty()) return
    await new Promise<void>((resolve) => this.#onEmpty.push(resolve))
  }
}
