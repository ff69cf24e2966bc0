import { parseCommandLine } from './command-line.ts'
import { openLog } from './logging/open-log.ts'
import { runCommand } from './run-command.ts'
import { loadSettings } from './settings/load-settings.ts'
import { problemsOf } from './settings/problems.ts'
import { checkPort } from './startup/check-port.ts'
import { closeOnSignals } from './startup/close-on-signals.ts'
import { startServer } from './startup/start-server.ts'

// If a line cannot be printed, it is lost and the server goes on.
process.stderr.on('error', () => undefined)

const command = parseCommandLine(process.argv.slice(2))
if (command.kind !== 'start') process.exit(await runCommand(command, process.env))

try {
  const settings = loadSettings(process.env)
  await checkPort(settings)
  const log = openLog(settings.logLevel)
  const server = await startServer(settings, { log })
  const drain = { begin: () => server.drain(), delay: settings.drainDelay * 1000 }
  closeOnSignals({ close: () => server.app.close(), log, drain })
  // At a terminal it says that the terminal is gone, and ends the server.
  if (!log.isTerminal) process.on('SIGHUP', () => server.reload())
  server.announce()
} catch (error) {
  // The message names the settings or the file; a stack would only bury it.
  for (const problem of problemsOf(error)) process.stderr.write(`token-server: ${problem}\n`)
  process.exitCode = 1
}
