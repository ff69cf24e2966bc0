import { quieter } from './logging/logger.ts'
import { openLog } from './logging/open-log.ts'
import { buildServer, listeningPort } from './server.ts'
import { printable } from './printable.ts'
import { loadSettings } from './settings/load-settings.ts'
import { banner } from './startup/banner.ts'
import { checkPort } from './startup/check-port.ts'
import { closeOnSignals } from './startup/close-on-signals.ts'
import { openRing } from './startup/open-ring.ts'
import { watchKey } from './startup/watch-key.ts'
import { keyWarnings, settingsWarnings } from './checks/warnings.ts'

// If a line cannot be printed, it is lost and the server goes on.
process.stderr.on('error', () => undefined)

try {
  const settings = loadSettings(process.env)
  await checkPort(settings)
  const log = openLog(settings.logLevel)
  // At a terminal the banner says which key signs.
  const ringLogger = log.logger.child({}, log.isTerminal ? { level: quieter(settings.logLevel) } : {})
  const { ring, isNew } = await openRing(settings, ringLogger)
  ringLogger.level = settings.logLevel
  const key = ring.signingKey()
  const app = buildServer({ settings, ring, logger: log.logger })
  await app.listen({ host: settings.host, port: settings.port })
  closeOnSignals(app, log)
  const port = listeningPort(app) ?? settings.port
  const now = new Date()
  const warnings = [...settingsWarnings(settings), ...keyWarnings(key, now)]
  // At a terminal the banner has all of it.
  if (!log.isTerminal) {
    const { keyId, location, notAfter } = key
    const issuer = settings.issuer ?? `http://localhost:${port}`
    if (isNew) log.logger.warn({ keyId, location }, 'there was no signing key; a new one was made')
    log.logger.info({ host: settings.host, port, issuer, keyId, location, notAfter }, 'listening')
    for (const warning of warnings) log.logger.warn(warning)
  }
  watchKey(() => ring.signingKey(), log.logger, warnings)
  // Reads the keys again, as after one was revoked. At a terminal it says that the terminal is gone, and ends the server.
  if (!log.isTerminal) process.on('SIGHUP', () => void ring.refresh().catch(() => undefined))
  process.stderr.write(banner(settings, key, { port, now, isNew, warnings }))
} catch (error) {
  // The message names the setting or file; a stack would only bury it.
  process.stderr.write(`token-server: ${printable(error instanceof Error ? error.message : String(error))}\n`)
  process.exitCode = 1
}
