import type { KeyObject, X509Certificate } from 'node:crypto'
import { malformed, readBer, tags, type BerElement } from '../asn1/ber.ts'
import { SequenceReader } from '../asn1/sequence-reader.ts'
import { decodeOctetString, unwrapExplicit } from '../asn1/values.ts'
import { readPrivateKey } from '../keys/private-key.ts'
import { readCertificate } from '../certificates/read-certificate.ts'
import { TimeSlices } from '../time-slices.ts'
import { readEncryptedKey, type DecryptionContext, type Protection } from '../encryption/password-scheme.ts'
import type { Pkcs12Budget } from '../encryption/limits.ts'
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
  /** What is found to protect the file is added here. */
  readonly protection: { readonly encryptions: Protection[] }
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
  await collectBags(element, context, bags, new TimeSlices(context.signal))
  return Promise.all(bags.map((open) => open()))
}

/** Recursion is as deep as SafeContents are nested in each other, and so within the reader's depth. */
async function collectBags(
  safeContents: BerElement,
  context: ReadContext,
  bags: UnopenedBag[],
  slices: TimeSlices,
): Promise<void> {
  if (safeContents.tag !== tags.sequence || !safeContents.constructed) {
    throw malformed('a safe', 'is not a SEQUENCE of bags')
  }
  for (const element of safeContents.children) {
    // Giving up the thread is the point.
    // oxlint-disable-next-line no-await-in-loop
    await slices.pause()
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
        const privateKey = readPrivateKey(value.bytes, 'pkcs8', context.budget)
        bags.push(async () => ({ kind: 'key', privateKey, ...attributes }))
        break
      }
      case bagTypes.shroudedKey: {
        const open = readShroudedKey(value, context)
        bags.push(async () => ({ kind: 'key', privateKey: await open(), ...attributes }))
        break
      }
      case bagTypes.safeContents:
        // oxlint-disable-next-line no-await-in-loop
        await collectBags(value, context, bags, slices)
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
  return readCertificate(der, what)
}

function readShroudedKey(value: BerElement, context: ReadContext): () => Promise<KeyObject> {
  const { encryption, ciphertext } = readEncryptedKey(value, 'the private key', context.budget)
  context.protection.encryptions.push(encryption.description)
  return async () => {
    const pkcs8 = await encryption.decrypt(ciphertext, context)
    try {
      return readPrivateKey(pkcs8, 'pkcs8', context.budget)
    } finally {
      pkcs8.fill(0)
    }
  }
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
