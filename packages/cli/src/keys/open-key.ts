import type { KeyObject } from 'node:crypto'
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import {
  canExportPkcs12,
  openSigningKey,
  SealwrightError,
  type KeyStore,
  type SigningKey,
} from '@sealwright/core'
import { readLocalUri } from '@sealwright/local-store/internal'
import { readPkcs12 } from '@sealwright/x509'
import { withPassword } from '../files/passwords.ts'
import type { Terminal } from '../terminal/terminal.ts'
import { backendFor, isSigningUri, type KeyAccess } from './key-access.ts'
import { openStore } from './open-store.ts'
import type { OpenedKey } from './opened-key.ts'
import { openFile, type ReadOptions } from './read-key-file.ts'

/**
 * Opens a key: a file by its path, standard input for `-`, or a signing URI.
 *
 * @throws SealwrightError what the file or the store throws
 */
export async function openKey(
  source: string,
  options: ReadOptions,
  terminal: Terminal,
  access: KeyAccess,
): Promise<OpenedKey> {
  if (!isSigningUri(source)) return openFile(source, options, terminal)
  const backend = await backendFor(source, access)
  const local = /^file:/i.test(source) ? readLocalUri(source, process.cwd()) : null
  if (local?.kind === 'file') {
    // As Kubernetes mounts a TLS secret.
    const isSecret = local.certificatePath === null && (await isFolder(local.path))
    const path = isSecret ? join(local.path, 'tls.key') : local.path
    const beside = isSecret ? join(local.path, 'tls.crt') : undefined
    const certificate = local.certificatePath ?? options.certificate ?? beside
    return openFile(path, { ...options, certificate }, terminal)
  }
  return withPassword(options.password, terminal, source, async (password) => {
    const key = await openSigningKey(source, { backends: [backend], password })
    options.onPassword?.(password)
    return opened(key, async () => exportKey(source, key, password, access))
  })
}

function opened(key: SigningKey, privateKey: () => Promise<KeyObject>): OpenedKey {
  const { name, location, keyId, publicKey, algorithms, certificates } = key
  return {
    name,
    location,
    keyId,
    publicKey,
    algorithms,
    certificates,
    signer: (algorithm) => key.signer(algorithm),
    privateKey,
  }
}

/** The private key from a store that can export it. */
async function exportKey(
  source: string,
  key: SigningKey,
  password: string,
  access: KeyAccess,
): Promise<KeyObject> {
  const { store } = await openStore(source, password, access)
  if (!canExportPkcs12(store)) throw cannotExport(store, key)
  const { keys } = await readPkcs12(await store.exportPkcs12(key.name, '', { version: key.version }), '')
  const [found] = keys
  if (found === undefined) throw cannotExport(store, key)
  return found.privateKey
}

function cannotExport(store: KeyStore, { name }: SigningKey): SealwrightError {
  return new SealwrightError(
    'UNSUPPORTED_OPERATION',
    `the private key of ${name} never leaves ${store.location}; its certificate does: --out FILE.cer`,
  )
}

async function isFolder(path: string): Promise<boolean> {
  // An inaccessible path is reported when it is read.
  const stats = await stat(path).catch(() => null)
  return stats?.isDirectory() === true
}
