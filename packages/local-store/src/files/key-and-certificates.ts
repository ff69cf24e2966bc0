import type { KeyObject, X509Certificate } from 'node:crypto'
import { realpath, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { SealwrightError } from '@sealwright/core'
import { invalidEncoding } from '@sealwright/core/internal'
import { readKeyFile, type KeyFile, type Pkcs12Contents } from '@sealwright/x509'
import { unchecked, type AccessRule } from './access-rule.ts'
import { fileState } from './file-state.ts'
import { inFile, onlyKey, withCertificates, type CertificateFile, type Pkcs12Key } from './pkcs12-file.ts'
import { readExistingFile, type PrivateFile } from './private-files.ts'

/** The names in a Kubernetes secret of type `kubernetes.io/tls`. */
const secretFiles = { key: 'tls.key', certificates: 'tls.crt' }

/**
 * Reads a private key and its certificates.
 *
 * @param path of a file, or of a folder with `tls.key` and `tls.crt`
 * @param certificatePath of the file with the certificates; null when they are in the file of the key
 * @param rule for the file of the key; certificates are public
 * @throws SealwrightError `NOT_FOUND`, `WRONG_PASSWORD`, `INVALID_ENCODING`, `UNSUPPORTED_KEY`, `LIMIT_EXCEEDED`,
 *   `UNSAFE_PERMISSIONS`, `ACCESS_DENIED`, `UNAVAILABLE`; the message names the file
 */
export async function readKeyAndCertificates(
  path: string,
  certificatePath: string | null,
  password: string,
  rule: AccessRule,
): Promise<CertificateFile & Pkcs12Key> {
  if (certificatePath === null && (await isFolder(path))) {
    const { key, certificates } = secretFiles
    return readKeyAndCertificates(join(path, key), join(path, certificates), password, rule)
  }
  if (certificatePath === null) {
    const { bytes, ...state } = await readExistingFile(path, rule)
    const key = await parse(path, bytes, password, (contents) => withCertificates(keyIn(contents)))
    return { ...key, path, ...state }
  }
  const [{ bytes, ...state }, certificateFile] = await readTogether(path, certificatePath, rule)
  const privateKey = await parse(path, bytes, password, (contents) => keyIn(contents).privateKey)
  const certificates = await parse(certificatePath, certificateFile.bytes, password, (contents) => {
    if (contents.certificates.length > 0) return contents.certificates
    throw invalidEncoding('the file holds no certificate')
  })
  const key = await assemble(privateKey, certificates)
  if (key.certificates.length === 0) {
    throw invalidEncoding(`no certificate in ${certificatePath} belongs to the private key in ${path}`)
  }
  return { ...withCertificates(key), path, ...state }
}

/** The key with its certificate and the issuers in order, as if one file had held all of them. */
async function assemble(
  privateKey: KeyObject,
  certificates: readonly X509Certificate[],
): Promise<Pkcs12Contents['keys'][number]> {
  const pem = [privateKey.export({ type: 'pkcs8', format: 'pem' }), ...certificates.map(String)].join('\n')
  const { keys } = await readKeyFile(Buffer.from(pem), '')
  return onlyKey(keys)
}

function keyIn({ keys, certificates, publicKeys }: KeyFile): Pkcs12Contents['keys'][number] {
  if (keys.length === 0 && certificates.length > 0) {
    throw invalidEncoding(
      'the file holds a certificate without its private key; open the file of the private key, with ?certificate=PATH for this one',
    )
  }
  if (keys.length === 0 && publicKeys.length > 0) {
    throw invalidEncoding('the file holds a public key; signing needs the private key')
  }
  return onlyKey(keys)
}

/** Bounds the retries when files change all the time. */
const mostReads = 5

/**
 * Reads two files that belong together. Kubernetes changes a secret by exchanging a symbolic link to the folder with both, so one file
 * can be old and the other new. Both are read again until neither has changed meanwhile.
 */
async function readTogether(
  path: string,
  certificatePath: string,
  rule: AccessRule,
): Promise<readonly [PrivateFile, PrivateFile]> {
  for (let reads = 0; reads < mostReads; reads++) {
    // Each attempt follows a change during the one before.
    // oxlint-disable no-await-in-loop
    const before = await Promise.all([identify(path), identify(certificatePath)])
    const files = await Promise.allSettled([
      readExistingFile(path, rule),
      readExistingFile(certificatePath, unchecked),
    ])
    const after = await Promise.all([identify(path), identify(certificatePath)])
    // oxlint-enable no-await-in-loop
    if (before.join('\n') !== after.join('\n')) continue
    const [key, certificates] = files
    // The error about the key matters more.
    if (key.status === 'rejected') throw key.reason
    if (certificates.status === 'rejected') throw certificates.reason
    return [key.value, certificates.value]
  }
  throw new SealwrightError(
    'UNAVAILABLE',
    `${path} and ${certificatePath} changed each time they were read; try again`,
  )
}

/** The file that a path leads to, and its state. Empty if there is no file: the attempt to read it gives the reason. */
async function identify(path: string): Promise<string> {
  try {
    const target = await realpath(path)
    return `${target} ${fileState(await stat(target)).identity}`
  } catch {
    return ''
  }
}

async function isFolder(path: string): Promise<boolean> {
  // Where stat(2) fails, the attempt to read the path as a file gives the reason.
  const stats = await stat(path).catch(() => null)
  return stats?.isDirectory() === true
}

/** Reads the contents of a file and passes them to `use`. Every error starts with the path. */
async function parse<T>(
  path: string,
  bytes: Uint8Array,
  password: string,
  use: (contents: KeyFile) => T,
): Promise<T> {
  try {
    return use(await readKeyFile(bytes, password))
  } catch (error) {
    throw inFile(path, error)
  }
}
