import cluster from 'node:cluster'
import { parseCommandLine } from './command-line.ts'
import { openLog } from './logging/open-log.ts'
import { replayWindow } from './oauth/assertion-times.ts'
import { runCommand } from './run-command.ts'
import { loadSettings } from './settings/load-settings.ts'
import { problemsOf } from './settings/problems.ts'
import type { Settings } from './settings/settings.ts'
import { checkPort } from './startup/check-port.ts'
import { closeDelay, closeOnSignals } from './startup/close-on-signals.ts'
import { reloadOnSignal } from './startup/reload-on-signal.ts'

// If a line cannot be printed, it is lost and the server goes on.
process.stderr.on('error', () => undefined)

const command = parseCommandLine(process.argv.slice(2))
if (command.kind !== 'start') process.exit(await runCommand(command, process.env))

if (cluster.isWorker) {
  const { runWorker } = await import('./workers/worker.ts')
  await runWorker(() => loadSettings(process.env))
} else {
  try {
    const settings = loadSettings(process.env)
    await checkPort(settings)
    if (settings.workers > 1) await runWorkers(settings)
    else await runAlone(settings)
  } catch (error) {
    fail(error)
  }
}

async function runAlone(settings: Settings): Promise<void> {
  const { startServer } = await import('./startup/start-server.ts')
  const log = openLog(settings.logLevel)
  const reloadWith = reloadOnSignal(log.isTerminal)
  const server = await startServer(settings, { log })
  const drain = { begin: () => server.drain(), delay: settings.drainDelay * 1000 }
  closeOnSignals({ close: () => server.app.close(), log, drain })
  reloadWith(() => server.reload())
  server.announce()
}

/** The server itself is loaded by the workers. */
async function runWorkers(settings: Settings): Promise<void> {
  const { startWorkers } = await import('./workers/primary.ts')
  const log = openLog(settings.logLevel)
  const workers = startWorkers({
    count: settings.workers,
    log,
    replayWindow,
    onGiveUp(reason) {
      fail(reason)
      void log.output.flush(1_000).then(() => process.exit())
    },
  })
  closeOnSignals({
    close: () => workers.close(closeDelay + 2_000),
    log,
    delay: closeDelay + 4_000,
    drain: { begin: () => workers.drain(), delay: settings.drainDelay * 1000 },
  })
  reloadOnSignal(log.isTerminal)(() => workers.reload())
}

/** The message names the settings or the file; a stack would only bury it. */
function fail(error: unknown): void {
  for (const problem of problemsOf(error)) process.stderr.write(`token-server: ${problem}\n`)
  process.exitCode = 1
}
