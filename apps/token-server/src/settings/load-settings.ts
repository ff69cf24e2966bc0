import { readEnvironment, type Environment } from './environment.ts'
import { readSettingsFile, sampleSettingsFile } from './settings-file.ts'
import type { Settings } from './settings.ts'
import { readSigningKeySetting } from './signing-key/signing-key-setting.ts'

/**
 * Reads and checks all settings. Nothing is opened or made before.
 *
 * @throws SealwrightError `INVALID_ARGUMENT` for a setting that is not valid; the message has its name and place
 */
export function loadSettings(env: Environment): Settings {
  const environment = readEnvironment(env)
  const file = environment.settingsFile ?? sampleSettingsFile
  const { dotNetSections, ...fromFile } = readSettingsFile(file)
  return {
    host: environment.host,
    port: environment.port,
    logLevel: environment.logLevel,
    issuer: environment.issuer ?? fromFile.issuer,
    resources: fromFile.resources,
    clients: fromFile.clients,
    signingKey: readSigningKeySetting(
      env,
      { file, sections: dotNetSections },
      [...fromFile.clients.values()].some(({ grantTypes }) => grantTypes.length > 0),
    ),
    file,
    isSample: file === sampleSettingsFile,
  }
}
