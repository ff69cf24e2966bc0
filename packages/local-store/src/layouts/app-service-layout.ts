import { resolve } from 'node:path'
import { isSealwrightError, SealwrightError } from '@sealwright/core'
import { unchecked } from '../files/access-rule.ts'
import { nameOfFile } from './folder-layout.ts'
import { isSameName } from '../find/key-name.ts'
import { checkFolder, fileNames, readFiles, type FolderFiles, type Layout } from './layout.ts'
import { commonName } from '../find/subject.ts'
import { normalizeThumbprint, sha1Thumbprint } from '../find/thumbprint.ts'

/**
 * The folder of certificates that Azure App Service gives a Linux app: `THUMBPRINT.p12` (upper-case SHA-1) without a password, for the certificates
 * that the setting `WEBSITE_LOAD_CERTIFICATES` names. The platform makes the files and their modes.
 *
 * @param setting `*`, or thumbprints with commas between them; empty shows nothing
 * @throws SealwrightError `INVALID_ARGUMENT` when the setting is neither
 */
export function appServiceLayout(folder: string, setting: string): Layout {
  const shown = readSetting(setting)
  const files: FolderFiles = {
    folder: resolve(folder),
    rule: unchecked,
    password: '',
    accepts: (fileName) =>
      /\.p12$/i.test(fileName) && (shown === 'all' || shown.has(nameOfFile(fileName).toUpperCase())),
    nameOf: ({ friendlyName, certificate }) =>
      friendlyName ?? commonName(certificate) ?? sha1Thumbprint(certificate),
  }
  return {
    folder: files.folder,
    hint: hintFor(shown),
    shared: true,
    check: () => checkFolder(files),
    async read(name) {
      const all = await readFiles(files, await fileNames(files))
      return name === undefined ? all : all.filter((each) => isSameName(each.name, name))
    },
  }
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
      `WEBSITE_LOAD_CERTIFICATES takes * or thumbprints with commas between them: ${error.message}`,
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
