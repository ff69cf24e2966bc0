import { variable, type Environment } from '../environment.ts'
import { invalidSetting } from '../invalid-setting.ts'

/** Settings by the name .NET's configuration gives them, in lower case: `identityserver:key:type`. */
export type DotNetSettings = ReadonlyMap<string, { readonly source: string; readonly value: string }>

/** The sections of the settings file that have .NET's names. */
export interface DotNetSections {
  readonly file: string
  readonly sections: Readonly<Record<string, unknown>>
}

/**
 * Which settings are read, in lower case. The rest of `IdentityServer` belongs to somebody else's program in an
 * environment that is shared; in our own file it is a mistake, and found by whoever reads the settings.
 */
const prefixes = ['identityserver:key:', 'openidserversigningsettings:azurekeyvault:keyvaultcertificateurl']

/**
 * Reads settings as .NET's configuration does: sections joined by colons (`__` in the environment, where a colon is often
 * impossible), names compared without case, the environment before the file.
 *
 * @throws SealwrightError `INVALID_ARGUMENT` when the environment has one setting in two spellings with two values, or
 *   the file has something else than strings and booleans
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
        `${other.source} and ${source} are one setting with two values; leave one of them out`,
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
