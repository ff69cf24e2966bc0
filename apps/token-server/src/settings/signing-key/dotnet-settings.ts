import { variable, type Environment } from '../environment.ts'
import { invalidSetting } from '../invalid-setting.ts'

/** Settings by their names in .NET's configuration, in lower case: `identityserver:key:type`. */
export type DotNetSettings = ReadonlyMap<string, { readonly source: string; readonly value: string }>

/** The sections of the settings file with .NET's names. */
export interface DotNetSections {
  readonly file: string
  readonly sections: Readonly<Record<string, unknown>>
}

/**
 * The settings that are read, in lower case. Other settings of `IdentityServer` in the environment may belong to another
 * program and are ignored. In the settings file they are refused.
 */
const prefixes = ['identityserver:key:', 'openidserversigningsettings:azurekeyvault:keyvaultcertificateurl']

/**
 * Reads settings like .NET's configuration: sections are joined by colons (or `__` in the environment, where a colon is
 * often impossible), names are case-insensitive, and the environment takes precedence over the file.
 *
 * @throws SealwrightError `INVALID_ARGUMENT` if the environment has one setting in two spellings with different values, or
 *   the file has a value that is neither a string nor a boolean
 */
export function readDotNetSettings(env: Environment, { file, sections }: DotNetSections): DotNetSettings {
  const settings = new Map<string, { source: string; value: string }>()
  for (const { name, value } of flatten(sections, '', file)) {
    settings.set(name.toLowerCase(), { source: `${name} in ${file}`, value })
  }
  const fromEnvironment = new Map<string, { source: string; value: string }>()
  for (const source of Object.keys(env)) {
    const name = source.replaceAll('__', ':').toLowerCase()
    if (!prefixes.some((prefix) => name.startsWith(prefix))) continue
    const value = variable(env, source)
    if (value === undefined) continue
    const other = fromEnvironment.get(name)
    if (other !== undefined && other.value !== value) {
      throw invalidSetting(
        `${other.source} and ${source} are the same setting with different values; remove one of them`,
      )
    }
    fromEnvironment.set(name, { source, value })
  }
  return new Map([...settings, ...fromEnvironment])
}

function* flatten(section: object, prefix: string, file: string): Generator<{ name: string; value: string }> {
  for (const [key, value] of Object.entries(section) as [string, unknown][]) {
    const name = `${prefix}${key}`
    if (typeof value === 'string' || typeof value === 'boolean') yield { name, value: String(value) }
    else if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
      yield* flatten(value, `${name}:`, file)
    } else throw invalidSetting(`${file}: ${name} must be a string`)
  }
}
