import type { KeyObject, X509Certificate } from 'node:crypto'
import {
  canImportPkcs12,
  SealwrightError,
  type KeyStore,
  type Pkcs12Importer,
  type SigningKey,
} from '@sealwright/core'
import { writePkcs12 } from '@sealwright/x509'

/** @throws SealwrightError `UNSUPPORTED_OPERATION` for a read-only store */
export function assertImporter(store: KeyStore): asserts store is KeyStore & Pkcs12Importer {
  if (canImportPkcs12(store)) return
  throw new SealwrightError(
    'UNSUPPORTED_OPERATION',
    `${store.location} is read-only; nothing can be added to it`,
  )
}

/** Puts a key with its certificates into a store. */
export async function importKey(
  store: Pkcs12Importer,
  name: string,
  key: { readonly privateKey: KeyObject; readonly certificates: readonly X509Certificate[] },
): Promise<SigningKey> {
  // In memory only, so a password would protect nothing.
  const pfx = await writePkcs12({ ...key, friendlyName: name }, '', { iterations: 1 })
  return store.importPkcs12(name, pfx, '')
}
