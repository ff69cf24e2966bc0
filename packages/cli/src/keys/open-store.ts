import { SealwrightError, type KeyStore } from '@sealwright/core'
import {
  openAppServiceStore,
  openDotNetStore,
  openFolderStore,
  type CertificateStore,
} from '@sealwright/local-store'
import { readLocalUri } from '@sealwright/local-store/internal'
import type { KeyAccess } from './key-access.ts'

/** A store that a command was given, and which key in it. */
export interface OpenedStore {
  readonly store: KeyStore
  /** The name in the URI; null for a store without a key, and for a key that it names in another way. */
  readonly name: string | null
  /** The version that a URI of a vault gives. */
  readonly version: string | null
  /** How else the URI names the key: by its thumbprint or its subject. */
  readonly query: { readonly thumbprint: string } | { readonly subject: string } | null
}

/**
 * Opens a store: `store:my`, `store:appservice`, `store:FOLDER`, `https://NAME.vault.azure.net`; or that of a signing URI.
 *
 * @param password of the files in a folder
 * @throws SealwrightError `INVALID_ARGUMENT` for anything else; or the store's error
 */
export async function openStore(text: string, password: string, access: KeyAccess): Promise<OpenedStore> {
  if (/^store:/i.test(text)) return openLocalStore(text, password, access)
  if (/^https?:/i.test(text)) return openVault(text, access)
  throw new SealwrightError(
    'INVALID_ARGUMENT',
    'this is not a store: name store:my, store:FOLDER, or https://NAME.vault.azure.net',
  )
}

async function openLocalStore(text: string, password: string, access: KeyAccess): Promise<OpenedStore> {
  const base = access.local?.baseFolder ?? process.cwd()
  // A store without a name is parsed as if a name followed.
  const isWhole = !text.includes('?')
  const local = readLocalUri(isWhole ? `${text}?name=any` : text, base)
  if (local.kind !== 'store') throw new TypeError('unreachable')
  const { by, value } = local
  return {
    store: await openNamed(local.store, password, access),
    name: !isWhole && by === 'name' ? value : null,
    version: null,
    query: by === 'thumbprint' ? { thumbprint: value } : by === 'subject' ? { subject: value } : null,
  }
}

function openNamed(store: string, password: string, { local = {} }: KeyAccess): Promise<CertificateStore> {
  switch (store) {
    case 'my':
      return openDotNetStore(local.dotNet)
    case 'appservice':
      return openAppServiceStore(local.appService)
    default:
      return openFolderStore(store, { password })
  }
}

async function openVault(text: string, { vault }: KeyAccess): Promise<OpenedStore> {
  const { azureKeyVault, openKeyVault } = await import('@sealwright/azure-keyvault')
  const url = URL.canParse(text) ? new URL(text) : null
  const [, collection] = /^\/(certificates|keys)?\/?$/.exec(url?.pathname ?? '/') ?? ['', '-']
  if (url !== null && collection !== '-') {
    const store = openKeyVault(url.origin, {
      ...vault,
      ...(collection !== undefined && { collection: collection === 'keys' ? 'keys' : 'certificates' }),
    })
    return { store, name: null, version: null, query: null }
  }
  const { store, name, version } = (await azureKeyVault(vault).locate(text, {})) ?? unreachable()
  return { store, name, version, query: null }
}

function unreachable(): never {
  throw new TypeError('every URI of a vault has a store')
}
