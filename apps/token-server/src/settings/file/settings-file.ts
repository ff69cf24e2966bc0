import { join } from 'node:path'
import { appFolder } from '../app-folder.ts'
import { invalidSetting } from '../invalid-setting.ts'
import { parseJson } from './parse-json.ts'
import { readTextFile } from './text-file.ts'

/** The settings file without `TOKEN_SERVER_SETTINGS`. */
export const sampleSettingsFile: string = join(appFolder, 'token-server.json')

/** The settings of a file, which have not been checked yet. */
export interface SettingsFile {
  readonly path: string
  /** Those of this program, by name. */
  readonly own: Readonly<Record<string, unknown>>
  /** The sections with .NET's names: see signing-key/. */
  readonly dotNetSections: Readonly<Record<string, unknown>>
}

/** Enough for thousands of clients, and small enough to parse at once. */
const maximumBytes = 1024 * 1024

/**
 * Reads the settings file.
 *
 * @throws SealwrightError `INVALID_ARGUMENT` if it cannot be read or is not a JSON object; the message has the line and column
 */
export function readSettingsFile(path: string): SettingsFile {
  const json = parseJson(readTextFile(path, 'the settings file', maximumBytes), path)
  if (typeof json !== 'object' || json === null || Array.isArray(json)) {
    throw invalidSetting(`${path}: the whole file must be one JSON object`)
  }
  const own: Record<string, unknown> = {}
  const dotNetSections: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(json)) {
    // For editors.
    if (name === '$schema') continue
    const isDotNet = /^(?:IdentityServer|OpenIDServerSigningSettings)$/i.test(name)
    ;(isDotNet ? dotNetSections : own)[name] = value
  }
  return { path, own, dotNetSections }
}
