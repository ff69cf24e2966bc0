import { SealwrightError, type Password } from '@sealwright/core'
import {
  aBoolean,
  anAbortSignal,
  anObject,
  bytes as aUint8Array,
  optionsOf,
  type Check,
} from '@sealwright/core/internal'
import { malformed, readBer, readPadded, tags, type BerElement } from '../asn1/ber.ts'
import { SequenceReader } from '../asn1/sequence-reader.ts'
import { decodeOctetString, unwrapExplicit } from '../asn1/values.ts'
import { aWebCrypto } from '../webcrypto/arguments.ts'
import { nodeWebCrypto, type WebCrypto } from '../webcrypto/provider.ts'
import { decryptPart, missingMac, readBags, type Bag, type ReadContext } from './bags.ts'
import { assembleContents, type Pkcs12Contents } from './contents.ts'
import { readEncryption, type Protection } from '../encryption/password-scheme.ts'
import { checkLength, defaultLimits, Pkcs12Budget, type Pkcs12Limits } from '../encryption/limits.ts'
import { readMac, verifyMac, type Mac } from './mac.ts'
import { contentTypes } from './object-identifiers.ts'
import { passwordAsker, usualPassword } from '../encryption/password.ts'
import { assertNotForeign } from '../foreign-files.ts'
import { resolveLimits } from '../limits.ts'
import { SkippedItems } from '../skipped-items.ts'

/** How {@link readPkcs12} reads a file. */
export interface ReadPkcs12Options {
  /** Bounds on what the file may cost; each has a default. */
  readonly limits?: Partial<Pkcs12Limits> | undefined
  /**
   * Whether to read files without a MAC too. Such a file can be forged or changed without notice. Default false.
   */
  readonly acceptMissingMac?: boolean | undefined
  /** For AES. Default Node's. */
  readonly crypto?: WebCrypto | undefined
  /** Stops the key derivations; the promise rejects with its reason. */
  readonly signal?: AbortSignal | undefined
}

/** The limits are checked by themselves. */
export const readOptions: Check = optionsOf({
  limits: anObject,
  acceptMissingMac: aBoolean,
  crypto: aWebCrypto,
  signal: anAbortSignal,
})

/**
 * Reads a PKCS#12 file (RFC 7292), in DER or BER, that a password protects: a MAC with SHA-1 or SHA-2, or PBMAC1 (RFC
 * 9879); and contents that are plain or encrypted with PBES2 (PBKDF2 or scrypt; AES, 3DES, DES or RC2 in CBC mode) or the 3DES
 * and RC2 of RFC 7292, which older software writes. The MAC is checked before anything in the file is decrypted, and the
 * limits before anything is computed. A bag that cannot be read, such as a DSA key, is passed over: `skipped` lists it with the
 * reason.
 *
 * @param file the whole file; safe to reuse once the call has returned its promise
 * @param password as it was typed, or a function that is asked for it once the file is known to be PKCS#12; `''` also opens files
 *   that were written without one
 * @throws SealwrightError `WRONG_PASSWORD`; `INVALID_ENCODING` for a file that is damaged, not PKCS#12 or not protected
 *   by a password; `LIMIT_EXCEEDED`; `INVALID_ARGUMENT` for a password that is not a well-formed string; where nothing
 *   in the file can be read, the error of its first item, such as `UNSUPPORTED_ALGORITHM` or `UNSUPPORTED_KEY`; or the
 *   signal's reason
 * @example
 * ```ts
 * import { readFile } from 'node:fs/promises'
 * import { readPkcs12 } from '@sealwright/x509'
 *
 * const { keys, skipped } = await readPkcs12(await readFile('my-app.pfx'), process.env['PFX_PASSWORD'] ?? '')
 * for (const { friendlyName, certificates } of keys) console.log(friendlyName, certificates[0]?.validTo)
 * for (const { what, reason } of skipped) console.warn(`${what}: ${reason}`)
 * ```
 */
export async function readPkcs12(
  file: Uint8Array,
  password: Password,
  options: ReadPkcs12Options = {},
): Promise<Pkcs12Contents> {
  aUint8Array('file', file)
  readOptions('options', options)
  const ask = passwordAsker(password)
  const limits = resolveLimits(defaultLimits, options.limits ?? {})
  checkLength(file, limits, 'the PKCS#12 file')
  options.signal?.throwIfAborted()
  assertPkcs12(file)
  // A copy: the caller cannot change the file after its MAC is verified.
  const contents = await readPkcs12Within(new Pkcs12Budget(limits), new Uint8Array(file), ask, options)
  if (contents.mac === null && options.acceptMissingMac !== true) throw missingMac()
  return contents
}

/**
 * As {@link readPkcs12}, for a file that shares its budget with others. Certificates are also read without a MAC.
 *
 * @param file within the size limit, and not shared with the caller
 * @param ask asks for the password
 * @throws as {@link readPkcs12}
 */
export async function readPkcs12Within(
  budget: Pkcs12Budget,
  file: Uint8Array,
  ask: () => Promise<string>,
  { crypto = nodeWebCrypto, signal, acceptMissingMac = false }: ReadPkcs12Options,
): Promise<Pkcs12Contents> {
  signal?.throwIfAborted()
  const { authenticatedSafe, mac } = readPfx(file, budget)
  const password = await ask()
  const filePassword =
    mac === null ? usualPassword(password) : await verifyMac(mac, authenticatedSafe, password, budget, signal)
  if (filePassword === null) {
    throw new SealwrightError(
      'WRONG_PASSWORD',
      'the password does not open the PKCS#12 file, or the file was changed: its MAC does not verify',
    )
  }
  const encryptions: Protection[] = []
  const skipped = new SkippedItems()
  const refusals: SealwrightError[] = []
  const bags = await readAuthenticatedSafe(authenticatedSafe, {
    password: filePassword,
    passwordIsRight: mac !== null,
    keysAllowed: mac !== null || acceptMissingMac,
    refusals,
    budget,
    crypto,
    signal,
    protection: { encryptions },
    skipped,
  })
  const [refusal] = refusals
  if (refusal !== undefined) throw refusal
  const { keys, certificates } = await assembleContents(bags, skipped, signal)
  if (keys.length + certificates.length === 0) skipped.throwFirst()
  return { keys, certificates, mac: mac?.description ?? null, encryptions, skipped: skipped.items }
}

/** Recognizes other formats, and says how to convert them. */
function assertPkcs12(file: Uint8Array): void {
  assertNotForeign(file)
  // Enough for a byte order mark, white space and the first hyphens.
  const start = Buffer.from(file.subarray(0, 64)).toString('latin1')
  if (/^[^0-9A-Za-z]{0,32}-----BEGIN /.test(start)) {
    throw malformed(
      'the file',
      'is PEM, not PKCS#12. To convert a key and its certificate: openssl pkcs12 -export -in FILE -out FILE.p12',
    )
  }
  if (file[0] !== 0x30) {
    throw malformed('the file', 'is not PKCS#12: it does not begin with the byte 30 of a DER SEQUENCE')
  }
}

/** PFX (RFC 7292 §4): `SEQUENCE { version, authSafe ContentInfo, macData MacData OPTIONAL }`. */
function readPfx(file: Uint8Array, budget: Pkcs12Budget): { authenticatedSafe: Uint8Array; mac: Mac | null } {
  const source = 'the PKCS#12 file'
  const element = readPadded(file, source, budget)
  const [first, second] = element.children
  if (element.tag === tags.sequence && (first?.tag !== tags.integer || second?.tag !== tags.sequence)) {
    throw malformed(
      'the file',
      'is DER, but not PKCS#12. To make PKCS#12 of a key and its certificate: openssl pkcs12 -export -inkey KEY -in CERTIFICATE -out FILE.p12',
    )
  }
  const pfx = new SequenceReader(element, source)
  const version = pfx.integer('version')
  if (version !== 3) throw malformed(source, `has version ${version}; PKCS#12 has version 3 (RFC 7292)`)
  const { type, content } = readContentInfo(pfx.any('authSafe'))
  if (type === contentTypes.signedData) {
    throw new SealwrightError(
      'UNSUPPORTED_ALGORITHM',
      `${source} is protected by a signature (public-key integrity mode), not by a password`,
    )
  }
  if (type !== contentTypes.data) throw malformed(source, `has an authSafe of type ${type}`)
  const authenticatedSafe = decodeOctetString(content, tags.octetString, 'the authSafe')
  const macData = pfx.optional(tags.sequence)
  pfx.end()
  return { authenticatedSafe, mac: macData === null ? null : readMac(macData, budget) }
}

/** AuthenticatedSafe (RFC 7292 §4.1): `SEQUENCE OF ContentInfo`, each plain or encrypted. */
async function readAuthenticatedSafe(bytes: Uint8Array, context: ReadContext): Promise<readonly Bag[]> {
  const source = 'the AuthenticatedSafe'
  const element = readBer(bytes, source, context.budget)
  if (element.tag !== tags.sequence) throw malformed(source, 'is not a SEQUENCE')
  // All are parsed before any is decrypted, so that limits are checked before time is spent.
  const safes = element.children.map((child) => readSafe(child, context))
  const bags = await Promise.all(safes.map((open) => open()))
  return bags.flat()
}

/**
 * A safe that cannot be read is passed over.
 *
 * @returns opens the safe: decrypts what is encrypted in it and reads its bags
 */
function readSafe(element: BerElement, context: ReadContext): () => Promise<readonly Bag[]> {
  const skip = (error: unknown): readonly Bag[] => {
    context.skipped.add('a safe with all that is in it', error)
    return []
  }
  try {
    const open = openerOf(element, context)
    return () => open().catch(skip)
  } catch (error) {
    const nothing = skip(error)
    return async () => nothing
  }
}

function openerOf(element: BerElement, context: ReadContext): () => Promise<readonly Bag[]> {
  const { type, content } = readContentInfo(element)
  switch (type) {
    case contentTypes.data: {
      const safeContents = decodeOctetString(content, tags.octetString, 'a safe')
      return () => readBags(safeContents, context)
    }
    case contentTypes.encryptedData:
      return readEncryptedSafe(content, context)
    case contentTypes.envelopedData:
      throw new SealwrightError(
        'UNSUPPORTED_ALGORITHM',
        'the PKCS#12 file is encrypted to a public key (public-key privacy mode), not with a password',
      )
    default:
      throw malformed('the AuthenticatedSafe', `holds content of type ${type}`)
  }
}

/**
 * EncryptedData (RFC 2315 §13): `SEQUENCE { version, SEQUENCE { contentType, contentEncryptionAlgorithm, encryptedContent [0]
 * IMPLICIT OCTET STRING } }`.
 */
function readEncryptedSafe(element: BerElement, context: ReadContext): () => Promise<readonly Bag[]> {
  const source = 'a safe in the PKCS#12 file'
  const encryptedData = new SequenceReader(element, source)
  const version = encryptedData.integer('version')
  if (version !== 0) throw malformed(source, `has version ${version}`)
  const info = encryptedData.sequence('content info')
  encryptedData.end()
  const type = info.objectIdentifier('content type')
  if (type !== contentTypes.data) throw malformed(source, `holds content of type ${type}`)
  const encryption = readEncryption(info.any('encryption algorithm'), source, context.budget)
  const ciphertext = decodeOctetString(info.any('encrypted content'), tags.context0, `${source}'s content`)
  info.end()
  context.protection.encryptions.push(encryption.description)
  return async () => {
    const safeContents = await decryptPart(encryption, ciphertext, context, source)
    try {
      return await readBags(safeContents, context)
    } finally {
      safeContents.fill(0)
    }
  }
}

/** ContentInfo (RFC 2315 §7): `SEQUENCE { contentType, content [0] EXPLICIT ANY }`. */
function readContentInfo(element: BerElement): { type: string; content: BerElement } {
  const info = new SequenceReader(element, 'a ContentInfo')
  const type = info.objectIdentifier('contentType')
  const content = unwrapExplicit(info.any('content'), tags.context0, 'the content of a ContentInfo')
  info.end()
  return { type, content }
}
