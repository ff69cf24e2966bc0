import { resolve } from 'node:path'
import { isSealwrightError, SealwrightError } from '@sealwright/core'
import { unchecked } from '../files/access-rule.ts'
import { normalizeThumbprint } from '../find/thumbprint.ts'
import { nameOfFile } from './folder-layout.ts'
import type { Layout } from './layout.ts'
import { sharedFolder } from './shared-folder.ts'

/**
 * The folder of certificates that Azure App Service gives a Linux app: `THUMBPRINT.p12` (upper-case SHA-1) without a password, for the
 * certificates that the setting `WEBSITE_LOAD_CERTIFICATES` names. The platform makes the files and their modes.
 *
 * @param setting `*`, or thumbprints separated by commas; an empty one names none
 * @throws SealwrightError `INVALID_ARGUMENT` for any other setting
 */
export function appServiceLayout(folder: string, setting: string): Layout {
  const shown = readSetting(setting)
  const accepts = (fileName: string): boolean =>
    /\.p12$/i.test(fileName) && (shown === 'all' || shown.has(nameOfFile(fileName).toUpperCase()))
  // The platform's files are only read.
  const { remove: _, ...reading } = sharedFolder(resolve(folder), unchecked, accepts)
  return { ...reading, hint: hintFor(shown) }
}

type Shown = 'all' | ReadonlySet<string>

function readSetting(setting: string): Shown {
  if (setting === '*') return 'all'
  if (setting === '') return new Set()
  try {
    return new Set(setting.split(',').map(normalizeThumbprint))
  } catch (error) {
    if (!isSealwrightError(error)) throw error
    throw new SealwrightError(
      'INVALID_ARGUMENT',
      `WEBSITE_LOAD_CERTIFICATES must be * or thumbprints separated by commas: ${error.message}`,
      { cause: error },
    )
  }
}

function hintFor(shown: Shown): string | null {
  if (shown === 'all') return null
  return shown.size === 0
    ? 'WEBSITE_LOAD_CERTIFICATES is not set, so App Service provides no certificate; set it to * or to the thumbprint'
    : `App Service provides only those in WEBSITE_LOAD_CERTIFICATES: ${[...shown].join(', ')}`
}
