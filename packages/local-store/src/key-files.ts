import { basename, dirname, resolve } from 'node:path'
import type { Password } from '@sealwright/core'
import { aFilePath, aPassword, optionsOf, resolvePassword } from '@sealwright/core/internal'
import { ownerOnly, type AccessRule } from './files/access-rule.ts'
import { readKeyAndCertificates } from './files/key-and-certificates.ts'
import { readCertificateFile } from './files/pkcs12-file.ts'
import { unversioned } from './find/stored-key.ts'
import {
  localSigningKey,
  signerOptions,
  type LocalSigningKey,
  type SignerOptions,
} from './keys/local-signing-key.ts'
import { nameOfFile } from './layouts/folder-layout.ts'

/** Options of {@link openKeyFile}. */
export interface OpenKeyFileOptions extends SignerOptions {
  /** The path of the certificates, absolute or relative to the folder of the key. Default: they are in the file of the key. */
  readonly certificate?: string | undefined
  /** The password of encrypted contents. Default: none. */
  readonly password?: Password | undefined
}

const keyFileOptions = optionsOf({ certificate: aFilePath, password: aPassword, ...signerOptions })
const pkcs12FileOptions = optionsOf(signerOptions)

/**
 * Opens a private key and its certificates: PFX, PEM, DER, JWK and every other format that `readKeyFile` of `@sealwright/x509` reads. The
 * contents decide the format. The key has the name of the file, without its extension.
 *
 * In a folder, the key is in `tls.key` and its certificates in `tls.crt`, as Kubernetes mounts a TLS secret. The key is named after the
 * folder. If two files change while they are read, they are read again, so that both are of one version.
 *
 * @param path of a file or folder, absolute or relative to the process's working folder
 * @throws SealwrightError `NOT_FOUND`, `WRONG_PASSWORD`, `UNSUPPORTED_KEY`, `LIMIT_EXCEEDED`; `INVALID_ENCODING` for a format that is
 *   not read, for a file with no private key or several, and when no certificate belongs to the key; `UNSAFE_PERMISSIONS` when
 *   other users than the owner can read the private key (its folder is not checked); `ACCESS_DENIED`, `UNAVAILABLE`
 *
 * @example
 * ```ts
 * import { openKeyFile } from '@sealwright/local-store'
 *
 * const key = await openKeyFile('/etc/ssl/private/tls.key', { certificate: '/etc/ssl/certs/tls.pem' })
 * ```
 */
export async function openKeyFile(path: string, options: OpenKeyFileOptions = {}): Promise<LocalSigningKey> {
  aFilePath('path', path)
  keyFileOptions('options', options)
  const { certificate, password } = options
  const keyPath = resolve(path)
  return openKeyFileAt(
    keyPath,
    certificate === undefined ? null : resolve(dirname(keyPath), certificate),
    await resolvePassword('options.password', password),
    options,
    ownerOnly,
  )
}

/**
 * As {@link openKeyFile}.
 *
 * @param path absolute
 * @param certificatePath absolute; null when the certificates are in the file of the key, or both in a folder
 */
export async function openKeyFileAt(
  path: string,
  certificatePath: string | null,
  password: string,
  options: SignerOptions,
  rule: AccessRule,
): Promise<LocalSigningKey> {
  const file = await readKeyAndCertificates(path, certificatePath, password, rule)
  const name = file.path === path ? nameOfFile(path) : basename(path)
  return localSigningKey(unversioned(name, file), options)
}

/**
 * Opens a PFX file that holds one private key. The key has the name of the file, without its extension.
 *
 * @param path absolute, or relative to the process's working folder
 * @param password of the file; empty for a file without one
 * @throws SealwrightError `NOT_FOUND`, `WRONG_PASSWORD`, `INVALID_ENCODING`, `UNSUPPORTED_KEY`, `LIMIT_EXCEEDED`,
 *   `UNSAFE_PERMISSIONS` when other users than the owner can read the file (its folder is not checked), `ACCESS_DENIED`,
 *   `UNAVAILABLE`
 *
 * @example
 * ```ts
 * import { openPkcs12File } from '@sealwright/local-store'
 *
 * const key = await openPkcs12File('my-app-auth.pfx', 'its password')
 * ```
 */
export async function openPkcs12File(
  path: string,
  password: Password,
  options: SignerOptions = {},
): Promise<LocalSigningKey> {
  aFilePath('path', path)
  pkcs12FileOptions('options', options)
  const fullPath = resolve(path)
  const file = await readCertificateFile(fullPath, await resolvePassword('password', password), ownerOnly)
  return localSigningKey(unversioned(nameOfFile(fullPath), file), options)
}
