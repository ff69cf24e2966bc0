import { resolve } from 'node:path'
import { isSealwrightError } from '@sealwright/core'
import { aFolderPath, aString, type Check, invalidArgument } from '@sealwright/core/internal'
import { unchecked } from '../files/access-rule.ts'
import { normalizeThumbprint } from '../find/thumbprint.ts'
import { nameOfFile } from './folder-layout.ts'
import type { Layout } from './layout.ts'
import { sharedFolder } from './shared-folder.ts'

/** Options of `openAppServiceStore`. */
export interface AppServiceStoreOptions {
  /** The folder of the certificates. Default: `/var/ssl/private`. */
  readonly folder?: string | undefined
  /** `*`, or SHA-1 thumbprints separated by commas. Default: the environment variable `WEBSITE_LOAD_CERTIFICATES`. */
  readonly loadCertificates?: string | undefined
}

/** The members of {@link AppServiceStoreOptions}. */
export const appServiceMembers: Readonly<Record<string, Check>> = {
  folder: aFolderPath,
  loadCertificates: aString,
}

/**
 * The folder of certificates that Azure App Service gives a Linux app: `THUMBPRINT.p12` (upper-case SHA-1) without a password, for the
 * certificates that the setting `WEBSITE_LOAD_CERTIFICATES` names. The platform creates the files and their modes.
 *
 * @throws SealwrightError `INVALID_ARGUMENT` for a malformed setting
 */
export function appServiceLayout(options: AppServiceStoreOptions): Layout {
  const shown = readSetting(settingOf(options))
  const accepts = (fileName: string): boolean =>
    /\.p12$/i.test(fileName) && (shown === 'all' || shown.has(nameOfFile(fileName).toUpperCase()))
  const folder = resolve(options.folder ?? '/var/ssl/private')
  return { ...sharedFolder(folder, unchecked, accepts), hint: hintFor(shown) }
}

/** Whether App Service gives the app certificates. */
export function isAppServiceSet(options: AppServiceStoreOptions): boolean {
  return settingOf(options) !== ''
}

function settingOf({ loadCertificates }: AppServiceStoreOptions): string {
  return (loadCertificates ?? process.env['WEBSITE_LOAD_CERTIFICATES'] ?? '').trim()
}

type Shown = 'all' | ReadonlySet<string>

function readSetting(setting: string): Shown {
  if (setting === '*') return 'all'
  if (setting === '') return new Set()
  try {
    return new Set(setting.split(',').map(normalizeThumbprint))
  } catch (error) {
    if (!isSealwrightError(error)) throw error
    throw invalidArgument(
      `WEBSITE_LOAD_CERTIFICATES must be * or thumbprints separated by commas: ${error.message}`,
      error,
    )
  }
}

function hintFor(shown: Shown): string | null {
  if (shown === 'all') return null
  return shown.size === 0
    ? 'WEBSITE_LOAD_CERTIFICATES is not set, so App Service provides no certificate; set it to * or to the thumbprint'
    : `App Service provides only those in WEBSITE_LOAD_CERTIFICATES: ${[...shown].join(', ')}`
}
