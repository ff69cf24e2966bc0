import closeWithGrace, { type Options } from 'close-with-grace'
import type { Log } from '../logging/open-log.ts'

/** Milliseconds that requests in progress are given to finish. */
const closeDelay = 10_000

/** Milliseconds for the last lines of the log. */
const flushDelay = 1000

/** Signals that close-with-grace would handle, too. They keep their normal effect. */
const skip: NonNullable<Options['skip']> = [
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
}

/**
 * Shuts the server down on SIGTERM, on SIGINT and after an uncaught error: requests in progress are finished, then the
 * process exits, with 0 after a signal, and with 1 after an error or when time is up. Other signals keep their normal effect:
 * SIGQUIT ends the process at once. main.ts handles SIGHUP.
 */
export function closeOnSignals({ close, log: { logger, output } }: CloseOptions): void {
  closeWithGrace({ delay: closeDelay, logger: false, skip }, async ({ signal, err }) => {
    if (err === undefined) logger.info({ signal }, 'closing')
    else logger.fatal({ err }, 'closing after an error')
    try {
      await close()
    } finally {
      await output.flush(flushDelay)
    }
  })
}
