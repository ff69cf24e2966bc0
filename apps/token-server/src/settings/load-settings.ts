import { ringPolicyOf, signingAlgorithmsOf } from './key-ring-settings.ts'
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
  const { resources, clients, additionalSigningKeys } = fromFile
  const signingKey = readSigningKeySetting(
    env,
    { file, sections: dotNetSections },
    [...clients.values()].some(({ grantTypes }) => grantTypes.length > 0),
  )
  return {
    host: environment.host,
    port: environment.port,
    logLevel: environment.logLevel,
    issuer: environment.issuer ?? fromFile.issuer,
    resources,
    clients,
    signingKey,
    additionalSigningKeys,
    signingAlgorithms: signingAlgorithmsOf(signingKey.algorithm, resources, clients.values()),
    keyRing: ringPolicyOf({ ...fromFile, signingKey }),
    identityServerKeyIds: fromFile.identityServerKeyIds,
    file,
    isSample: file === sampleSettingsFile,
  }
}
