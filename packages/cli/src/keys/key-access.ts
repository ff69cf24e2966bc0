import type { KeyVaultOptions, VerifyKeyAttestationOptions } from '@sealwright/azure-keyvault'
import { join } from 'node:path'
import { SealwrightError, type Backend, type KeyLocator } from '@sealwright/core'
import { localStore, type LocalStoreOptions } from '@sealwright/local-store'
import { readLocalUri } from '@sealwright/local-store/internal'

/** How a command reaches keys. */
export interface KeyAccess {
  /** Default: with the identity that the environment has. */
  readonly vault?: KeyVaultOptions | undefined
  /** How the attestation of a managed HSM is verified. Default: with the roots of its maker. */
  readonly attestation?: VerifyKeyAttestationOptions | undefined
  /** Default: the folders of this user. */
  readonly local?: LocalStoreOptions | undefined
}

/** What opens the signing URIs. The Azure SDK is loaded only for a key in a vault. */
export async function backendsFor(
  uris: readonly string[],
  { vault, local }: KeyAccess,
): Promise<readonly (Backend & KeyLocator)[]> {
  if (!uris.some((uri) => /^https?:/i.test(uri))) return [localStore(local)]
  const { azureKeyVault } = await import('@sealwright/azure-keyvault')
  return [localStore(local), azureKeyVault(vault)]
}

/** The backend of one signing URI. */
export async function backendFor(uri: string, access: KeyAccess): Promise<Backend & KeyLocator> {
  const backends = await backendsFor([uri], access)
  const backend = backends.find((each) => each.accepts(uri))
  if (backend !== undefined) return backend
  throw new SealwrightError(
    'INVALID_ARGUMENT',
    'the signing URI has an unknown form; use file:PATH, store:my?thumbprint=…, store:FOLDER?name=NAME or ' +
      'https://NAME.vault.azure.net/certificates/CERT',
  )
}

/**
 * The file of a key, by its path or its `file:` URI; none for a key elsewhere.
 *
 * @throws SealwrightError `INVALID_ARGUMENT` for a malformed URI
 */
export function fileOf(source: string | undefined): readonly string[] {
  if (source === undefined) return []
  if (!isSigningUri(source)) return [source]
  const local = /^file:/i.test(source) ? readLocalUri(source, process.cwd()) : null
  // The path may be of a folder with this file, as Kubernetes mounts a secret.
  return local?.kind === 'file' ? [local.path, join(local.path, 'tls.key')] : []
}

/** Whether the text is meant as a signing URI and not as the path of a file. `C:\a.pfx` is a path. */
export function isSigningUri(text: string): boolean {
  return /^(?:file|store|https?):/i.test(text)
}
