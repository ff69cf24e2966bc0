import { emptyVariable, type Environment } from '../environment/environment.ts'
import type { SettingsFile } from '../file/settings-file.ts'
import type { Problems } from '../problems.ts'

interface DotNetSetting {
  /** The setting, for messages. */
  readonly source: string
  readonly value: string
}

/** Settings by their names in .NET's configuration, in lower case: `identityserver:key:type`. */
export type DotNetSettings = ReadonlyMap<string, DotNetSetting>

/**
 * The settings that are read, in lower case. Other settings of `IdentityServer` in the environment may belong to another
 * program and are ignored. In the settings file they are refused.
 */
const prefixes = ['identityserver:key:', 'openidserversigningsettings:azurekeyvault:keyvaultcertificateurl']

/**
 * Reads settings like .NET's configuration: sections are joined by colons (or `__` in the environment, where a colon is
 * often impossible), names are case-insensitive, and the environment takes precedence over the file. One setting in two
 * spellings with different values is a problem; so is a value in the file that is neither a string nor a boolean.
 */
export function readDotNetSettings(
  env: Environment,
  { path, dotNetSections }: Pick<SettingsFile, 'path' | 'dotNetSections'>,
  problems: Problems,
): DotNetSettings {
  const settings = new Map<string, DotNetSetting>()
  for (const { name, value } of flatten(dotNetSections, '')) {
    if (settings.has(name.toLowerCase())) problems.add(`${path}: ${name} appears twice, in two spellings`)
    if (typeof value === 'string' || typeof value === 'boolean') {
      settings.set(name.toLowerCase(), { source: `${name} in ${path}`, value: String(value) })
    } else problems.add(`${path}: ${name} must be a string`)
  }
  const fromEnvironment = new Map<string, DotNetSetting>()
  for (const [source, value] of Object.entries(env)) {
    const name = source.replaceAll('__', ':').toLowerCase()
    if (value === undefined || !prefixes.some((prefix) => name.startsWith(prefix))) continue
    if (value === '') {
      problems.add(emptyVariable(source))
      continue
    }
    const other = fromEnvironment.get(name)
    if (other !== undefined && other.value !== value) {
      problems.add(
        `${other.source} and ${source} are the same setting with different values; remove one of them`,
      )
    }
    fromEnvironment.set(name, { source, value })
  }
  return new Map([...settings, ...fromEnvironment])
}

function* flatten(section: object, prefix: string): Generator<{ name: string; value: unknown }> {
  for (const [key, value] of Object.entries(section) as [string, unknown][]) {
    const name = `${prefix}${key}`
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
      yield* flatten(value, `${name}:`)
    } else yield { name, value }
  }
}
