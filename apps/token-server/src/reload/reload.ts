import type { KeyRing } from '@sealwright/keyring'
import type { FastifyBaseLogger } from 'fastify'
import { settingsWarnings } from '../checks/warnings.ts'
import { Problems, problemsOf } from '../settings/problems.ts'
import type { Settings } from '../settings/settings.ts'
import type { LiveSettings } from './live-settings.ts'
import { checkAgainstRing, needRestart, applySettings } from './apply-settings.ts'

export interface ReloadOptions {
  /** Reads and checks the settings. It throws as `loadSettings` does. */
  readonly read: () => Settings
  readonly live: LiveSettings
  readonly ring: Pick<KeyRing, 'refresh'>
  readonly logger: Pick<FastifyBaseLogger, 'info' | 'warn' | 'error'>
}

/**
 * Reloads a running server: reads the settings, puts clients, resources and access tokens into effect, and reads the
 * keys. Invalid settings are refused as a whole, and those in effect stay. The log says what was done.
 *
 * @returns a function that never rejects. Calls made while a reload is waiting share it.
 */
export function createReload(options: ReloadOptions): () => Promise<void> {
  let running = Promise.resolve()
  let waiting: Promise<void> | null = null
  return () => {
    waiting ??= next()
    return waiting
  }

  async function next(): Promise<void> {
    await running
    waiting = null
    running = reload(options)
    await running
  }
}

async function reload({ read, live, ring, logger }: ReloadOptions): Promise<void> {
  try {
    const settings = read()
    const problems = new Problems()
    checkAgainstRing(live.current, settings, problems)
    if (problems.count > 0) throw problems.toError()
    const next = applySettings(live.current, settings)
    const restart = needRestart(live.current, settings)
    const known = new Set(settingsWarnings(live.current))
    await live.replace(next)
    logger.info(
      { clients: next.clients.size, resources: next.resources.length },
      'the settings were reloaded',
    )
    if (restart.length > 0) {
      logger.warn({ settings: restart }, `settings that take effect after a restart: ${restart.join(', ')}`)
    }
    for (const warning of settingsWarnings(next)) if (!known.has(warning)) logger.warn(warning)
  } catch (error) {
    for (const problem of problemsOf(error)) logger.error(`the settings were not reloaded: ${problem}`)
  }
  // The ring logs a failure to read the keys.
  await ring.refresh().catch(() => undefined)
}
