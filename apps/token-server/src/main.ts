import cluster from 'node:cluster'
import { parseCommandLine } from './command-line.ts'
import { openLog } from './logging/open-log.ts'
import { replayWindow } from './oauth/assertion-times.ts'
import { LiveSettings } from './reload/live-settings.ts'
import { createReload } from './reload/reload.ts'
import { WatchedFile } from './reload/watched-file.ts'
import { runCommand } from './run-command.ts'
import { loadSettings, settingsPath } from './settings/load-settings.ts'
import { problemsOf } from './settings/problems.ts'
import type { Settings } from './settings/settings.ts'
import { checkPorts } from './listening/check-port.ts'
import { closeDelay, closeOnSignals } from './startup/close-on-signals.ts'
import { reloadOnSignal } from './startup/reload-on-signal.ts'

// If a line cannot be printed, it is lost and the server goes on.
process.stderr.on('error', () => undefined)

const command = parseCommandLine(process.argv.slice(2))
if (command.kind !== 'start') process.exit(await runCommand(command, process.env))

if (cluster.isWorker) {
  const { runWorker } = await import('./workers/worker.ts')
  await runWorker()
} else {
  try {
    // Before the file is read, so that no change is missed.
    const file = new WatchedFile(settingsPath(process.env))
    const settings = loadSettings(process.env)
    await checkPorts(settings)
    const reload = settings.workers > 1 ? await runWorkers(settings) : await runAlone(settings)
    if (settings.watchSettings) file.start(reload)
  } catch (error) {
    fail(error)
  }
}

/** @returns a function that reloads the server */
async function runAlone(settings: Settings): Promise<() => void> {
  const { startServer } = await import('./startup/start-server.ts')
  const log = openLog(settings.logLevel)
  const reloadWith = reloadOnSignal(log.isTerminal)
  const server = await startServer(settings, { log })
  const drain = { begin: () => server.drain(), delay: settings.drainDelay * 1000 }
  closeOnSignals({ close: () => server.app.close(), log, drain })
  const reload = (): void => server.reload()
  reloadWith(reload)
  server.announce()
  return reload
}

/**
 * The server itself is loaded by the workers. They get their settings from this process, so that all of them have the same.
 *
 * @returns a function that reloads the server
 */
async function runWorkers(settings: Settings): Promise<() => void> {
  const { startWorkers } = await import('./workers/primary.ts')
  const log = openLog(settings.logLevel)
  const live = new LiveSettings(settings)
  const workers = startWorkers({
    settings: () => live.current,
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
  const reload = createReload({
    read: () => loadSettings(process.env),
    live,
    ring: { refresh: async () => workers.reload() },
    logger: log.logger,
  })
  reloadOnSignal(log.isTerminal)(() => void reload())
  return () => void reload()
}

/** The message names the settings or the file; a stack would only bury it. */
function fail(error: unknown): void {
  for (const problem of problemsOf(error)) process.stderr.write(`token-server: ${problem}\n`)
  process.exitCode = 1
}
