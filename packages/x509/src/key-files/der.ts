import { createPublicKey, type KeyObject } from 'node:crypto'
import { malformed, readBer, readFirst, readPadded } from '../asn1/ber.ts'
import { readCertificate } from '../certificates/read-certificate.ts'
import { describeCertificateRequest } from '../certificates/show/request.ts'
import { describeRevocationListInSlices } from '../certificates/show/revocation-list.ts'
import { decryptValue } from '../encryption/decrypt-value.ts'
import { Pkcs12Budget } from '../encryption/limits.ts'
import { usualPassword } from '../encryption/password.ts'
import { readEncryptedKey } from '../encryption/password-scheme.ts'
import { readItem, readItemInSlices } from '../limits.ts'
import { readPrivateKey, type PrivateKeyType } from '../keys/private-key.ts'
import { readPublicKey } from '../keys/public-key.ts'
import type { Pkcs12Key } from '../pkcs12/contents.ts'
import { readPkcs12Within } from '../pkcs12/read.ts'
import type { SkippedItems } from '../skipped-items.ts'
import { TimeSlices } from '../time-slices.ts'
import { nodeWebCrypto } from '../webcrypto/provider.ts'
import { identifiedLevels, identify, labelRemark, type DerFormat, type KeyFileFormat } from './identify.ts'
import type { KeyFile, KeyFileLimits, ReadKeyFileOptions } from './key-file.ts'
import { pkcs7Levels, readPkcs7 } from './pkcs7.ts'

/** The state of reading one file: its inputs, and findings apart from its contents. */
export interface FileContext {
  /** Returns the password. It is requested once for the file. */
  readonly password: () => Promise<string>
  readonly options: ReadKeyFileOptions
  readonly limits: KeyFileLimits
  /** Shared by all parts of the file. */
  readonly budget: Pkcs12Budget
  readonly skipped: SkippedItems
  readonly remarks: Set<string>
}

/** What one block or file adds to a {@link KeyFile}. */
export type Part = Partial<Omit<KeyFile, 'keys' | 'skipped' | 'remarks' | 'format'>> & {
  readonly format: KeyFileFormat
  /** Without their certificates. */
  readonly privateKeys?: readonly KeyObject[]
  /** Keys that have their certificates already. */
  readonly keys?: readonly Pkcs12Key[]
}

export const notKnown = 'is not a file of keys or certificates in a known format'
/**
 * Reads one value.
 *
 * @param source for messages, such as `the file`
 * @param label of the PEM block; null for other files
 * @throws SealwrightError as `readKeyFile`
 */
export async function readDer(
  bytes: Uint8Array,
  source: string,
  label: string | null,
  context: FileContext,
): Promise<Part> {
  const isTrusted = label === 'TRUSTED CERTIFICATE'
  // A separate budget: only the format is kept from it, and bundles have many blocks.
  const budget = new Pkcs12Budget(context.limits)
  const element = readItem(() =>
    isTrusted
      ? readFirst(bytes, source, budget, identifiedLevels)
      : readPadded(bytes, source, budget, identifiedLevels),
  )
  if (isTrusted && element.bytes.length < bytes.length) {
    context.remarks.add(`${source} has OpenSSL trust settings, which are ignored`)
  }
  const format = identify(element)
  if (format === null) throw malformed(source, notKnown)
  const remark = label === null ? null : labelRemark(label, format)
  if (remark !== null) context.remarks.add(remark)
  return readIdentified(format, element.bytes, source, context)
}

async function readIdentified(
  format: DerFormat,
  der: Uint8Array,
  source: string,
  context: FileContext,
): Promise<Part> {
  switch (format) {
    case 'PKCS#12':
      return readPfx(der, context)
    case 'PKCS#8':
    case 'SEC1':
    case 'PKCS#1':
      return keyPart(format, readPrivateKey(der, privateKeyTypes[format], context.budget))
    case 'encrypted PKCS#8':
      return readEncrypted(der, context)
    case 'public key':
      return keyPart(format, readPublicKey(der, 'the public key'))
    case 'PKCS#1 public key':
      return keyPart('public key', readRsaPublicKey(der))
    case 'PKCS#7': {
      const element = readPadded(der, source, context.budget, pkcs7Levels)
      const contents = await readPkcs7(element, context.skipped, context.limits, context.options.signal)
      return { format, ...contents }
    }
    case 'certificate':
      return { format, certificates: [readCertificate(der, source)] }
    case 'certificate request': {
      const { certificateRequestBytes } = context.limits
      return {
        format,
        requests: [readItem(() => describeCertificateRequest(der, { certificateRequestBytes }))],
      }
    }
    case 'CRL': {
      const { revocationListElements } = context.limits
      return {
        format,
        revocationLists: [
          await readItemInSlices(() =>
            describeRevocationListInSlices(
              der,
              { revocationListElements },
              new TimeSlices(context.options.signal),
            ),
          ),
        ],
      }
    }
    default:
      throw malformed(source, notKnown)
  }
}

async function readPfx(der: Uint8Array, context: FileContext): Promise<Part> {
  const { skipped, ...contents } = await readPkcs12Within(
    context.budget,
    der,
    context.password,
    context.options,
  )
  for (const { what: part, reason } of skipped) context.skipped.note(part, reason)
  if (contents.mac === null) {
    context.remarks.add('the PKCS#12 file has no MAC: its origin and integrity cannot be verified')
  }
  return { format: 'PKCS#12', ...contents }
}

async function readEncrypted(der: Uint8Array, context: FileContext): Promise<Part> {
  const source = 'the private key'
  const element = readBer(der, source, context.budget)
  const { encryption, ciphertext } = readEncryptedKey(element, source, context.budget)
  const { crypto = nodeWebCrypto, signal } = context.options
  const decryption = { password: usualPassword(await context.password()), crypto, signal }
  const pkcs8 = await decryptValue(encryption, ciphertext, decryption, source)
  try {
    const part = keyPart('encrypted PKCS#8', readPrivateKey(pkcs8, 'pkcs8', context.budget))
    return { ...part, encryptions: [encryption.description] }
  } finally {
    pkcs8.fill(0)
  }
}

const privateKeyTypes: Readonly<Record<'PKCS#8' | 'SEC1' | 'PKCS#1', PrivateKeyType>> = {
  'PKCS#8': 'pkcs8',
  SEC1: 'sec1',
  'PKCS#1': 'pkcs1',
}

export function keyPart(format: KeyFileFormat, key: KeyObject): Part {
  return key.type === 'private' ? { format, privateKeys: [key] } : { format, publicKeys: [key] }
}

/** RSAPublicKey (RFC 8017 App. A.1.1). */
function readRsaPublicKey(der: Uint8Array): KeyObject {
  try {
    return createPublicKey({ key: Buffer.from(der), format: 'der', type: 'pkcs1' })
  } catch (cause) {
    throw malformed('the public key', 'is not PKCS#1 of a kind that OpenSSL reads', cause)
  }
}
