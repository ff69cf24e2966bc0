import { ringPolicyOf, signingAlgorithmsOf } from './key-ring-settings.ts'
import { isLoopback, readEnvironment, type Environment } from './environment.ts'
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
  const issuer = environment.issuer ?? fromFile.issuer
  return {
    host: environment.host,
    port: environment.port,
    logLevel: environment.logLevel,
    issuer,
    hasPage: environment.hasPage ?? (!environment.isProduction && isLocal(environment.host, issuer)),
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

/** Whether all clients are on this machine. */
function isLocal(host: string, issuer: string | null): boolean {
  return isLoopback(host) && (issuer === null || isLoopback(new URL(issuer).hostname))
}
