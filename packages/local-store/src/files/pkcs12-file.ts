import type { KeyObject, X509Certificate } from 'node:crypto'
import { isSealwrightError, SealwrightError, type Password } from '@sealwright/core'
import { invalidEncoding } from '@sealwright/core/internal'
import { readKeyFile, readPkcs12, writePkcs12, type Pkcs12Contents } from '@sealwright/x509'
import type { AccessRule } from './access-rule.ts'
import type { FileState } from './file-state.ts'
import { readExistingFile } from './private-files.ts'

/** The contents of a PKCS#12 file: one certificate, and its private key where the file has one. */
export interface Pkcs12Certificate {
  /** From the file; null if it has none. */
  readonly friendlyName: string | null
  readonly certificate: X509Certificate
  /** The issuers of the certificate that are in the file, in order. */
  readonly issuers: readonly X509Certificate[]
  readonly privateKey: KeyObject | null
}

/** A {@link Pkcs12Certificate} with its private key. */
export interface Pkcs12Key extends Pkcs12Certificate {
  readonly privateKey: KeyObject
}

/** A {@link Pkcs12Certificate} and the file it is in. */
export interface CertificateFile extends Pkcs12Certificate, FileState {
  readonly path: string
}

/**
 * Reads a PFX file from disk.
 *
 * @param password of the file; the empty one opens files written with none
 * @throws SealwrightError `NOT_FOUND`, `WRONG_PASSWORD`, `INVALID_ENCODING`, `LIMIT_EXCEEDED`, `UNSAFE_PERMISSIONS`, `ACCESS_DENIED`,
 *   `UNAVAILABLE`; the message names the file
 */
export async function readCertificateFile(
  path: string,
  password: string,
  rule: AccessRule,
): Promise<CertificateFile> {
  const { bytes, ...state } = await readExistingFile(path, rule)
  return { ...(await decryptFile(path, bytes, password)), path, ...state }
}

/** @throws SealwrightError as {@link readCertificateFile} */
export async function decryptFile(
  path: string,
  bytes: Uint8Array,
  password: string,
): Promise<Pkcs12Certificate> {
  try {
    const contents = await readPkcs12(bytes, password)
    if (contents.keys.length > 0) return withCertificates(onlyKey(contents.keys))
    const [certificate, ...issuers] = contents.certificates
    if (certificate === undefined) throw invalidEncoding('the file holds no private key and no certificate')
    return { friendlyName: null, certificate, issuers, privateKey: null }
  } catch (error) {
    throw inFile(path, error)
  }
}

/**
 * Reads a key to be imported: PKCS#12, PEM or any other format that `readKeyFile` reads, with one private key and its
 * certificate.
 *
 * @throws SealwrightError `WRONG_PASSWORD`, `INVALID_ENCODING`, `LIMIT_EXCEEDED`
 */
export async function readImportedKey(bytes: Uint8Array, password: Password): Promise<Pkcs12Key> {
  const { keys } = await readKeyFile(bytes, password)
  return withCertificates(onlyKey(keys))
}

/**
 * A key with its certificates as PKCS#12.
 *
 * @param friendlyName replaces the one that the key came with
 * @param password of the new file. An empty one needs few iterations: the mode of the file protects it, and more iterations would only
 *   slow down its readers.
 * @returns DER
 */
export function encodePkcs12(
  friendlyName: string,
  { privateKey, certificate, issuers }: Pkcs12Key,
  password: string,
): Promise<Uint8Array> {
  const contents = { privateKey, certificates: [certificate, ...issuers], friendlyName }
  return writePkcs12(contents, password, password === '' ? { iterations: iterationsWithoutPassword } : {})
}

/** The default of OpenSSL. */
const iterationsWithoutPassword = 2048

/**
 * The file, typed as one that has a private key.
 *
 * @throws SealwrightError `INVALID_ENCODING` when it holds only a certificate
 */
export function withPrivateKey(file: CertificateFile): CertificateFile & Pkcs12Key {
  const { privateKey } = file
  if (privateKey !== null) return { ...file, privateKey }
  throw invalidEncoding(
    `${file.path} holds a certificate without its private key; export it again with the key`,
  )
}

/** An error about the contents of a file. The message starts with the path. */
export function inFile(path: string, error: unknown): unknown {
  return isSealwrightError(error)
    ? new SealwrightError(error.code, `${path}: ${error.message}`, { cause: error })
    : error
}

/**
 * The one private key of a file.
 *
 * @throws SealwrightError `INVALID_ENCODING` when there are none or several
 */
export function onlyKey(keys: Pkcs12Contents['keys']): Pkcs12Contents['keys'][number] {
  const [key, another] = keys
  if (key === undefined) throw invalidEncoding('the file holds no private key')
  if (another !== undefined) {
    throw invalidEncoding(`the file holds ${keys.length} private keys; a file to sign with has exactly one`)
  }
  return key
}

/** @throws SealwrightError `INVALID_ENCODING` when the key has no certificate */
export function withCertificates({
  privateKey,
  friendlyName,
  certificates,
}: Pkcs12Contents['keys'][number]): Pkcs12Key {
  const [certificate, ...issuers] = certificates
  if (certificate === undefined) {
    throw invalidEncoding('no certificate in the file belongs to its private key')
  }
  return { friendlyName, certificate, issuers, privateKey }
}
