import type { KeyVaultOptions } from '@sealwright/azure-keyvault'
import { keyWarnings, settingsWarnings, signingKeys } from '../checks/warnings.ts'
import type { Environment } from '../settings/environment/environment.ts'
import { loadSettings } from '../settings/load-settings.ts'
import { problemsOf } from '../settings/problems.ts'
import type { Settings } from '../settings/settings.ts'
import { openRing } from '../startup/open-ring.ts'
import { checkKey, withoutCreation, type CheckedKey } from './check-keys.ts'
import { checkPlaces } from './check-places.ts'
import { describeConfig } from './report.ts'

export interface CheckedConfig {
  /** A summary of the settings; empty if they are not valid. It contains no secrets. */
  readonly report: string
  /** The problems, one per line. Empty for a server that can start. */
  readonly problems: readonly string[]
}

/**
 * Checks settings, keys, Redis, the audit folder and the ports, and changes nothing. A port in use is a warning: the
 * running server may have it. An absent key that would be created is named; whether it can be written is not checked.
 *
 * @param vault how a vault is reached. Default: with the identity that the environment has
 */
export async function checkConfig(env: Environment, vault: KeyVaultOptions = {}): Promise<CheckedConfig> {
  let settings: Settings
  try {
    settings = loadSettings(env)
  } catch (error) {
    return { report: '', problems: problemsOf(error) }
  }
  const places = checkPlaces(settings)
  const problems: string[] = []
  const keys = await Promise.all(
    [settings.signingKey, ...settings.additionalSigningKeys].map(
      async (setting): Promise<CheckedKey | null> => {
        try {
          return await checkKey(settings, setting, vault)
        } catch (error) {
          for (const problem of problemsOf(error)) problems.push(`the key of ${setting.source}: ${problem}`)
          return null
        }
      },
    ),
  )
  const checked = keys.filter((key) => key !== null)
  const warnings = [...settingsWarnings(settings)]
  // Which key signs, and whether the keys can do what the settings require, is known when all of them are there.
  if (problems.length === 0 && checked.every(({ willCreate }) => willCreate === null)) {
    await checkRing(settings, vault, warnings, problems)
  }
  const found = await places
  problems.push(...found.problems)
  warnings.push(...found.warnings)
  return { report: describeConfig(settings, checked, warnings), problems }
}

/** Adds the problems of the ring, and warnings about the keys that sign now. */
async function checkRing(
  settings: Settings,
  vault: KeyVaultOptions,
  warnings: string[],
  problems: string[],
): Promise<void> {
  const logger = {
    info: () => undefined,
    warn: (message: string) => void warnings.push(message),
    error: (message: string) => void problems.push(message),
  }
  try {
    const { ring } = await openRing(withoutCreation(settings), logger, { vault })
    warnings.push(...keyWarnings(signingKeys(ring.status()), new Date()))
    ring.close()
  } catch (error) {
    problems.push(...problemsOf(error))
  }
}
