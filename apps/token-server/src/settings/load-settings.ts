import { Configuration } from './environment/configuration.ts'
import { emptyVariable, type Environment } from './environment/environment.ts'
import { readVariables } from './environment/variables.ts'
import { readSettingsFile, sampleSettingsFile, type SettingsFile } from './file/settings-file.ts'
import { isLoopback } from './loopback.ts'
import { parseSections } from './parse-sections.ts'
import { Problems } from './problems.ts'
import { schema, type Sections } from './schema/schema.ts'
import type { ClientEntry } from './schema/tokens/clients.ts'
import type { Client, Settings } from './settings.ts'
import { readAdditionalKeys } from './signing-key/additional-keys.ts'
import { ringPolicyOf, signingAlgorithmsOf } from './signing-key/ring-policy.ts'
import { readSigningKeySetting } from './signing-key/signing-key-setting.ts'

/** The path of the settings file. */
export function settingsPath(env: Environment): string {
  return env['TOKEN_SERVER_SETTINGS'] ?? sampleSettingsFile
}

/**
 * Reads and checks all settings. Nothing is opened or created before.
 *
 * @throws SealwrightError `INVALID_ARGUMENT`; the message has a line for each problem, with the variable or the path in the
 *   file, and quotes no values
 */
export function loadSettings(env: Environment): Settings {
  const problems = new Problems()
  const path = settingsPath(env)
  if (path === '') problems.add(emptyVariable('TOKEN_SERVER_SETTINGS'))
  const file = path === '' ? null : problems.attempt(() => readSettingsFile(path))
  const settings = settingsOf(file ?? { path, own: {}, dotNetSections: {} }, env, file !== null, problems)
  if (settings === null) throw problems.toError()
  return settings
}

/** null if there are problems. */
function settingsOf(
  file: SettingsFile,
  env: Environment,
  hasFile: boolean,
  problems: Problems,
): Settings | null {
  const variables = readVariables(env, schema, problems)
  const configuration = new Configuration(file, variables, problems)
  const parsed = parseSections(configuration, hasFile, problems)
  const signingKey =
    parsed.signingKey === undefined || parsed.dataDir === undefined
      ? null
      : readSigningKeySetting(parsed.signingKey, {
          env,
          file,
          configuration,
          problems,
          dataDir: parsed.dataDir,
          // Before the clients are valid, the answer makes no difference.
          clientsNeedKey: parsed.clients?.some(({ grantTypes }) => grantTypes.length > 0) ?? true,
        })
  const additionalSigningKeys = readAdditionalKeys(
    parsed.additionalSigningKeys ?? [],
    configuration,
    problems,
  )
  if (problems.count > 0 || signingKey === null || !isComplete(parsed)) return null

  const { accessTokenLifetime, dataDir: _, keyRing, welcomePage, ...sections } = parsed
  const clients = clientsOf(parsed.clients, accessTokenLifetime)
  const { host, issuer, resources } = sections
  const algorithms = problems.attempt(() =>
    signingAlgorithmsOf(signingKey.algorithm, resources, clients.values()),
  )
  const policy = problems.attempt(() =>
    ringPolicyOf({ signingKey, additionalSigningKeys, clients, keyRing }, configuration),
  )
  if (algorithms === null || policy === null) return null
  return {
    ...sections,
    clients,
    signingKey,
    additionalSigningKeys,
    signingAlgorithms: algorithms,
    keyRing: policy,
    hasPage: welcomePage ?? (env['NODE_ENV'] !== 'production' && isLocal(host, issuer)),
    file: file.path,
    variables: variables.map(({ name }) => name),
    isSample: file.path === sampleSettingsFile,
    sections: { ...parsed },
  }
}

function isComplete(parsed: Partial<Sections>): parsed is Sections {
  return Object.keys(schema).every((name) => Object.hasOwn(parsed, name))
}

function clientsOf(
  entries: readonly ClientEntry[],
  accessTokenLifetime: number,
): ReadonlyMap<string, Client> {
  return new Map(
    entries.map((each) => [
      each.clientId,
      {
        clientId: each.clientId,
        secretHashes: each.secrets.map((secret) => secret.sha256),
        jwks: each.jwks ?? null,
        grantTypes: each.grantTypes,
        scopes: [...new Set(each.scopes)],
        accessTokenLifetime: each.accessTokenLifetime ?? accessTokenLifetime,
        signingAlgorithm: each.signingAlgorithm,
      },
    ]),
  )
}

/** Whether all clients are on this machine. */
function isLocal(host: string, issuer: string | null): boolean {
  return isLoopback(host) && (issuer === null || isLoopback(new URL(issuer).hostname))
}
