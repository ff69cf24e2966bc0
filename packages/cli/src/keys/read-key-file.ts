import { createPublicKey, type KeyObject, type X509Certificate } from 'node:crypto'
import {
  algorithmsOf,
  createLocalSigner,
  isSealwrightError,
  jwkThumbprint,
  SealwrightError,
} from '@sealwright/core'
import { decodePem, readKeyFile, type KeyFile, type KeyFileLimits } from '@sealwright/x509'
import { inputName, readInput } from '../files/files.ts'
import { withPassword, type PasswordSource } from '../files/passwords.ts'
import type { Terminal } from '../terminal/terminal.ts'
import type { OpenedKey } from './opened-key.ts'

/** How a file of keys is read. */
export interface ReadOptions {
  readonly password: PasswordSource
  /** The path of the file with the certificates of the key; undefined where they are beside it. */
  readonly certificate?: string | undefined
  readonly acceptMissingMac?: boolean | undefined
  readonly limits?: Partial<KeyFileLimits> | undefined
  /** Told which password opened the file or the store. */
  readonly onPassword?: ((password: string) => void) | undefined
}

/**
 * Reads any file of keys or certificates, or standard input for `-`.
 *
 * @throws SealwrightError as `readKeyFile` of x509, with the path in front and the names of the options
 */
export async function readContents(path: string, options: ReadOptions, terminal: Terminal): Promise<KeyFile> {
  const bytes = await readInput(path, terminal, options.limits?.bytes)
  return parseContents(bytes, inputName(path), options, terminal)
}

/**
 * As {@link readContents}, for bytes in memory.
 *
 * @param name for messages
 */
export async function parseContents(
  bytes: Uint8Array,
  name: string,
  { password, acceptMissingMac, limits, onPassword }: ReadOptions,
  terminal: Terminal,
): Promise<KeyFile> {
  return withPassword(password, terminal, name, async (text) => {
    try {
      const contents = await readKeyFile(bytes, text, { acceptMissingMac, limits })
      onPassword?.(text)
      return contents
    } catch (error) {
      if (!isSealwrightError(error)) throw error
      const message = error.message
        .replace(
          'the option acceptMissingMac',
          'the option --accept-missing-mac of sealwright inspect, cert convert and cert import',
        )
        .replace(/limits\.(\w+) raises/, '--limit $1=NUMBER of sealwright inspect raises')
      throw new SealwrightError(error.code, `${name}: ${message}`, { cause: error })
    }
  })
}

/**
 * The DER in bytes that are DER or PEM; undefined if no block has a wanted label.
 *
 * @throws SealwrightError as `decodePem`
 */
export function derIn(bytes: Uint8Array, isWanted: (label: string) => boolean): Uint8Array | undefined {
  // DER begins with a SEQUENCE, and PEM with text.
  if (bytes[0] === 0x30) return bytes
  return decodePem(Buffer.from(bytes).toString('latin1')).find(({ label }) => isWanted(label))?.der
}

/** The certificates in a file, in order: of a PEM, PFX or PKCS#7 file, or one in DER. */
export async function readCertificates(
  path: string,
  options: Pick<ReadOptions, 'password'>,
  terminal: Terminal,
): Promise<readonly X509Certificate[]> {
  const { certificates } = await readContents(path, options, terminal)
  if (certificates.length > 0) return certificates
  throw new SealwrightError('INVALID_ENCODING', `${inputName(path)} has no certificate`)
}

/**
 * The one private key of a file, with its certificates.
 *
 * @throws SealwrightError `INVALID_ENCODING` for a file with no private key or several; `UNSUPPORTED_KEY`
 */
export async function openFile(path: string, options: ReadOptions, terminal: Terminal): Promise<OpenedKey> {
  const contents = await readContents(path, options, terminal)
  const [key, another] = contents.keys
  if (key === undefined || another !== undefined) throw notOneKey(inputName(path), contents)
  const { privateKey } = key
  const certificates =
    options.certificate === undefined
      ? key.certificates
      : await chainOf(privateKey, options.certificate, options, terminal)
  const publicKey = createPublicKey(privateKey)
  return {
    location: inputName(path),
    name: key.friendlyName,
    keyId: jwkThumbprint(publicKey),
    publicKey,
    algorithms: algorithmsOf(privateKey),
    certificates,
    signer: (algorithm) => createLocalSigner(privateKey, { algorithm }),
    privateKey: async () => privateKey,
  }
}

function notOneKey(path: string, contents: KeyFile): SealwrightError {
  const { keys, certificates, publicKeys, requests, skipped } = contents
  if (keys.length > 1) {
    return new SealwrightError(
      'INVALID_ENCODING',
      `${path} has ${keys.length} private keys; use a file with one`,
    )
  }
  const [first] = skipped
  if (first !== undefined) {
    return new SealwrightError(
      'INVALID_ENCODING',
      `${path} has no private key that can be used: ${first.reason}`,
    )
  }
  const kinds = {
    'a certificate': certificates,
    'a public key': publicKeys,
    'a certificate request': requests,
  }
  const [there = 'something else'] = Object.entries(kinds).flatMap(([kind, found]) =>
    found.length > 0 ? [kind] : [],
  )
  return new SealwrightError(
    'INVALID_ENCODING',
    `${path} has ${there} and no private key; use the file of the key`,
  )
}

/** The certificate of the key and its issuers, from a file of its own. */
async function chainOf(
  privateKey: KeyObject,
  path: string,
  options: ReadOptions,
  terminal: Terminal,
): Promise<readonly X509Certificate[]> {
  const certificates = await readCertificates(path, options, terminal)
  // The reader pairs keys with certificates, and orders chains.
  const pem = [privateKey.export({ type: 'pkcs8', format: 'pem' }), ...certificates.map(String)].join('\n')
  const { keys } = await readKeyFile(Buffer.from(pem), '')
  const chain = keys[0]?.certificates ?? []
  if (chain.length > 0) return chain
  throw new SealwrightError(
    'INVALID_ARGUMENT',
    `no certificate in ${inputName(path)} belongs to the private key`,
  )
}
