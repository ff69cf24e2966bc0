import closeWithGrace, { type Options } from 'close-with-grace'
import type { FastifyInstance } from 'fastify'
import type { Log } from '../logging/open-log.ts'

/** Milliseconds that requests in progress are given to finish. */
const closeDelay = 10_000

/** Milliseconds for the last lines of the log. */
const flushDelay = 1000

/** What close-with-grace would take for a wish to end besides. These keep the effect they have on any process. */
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

/**
 * Ends the server in order on SIGTERM and SIGINT, and after an error that nothing has caught: requests in progress are
 * finished, then the process exits, with 0 after a signal and 1 after an error or when time is up. Other signals do what
 * they do to any process, such as SIGQUIT, which ends it at once; SIGHUP is main.ts's.
 */
export function closeOnSignals(app: FastifyInstance, { logger, output }: Log): void {
  closeWithGrace({ delay: closeDelay, logger: false, skip }, async ({ signal, err }) => {
    if (err === undefined) logger.info({ signal }, 'closing')
    else logger.fatal({ err }, 'closing after an error')
    await app.close()
    await output.flush(flushDelay)
  })
}
