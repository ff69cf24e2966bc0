import type { KeyObject, X509Certificate } from 'node:crypto'
import { isSealwrightError, SealwrightError } from '@sealwright/core'
import { malformed, readBer, tags, type BerElement } from '../asn1/ber.ts'
import { SequenceReader } from '../asn1/sequence-reader.ts'
import { decodeOctetString, unwrapExplicit } from '../asn1/values.ts'
import { readPrivateKey } from '../keys/private-key.ts'
import { readCertificate } from '../certificates/read-certificate.ts'
import { TimeSlices } from '../time-slices.ts'
import { decryptValue } from '../encryption/decrypt-value.ts'
import {
  readEncryptedKey,
  type DecryptionContext,
  type PasswordEncryption,
  type Protection,
} from '../encryption/password-scheme.ts'
import { decodeText } from '../names/text.ts'
import type { SkippedItems } from '../skipped-items.ts'
import type { Pkcs12Budget } from '../encryption/limits.ts'
import { bagAttributes, bagTypes, certificateTypes } from './object-identifiers.ts'

/** A key or a certificate, with the attributes of its bag. */
export type Bag = CertificateBag | KeyBag

export interface CertificateBag extends BagAttributes {
  readonly kind: 'certificate'
  readonly certificate: X509Certificate
}

export interface KeyBag extends BagAttributes {
  readonly kind: 'key'
  readonly privateKey: KeyObject
}

interface BagAttributes {
  readonly friendlyName: string | null
  /** Pairs a key with its certificate, according to the writer. */
  readonly localKeyId: Uint8Array | null
}

/** The state of reading one file. */
export interface ReadContext extends DecryptionContext {
  readonly budget: Pkcs12Budget
  /** Whether private keys are read. Without a MAC they are refused by default. */
  readonly keysAllowed: boolean
  /** Reasons to refuse the whole file, found in any part of it. */
  readonly refusals: SealwrightError[]
  /** Whether the MAC verified, so that the password is right. */
  readonly passwordIsRight: boolean
  /** Encryptions found in the file are added here. */
  readonly protection: { readonly encryptions: Protection[] }
  /** Items that cannot be read are added here. */
  readonly skipped: SkippedItems
}

/** Decrypts a bag that is parsed and charged. Null where it cannot be read. */
type UnopenedBag = () => Promise<Bag | null>

/**
 * Reads SafeContents (RFC 7292 §4.2): `SEQUENCE OF SafeBag`. Keys are decrypted at the same time, in libuv's threads.
 *
 * @returns certificates and keys in file order. Other bags, and those that cannot be read, are in `context.skipped`.
 */
export async function readBags(safeContents: Uint8Array, context: ReadContext): Promise<readonly Bag[]> {
  const element = readBer(safeContents, 'a safe', context.budget)
  const unopened: UnopenedBag[] = []
  await collectBags(element, context, unopened, new TimeSlices(context.signal))
  const bags = await Promise.all(unopened.map((open) => open()))
  return bags.filter((bag) => bag !== null)
}

/** The recursion is bounded by `limits.depth`, like the nesting of SafeContents. */
async function collectBags(
  safeContents: BerElement,
  context: ReadContext,
  bags: UnopenedBag[],
  slices: TimeSlices,
): Promise<void> {
  if (safeContents.tag !== tags.sequence) throw malformed('a safe', 'is not a SEQUENCE of bags')
  for (const element of safeContents.children) {
    // The loop yields to the event loop on purpose.
    // oxlint-disable-next-line no-await-in-loop
    await slices.pause()
    context.budget.chargeBag()
    const bag = readSafeBag(element, context)
    if (bag === null) continue
    if (bag.type === bagTypes.safeContents) {
      // oxlint-disable-next-line no-await-in-loop
      await collectBags(bag.value, context, bags, slices)
    } else if (isKeyBag(bag) && !context.keysAllowed) {
      context.refusals.push(missingMac())
    } else {
      bags.push(openerOf(bag, context))
    }
  }
}

interface SafeBag {
  readonly type: string
  readonly value: BerElement
  /** SET OF attributes; null if absent. */
  readonly attributes: BerElement | null
}

/** SafeBag (RFC 7292 §4.2): `SEQUENCE { bagId, bagValue [0] EXPLICIT ANY, bagAttributes SET OPTIONAL }`. Null where it is not. */
function readSafeBag(element: BerElement, context: ReadContext): SafeBag | null {
  try {
    const bag = new SequenceReader(element, 'a bag')
    const type = bag.objectIdentifier('type')
    const value = unwrapExplicit(bag.any('value'), tags.context0, "a bag's value")
    const attributes = bag.optional(tags.set)
    bag.end()
    return { type, value, attributes }
  } catch (error) {
    context.skipped.add('a bag', error)
    return null
  }
}

function isKeyBag({ type }: SafeBag): boolean {
  return type === bagTypes.key || type === bagTypes.shroudedKey
}

/** For keys in a file without a MAC: they can be forged or changed without notice. */
export function missingMac(): SealwrightError {
  return malformed(
    'the PKCS#12 file',
    'has no MAC, so its keys could have been changed. To add one: openssl pkcs12 -in FILE -nodes -out KEYS.pem, then openssl pkcs12 -export -in KEYS.pem -out NEW.p12, then delete KEYS.pem. To read it as it is: the option acceptMissingMac',
  )
}

/** A bag that cannot be read is passed over. */
function openerOf(bag: SafeBag, context: ReadContext): UnopenedBag {
  const { type, value } = bag
  const attributes = readAttributes(bag.attributes, context)
  const name = attributes.friendlyName === null ? '' : ` ${JSON.stringify(attributes.friendlyName)}`
  const skip = (source: string, error: unknown): null => {
    context.skipped.add(source, error)
    return null
  }
  try {
    switch (type) {
      case bagTypes.certificate: {
        const certificate = readCertificateBag(value)
        return async () => ({ kind: 'certificate', certificate, ...attributes })
      }
      case bagTypes.key: {
        const privateKey = readPrivateKey(value.bytes, 'pkcs8', context.budget)
        return async () => ({ kind: 'key', privateKey, ...attributes })
      }
      case bagTypes.shroudedKey: {
        const open = readShroudedKey(value, context)
        return async () => {
          try {
            return { kind: 'key', privateKey: await open(), ...attributes }
          } catch (error) {
            return skip(`a private key${name}`, error)
          }
        }
      }
      default:
        context.skipped.note(`a bag${name}`, otherBags[type] ?? `it has the unknown type ${type}`)
        return async () => null
    }
  } catch (error) {
    skip(`${type === bagTypes.certificate ? 'a certificate' : 'a private key'}${name}`, error)
    return async () => null
  }
}

const otherBags: Readonly<Record<string, string>> = {
  [bagTypes.crl]: 'it holds a CRL, which is not read from PKCS#12 files',
  [bagTypes.secret]: 'it holds a secret, which is not a private key',
}

/** CertBag (RFC 7292 §4.2.3): `SEQUENCE { certId, certValue [0] EXPLICIT OCTET STRING }`. */
function readCertificateBag(value: BerElement): X509Certificate {
  const source = 'a certificate bag'
  const bag = new SequenceReader(value, source)
  const type = bag.objectIdentifier('certId')
  const content = bag.explicit(tags.context0, 'certValue')
  bag.end()
  if (type !== certificateTypes.x509) {
    throw new SealwrightError(
      'UNSUPPORTED_ALGORITHM',
      `${source} holds a certificate of type ${type}; only X.509 is supported`,
    )
  }
  return readCertificate(decodeOctetString(content, tags.octetString, source), source)
}

function readShroudedKey(value: BerElement, context: ReadContext): () => Promise<KeyObject> {
  const source = 'the private key'
  const { encryption, ciphertext } = readEncryptedKey(value, source, context.budget)
  context.protection.encryptions.push(encryption.description)
  return async () => {
    const pkcs8 = await decryptPart(encryption, ciphertext, context, source)
    try {
      return readPrivateKey(pkcs8, 'pkcs8', context.budget)
    } finally {
      pkcs8.fill(0)
    }
  }
}

/**
 * Decrypts a part of the file.
 *
 * @returns a new array: the caller zeroes it after use
 * @throws SealwrightError `WRONG_PASSWORD` only where no MAC has shown that the password is right; otherwise
 *   `INVALID_ENCODING`
 */
export async function decryptPart(
  encryption: PasswordEncryption,
  ciphertext: Uint8Array,
  context: ReadContext,
  source: string,
): Promise<Uint8Array> {
  try {
    return await decryptValue(encryption, ciphertext, context, source)
  } catch (error) {
    if (!context.passwordIsRight || !isSealwrightError(error, 'WRONG_PASSWORD')) throw error
    throw malformed(source, 'does not decrypt with the password of the MAC, which is right', error)
  }
}

/** `SET OF SEQUENCE { attrId, attrValues SET OF ANY }` (RFC 7292 §4.2). Unknown attributes are passed over. */
function readAttributes(element: BerElement | null, context: ReadContext): BagAttributes {
  const attributes: { friendlyName: string | null; localKeyId: Uint8Array | null } = {
    friendlyName: null,
    localKeyId: null,
  }
  for (const child of element?.children ?? []) {
    try {
      readAttribute(child, attributes)
    } catch (error) {
      context.skipped.add('an attribute of a bag', error)
    }
  }
  return attributes
}

function readAttribute(
  element: BerElement,
  attributes: { friendlyName: string | null; localKeyId: Uint8Array | null },
): void {
  const attribute = new SequenceReader(element, "a bag's attribute")
  const type = attribute.objectIdentifier('type')
  const [value] = attribute.any('values').children
  attribute.end()
  if (value === undefined) return
  if (type === bagAttributes.friendlyName) attributes.friendlyName = decodeFriendlyName(value)
  if (type === bagAttributes.localKeyId) {
    // A copy: the safe is zeroed when its bags have been read, and this outlives it.
    attributes.localKeyId = decodeOctetString(value, tags.octetString, 'a localKeyID').slice()
  }
}

/** A BMPString (RFC 2985 §5.5.1); some writers use other strings. */
function decodeFriendlyName(element: BerElement): string {
  const text = element.constructed ? null : decodeText(element)
  if (text === null) throw malformed('a friendlyName', 'is not a BMPString')
  return text
}
