import { createPrivateKey, X509Certificate, type KeyObject } from 'node:crypto'
import { SealwrightError } from '@sealwright/core'
import {
  decodeOctetString,
  malformed,
  readBer,
  SequenceReader,
  tags,
  unwrapExplicit,
  type BerElement,
} from '../asn1/ber.ts'
import { readEncryption, type DecryptionContext } from './encryption.ts'
import type { Pkcs12Budget } from './limits.ts'
import { bagAttributes, bagTypes, certificateTypes } from './object-identifiers.ts'

/** A bag that matters to us, with its attributes. */
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
  /** Ties a key to its certificate, as the writer says. */
  readonly localKeyId: Uint8Array | null
}

/** What every step of reading one file needs. */
export interface ReadContext extends DecryptionContext {
  readonly budget: Pkcs12Budget
}

/** A bag that is read and charged, and only decrypted when it is opened. */
type UnopenedBag = () => Promise<Bag>

/**
 * Reads SafeContents (RFC 7292 §4.2): `SEQUENCE OF SafeBag`. Keys are decrypted at the same time, in libuv's threads.
 *
 * @returns certificates and keys in file order; other kinds of bags are passed over
 */
export async function readBags(safeContents: Uint8Array, context: ReadContext): Promise<readonly Bag[]> {
  const element = readBer(safeContents, 'a safe', context.budget)
  const bags: UnopenedBag[] = []
  collectBags(element, context, bags)
  return Promise.all(bags.map((open) => open()))
}

/** Recursion is as deep as SafeContents are nested in each other, and so within the reader's depth. */
function collectBags(safeContents: BerElement, context: ReadContext, bags: UnopenedBag[]): void {
  if (safeContents.tag !== tags.sequence) throw malformed('a safe', 'is not a SEQUENCE of bags')
  for (const element of safeContents.children) {
    context.budget.chargeBag()
    const bag = new SequenceReader(element, 'a bag')
    const type = bag.objectIdentifier('type')
    const value = unwrapExplicit(bag.any('value'), tags.context0, "a bag's value")
    const attributes = readAttributes(bag.optional(tags.set))
    bag.end()
    switch (type) {
      case bagTypes.certificate: {
        const certificate = readCertificateBag(value)
        if (certificate !== null) bags.push(async () => ({ kind: 'certificate', certificate, ...attributes }))
        break
      }
      case bagTypes.key: {
        const privateKey = readPrivateKey(value.bytes, context)
        bags.push(async () => ({ kind: 'key', privateKey, ...attributes }))
        break
      }
      case bagTypes.shroudedKey: {
        const open = readShroudedKey(value, context)
        bags.push(async () => ({ kind: 'key', privateKey: await open(), ...attributes }))
        break
      }
      case bagTypes.safeContents:
        collectBags(value, context, bags)
        break
      default:
        break
    }
  }
}

/** CertBag (RFC 7292 §4.2.3): `SEQUENCE { certId, certValue [0] EXPLICIT OCTET STRING }`. Null for what is not X.509. */
function readCertificateBag(value: BerElement): X509Certificate | null {
  const what = 'a certificate bag'
  const bag = new SequenceReader(value, what)
  const type = bag.objectIdentifier('certId')
  const content = bag.explicit(tags.context0, 'certValue')
  bag.end()
  if (type !== certificateTypes.x509) return null
  const der = decodeOctetString(content, tags.octetString, what)
  let certificate: X509Certificate
  try {
    certificate = new X509Certificate(der)
  } catch (cause) {
    throw malformed(what, 'does not hold an X.509 certificate', cause)
  }
  // Node takes PEM as well, and bytes after the end.
  if (!certificate.raw.equals(der)) throw malformed(what, 'holds something besides one certificate in DER')
  return certificate
}

/** EncryptedPrivateKeyInfo (RFC 5958 §3): `SEQUENCE { encryptionAlgorithm, encryptedData OCTET STRING }`. */
function readShroudedKey(value: BerElement, context: ReadContext): () => Promise<KeyObject> {
  const what = 'the private key'
  const info = new SequenceReader(value, what)
  const encryption = readEncryption(info.any('encryptionAlgorithm'), what, context.budget)
  const ciphertext = info.octetString('encryptedData')
  info.end()
  return async () => {
    const pkcs8 = await encryption.decrypt(ciphertext, context)
    try {
      return readPrivateKey(pkcs8, context)
    } finally {
      pkcs8.fill(0)
    }
  }
}

/** RSA-8192, twice what is made here, has about 4.7 kB; what a key computes takes time that grows with its numbers. */
const maximumPkcs8Length = 6 * 1024
const maximumModulusLength = 8192

/** PrivateKeyInfo (RFC 5958 §2). */
function readPrivateKey(pkcs8: Uint8Array, context: ReadContext): KeyObject {
  const what = 'the private key'
  if (pkcs8.length > maximumPkcs8Length) {
    throw new SealwrightError(
      'LIMIT_EXCEEDED',
      `${what} has ${pkcs8.length} bytes; ${maximumPkcs8Length} are allowed`,
    )
  }
  // OpenSSL overlooks bytes after the end.
  readBer(pkcs8, what, context.budget)
  let key: KeyObject
  try {
    key = createPrivateKey({ key: bufferOver(pkcs8), format: 'der', type: 'pkcs8' })
  } catch (cause) {
    throw malformed(what, 'is not PKCS#8 of a kind OpenSSL knows', cause)
  }
  const { modulusLength = 0, namedCurve } = key.asymmetricKeyDetails ?? {}
  if (modulusLength > maximumModulusLength) {
    throw new SealwrightError(
      'LIMIT_EXCEEDED',
      `${what} has ${modulusLength} bits; ${maximumModulusLength} are allowed`,
    )
  }
  // Node 20 passes on OpenSSL's name for no name; later ones have none.
  if (key.asymmetricKeyType === 'ec' && (namedCurve === undefined || namedCurve === 'UNDEF')) {
    throw new SealwrightError(
      'UNSUPPORTED_KEY',
      `${what} is on a curve of its own, not on a named one (RFC 5480 §2.1.1)`,
    )
  }
  return key
}

/** The same memory, so that zeroing the one zeroes the other. */
function bufferOver(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

/** `SET OF SEQUENCE { attrId, attrValues SET OF ANY }` (RFC 7292 §4.2). Unknown attributes are passed over. */
function readAttributes(element: BerElement | null): BagAttributes {
  let friendlyName: string | null = null
  let localKeyId: Uint8Array | null = null
  for (const child of element?.children ?? []) {
    const attribute = new SequenceReader(child, "a bag's attribute")
    const type = attribute.objectIdentifier('type')
    const [value] = attribute.any('values').children
    attribute.end()
    if (value === undefined) continue
    if (type === bagAttributes.friendlyName) friendlyName = decodeBmpString(value, 'a friendlyName')
    if (type === bagAttributes.localKeyId) {
      // A copy: the safe is zeroed when its bags have been read, and this outlives it.
      localKeyId = decodeOctetString(value, tags.octetString, 'a localKeyID').slice()
    }
  }
  return { friendlyName, localKeyId }
}

function decodeBmpString(element: BerElement, what: string): string {
  if (element.tag !== tags.bmpString || element.constructed || element.content.length % 2 !== 0) {
    throw malformed(what, 'is not a BMPString')
  }
  return new TextDecoder('utf-16be').decode(element.content)
}
