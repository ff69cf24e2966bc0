import { setTimeout as sleep } from 'node:timers/promises'
import closeWithGrace, { type Options } from 'close-with-grace'
import type { Log } from '../logging/open-log.ts'

/** Milliseconds that closing may take. */
export const closeDelay = 10_000

/** Milliseconds for the last lines of the log. */
const flushDelay = 1000

/** Milliseconds for the line that says why the process is ended. */
const lastLineDelay = 100

type Signals = NonNullable<Options['skip']>

/** Signals that close-with-grace would handle, too. They keep their normal effect. */
const skip: Signals = [
  'SIGHUP',
  'SIGQUIT',
  'SIGILL',
  'SIGTRAP',
  'SIGABRT',
  'SIGBUS',
  'SIGFPE',
  'SIGSEGV',
  'SIGUSR2',
]

export interface CloseOptions {
  /** Finishes requests in progress. The exit code is 1 if it rejects. */
  readonly close: () => Promise<unknown>
  readonly log: Log
  /** Milliseconds that it may take. Default 10,000. */
  readonly delay?: number
  /** What happens on SIGTERM before that. Default: nothing. */
  readonly drain?: {
    /** Makes the readiness check fail, so that load balancers stop sending requests. */
    begin(): void
    /** Milliseconds until they have noticed, and the server closes. */
    readonly delay: number
  }
}

/**
 * Shuts the server down on SIGTERM, on SIGINT and after an uncaught error. On SIGTERM it runs on for the delay, so that
 * load balancers notice. Then requests in progress are finished and the process exits: with 0 after a signal, with 1
 * after an error or when time is up. Other signals keep their normal effect: SIGQUIT ends the process at once. main.ts
 * handles SIGHUP.
 */
export function closeOnSignals(options: CloseOptions): void {
  install(options, skip)
}

/**
 * The same for a worker, except that its primary says when. SIGINT at a terminal and SIGTERM of systemd go to all
 * processes. SIGINT is left to the primary. SIGTERM may come before or after the message of the primary.
 *
 * @returns a function that shuts the worker down
 */
export function closeOnRequest(options: CloseOptions): () => void {
  const { close } = install(options, [...skip, 'SIGTERM', 'SIGINT'])
  let isClosing = false
  return () => {
    if (isClosing) return
    isClosing = true
    close()
  }
}

function install(
  { close, log: { logger, output }, delay = closeDelay, drain }: CloseOptions,
  skipped: Signals,
): ReturnType<typeof closeWithGrace> {
  const drainDelay = drain?.delay ?? 0
  // Whoever finds the exit code 1 must find the reason.
  const options = {
    delay: false,
    logger: false,
    skip: skipped,
    onSecondSignal: (signal: string) => logger.fatal({ signal }, 'ended by a second signal'),
    onSecondError: (err: unknown) => logger.fatal({ err }, 'another error while closing'),
  } as const
  return closeWithGrace(options, async ({ signal, err }) => {
    if (signal !== undefined) logger.info({ signal }, 'closing')
    if (err !== undefined) logger.fatal({ err }, 'closing after an error')
    drain?.begin()
    if (signal === 'SIGTERM' && drainDelay > 0) await sleep(drainDelay)
    const timer = setTimeout(() => void end(), delay)
    try {
      await close()
    } catch (error) {
      logger.fatal({ err: error }, 'could not close')
      throw error
    } finally {
      clearTimeout(timer)
      await output.flush(flushDelay)
    }
  })

  async function end(): Promise<void> {
    logger.fatal(`did not close within ${delay / 1000} s`)
    await output.flush(lastLineDelay)
    process.exit(1)
  }
}
