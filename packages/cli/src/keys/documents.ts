import type { KeyObject, X509Certificate } from 'node:crypto'
import { extname } from 'node:path'
import { SealwrightError } from '@sealwright/core'
import {
  encodePem,
  encryptPrivateKey,
  writePkcs12,
  writePkcs7Certificates,
  type Pkcs12Profile,
} from '@sealwright/x509'

/** The formats that keys and certificates are written in. */
export const documentFormats = ['pfx', 'pem', 'key', 'cer', 'der', 'p7b', 'jwk'] as const

/**
 * - `pfx`: PKCS#12, the key with its certificates
 * - `pem`: the key in PKCS#8 and its certificates, in one file
 * - `key`: only the key, in PKCS#8, PEM
 * - `cer`: only the certificates, PEM; `der`: the first one, DER; `p7b`: PKCS#7
 * - `jwk`: the private key as JWK, which cannot be encrypted
 */
export type DocumentFormat = (typeof documentFormats)[number]

const formatsByExtension: Readonly<Record<string, DocumentFormat>> = {
  '.pfx': 'pfx',
  '.p12': 'pfx',
  '.pem': 'pem',
  '.key': 'key',
  '.cer': 'cer',
  '.crt': 'cer',
  '.der': 'der',
  '.p7b': 'p7b',
  '.p7c': 'p7b',
  '.jwk': 'jwk',
}

/**
 * The format of a file, from its name.
 *
 * @param path `-` is PEM
 * @throws SealwrightError `INVALID_ARGUMENT` if the name does not tell it
 */
export function formatOf(path: string, given: DocumentFormat | undefined): DocumentFormat {
  const format = given ?? (path === '-' ? 'pem' : formatsByExtension[extname(path).toLowerCase()])
  if (format !== undefined) return format
  throw new SealwrightError(
    'INVALID_ARGUMENT',
    `${path}: unknown extension; use .pfx, .pem, .key, .cer, .der, .p7b or .jwk, or pass --format`,
  )
}

/** Whether a document has the private key in it. */
export function hasPrivateKey(format: DocumentFormat): boolean {
  return format === 'pfx' || format === 'pem' || format === 'key' || format === 'jwk'
}

/** Whether a document has certificates in it. */
export function hasCertificate(format: DocumentFormat): boolean {
  return format !== 'key' && format !== 'jwk'
}

/** Whether a document is not text. */
export function isBinary(format: DocumentFormat): boolean {
  return format === 'pfx' || format === 'der'
}

/** The contents of a document. */
export interface DocumentContents {
  /** Null if there are only certificates. */
  readonly privateKey: KeyObject | null
  /** The key's own first. */
  readonly certificates: readonly X509Certificate[]
  readonly friendlyName?: string | undefined
}

/** How a document is protected. */
export interface DocumentProtection {
  /** Empty for none. */
  readonly password: string
  readonly profile?: Pkcs12Profile | undefined
}

/** @throws SealwrightError `INVALID_ARGUMENT` if something that the format needs is missing; or the writer's error */
export async function encodeDocument(
  format: DocumentFormat,
  { privateKey, certificates, friendlyName }: DocumentContents,
  { password, profile }: DocumentProtection,
): Promise<Uint8Array | string> {
  switch (format) {
    case 'pfx': {
      // Without a password, iterations would slow down readers and protect nothing.
      const contents = {
        certificates: atLeastOne(certificates),
        friendlyName,
        ...(privateKey !== null && { privateKey }),
      }
      return writePkcs12(contents, password, { profile, ...(password === '' && { iterations: 2048 }) })
    }
    case 'pem':
      return (privateKey === null ? '' : await encodeKey(privateKey, password)) + pemOf(certificates)
    case 'key':
      return encodeKey(existing(privateKey), password)
    case 'cer':
      return pemOf(atLeastOne(certificates))
    case 'der': {
      const [first] = atLeastOne(certificates)
      return first?.raw ?? new Uint8Array()
    }
    case 'p7b':
      return encodePem('PKCS7', writePkcs7Certificates(atLeastOne(certificates)))
    case 'jwk':
      return `${JSON.stringify(existing(privateKey).export({ format: 'jwk' }), null, 2)}\n`
    default:
      return format satisfies never
  }
}

async function encodeKey(privateKey: KeyObject, password: string): Promise<string> {
  if (password !== '')
    return encodePem('ENCRYPTED PRIVATE KEY', await encryptPrivateKey(privateKey, password))
  const der: Uint8Array = privateKey.export({ format: 'der', type: 'pkcs8' })
  return encodePem('PRIVATE KEY', der)
}

function pemOf(certificates: readonly X509Certificate[]): string {
  return certificates.map(({ raw }) => encodePem('CERTIFICATE', raw)).join('')
}

function existing(privateKey: KeyObject | null): KeyObject {
  if (privateKey !== null) return privateKey
  throw new SealwrightError(
    'INVALID_ARGUMENT',
    'there is no private key to write; use a .cer, .der or .p7b file',
  )
}

function atLeastOne(certificates: readonly X509Certificate[]): readonly X509Certificate[] {
  if (certificates.length > 0) return certificates
  throw new SealwrightError(
    'INVALID_ARGUMENT',
    'the key has no certificate; pass one with --certificate FILE',
  )
}
