import closeWithGrace from 'close-with-grace'
import { banner } from './startup/banner.ts'
import { createLogger } from './logging/logger.ts'
import { openKey } from './startup/open-key.ts'
import { checkPort } from './startup/check-port.ts'
import { buildServer, listeningPort } from './server.ts'
import { loadSettings } from './settings/load-settings.ts'
import { warnings } from './startup/warnings.ts'

/** Milliseconds that requests in flight are given to finish in. */
const closeDelay = 10_000

try {
  const settings = loadSettings(process.env)
  await checkPort(settings)
  const logger = createLogger(settings.logLevel)
  const key = await openKey(settings.signingKey)
  const app = buildServer({ settings, key, logger })
  await app.listen({ host: settings.host, port: settings.port })
  closeWithGrace({ delay: closeDelay, logger: false }, async ({ signal, err }) => {
    if (err === undefined) logger.info({ signal }, 'closing')
    else logger.fatal({ err }, 'closing after an error')
    await app.close()
  })
  for (const warning of warnings(settings, key, new Date())) logger.warn(warning)
  process.stderr.write(banner(settings, key, listeningPort(app) ?? settings.port, new Date()))
} catch (error) {
  // The message names the setting or file; a stack would only bury it.
  process.stderr.write(`token-server: ${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 1
}
