import { createHash, createPublicKey, type KeyObject, type X509Certificate } from 'node:crypto'
import { SealwrightError } from '@sealwright/core'
import { tags } from '../asn1/ber.ts'
import {
  explicit,
  implicit,
  integer,
  objectIdentifier,
  octetString,
  sequence,
  setOf,
  universal,
  type DerValue,
} from '../asn1/der.ts'
import { certifies, sameKey } from '../certifies.ts'
import { nodeWebCrypto, type WebCrypto } from '../web-crypto.ts'
import type { Encrypted } from './encryption.ts'
import { defaultLimits } from './limits.ts'
import { bagAttributes, bagTypes, certificateTypes, contentTypes } from './object-identifiers.ts'
import { assertPassword, encodeUtf16Be, usualPassword } from './password.ts'
import { protectionOf, type Pkcs12Profile } from './profiles.ts'

/** A key with its certificates, or certificates alone. */
export interface Pkcs12Entry {
  /** Left out for certificates alone. */
  readonly privateKey?: KeyObject | undefined
  /** With a key, one of them certifies it; that is written first, and the others follow in the order given. */
  readonly certificates: readonly X509Certificate[]
  /**
   * For people: what Windows, Java and NSS show as the name. It is written on the key and its certificate, or on the first
   * certificate where there is no key. 1 to 255 characters of the BMP. Only certificates alone can do without.
   */
  readonly friendlyName?: string | undefined
}

export interface WritePkcs12Options {
  /** Default `modern`. */
  readonly profile?: Pkcs12Profile | undefined
  /** Of each key derivation: for each key, for the certificates and for the MAC. Default that of the profile. */
  readonly iterations?: number | undefined
  /** For AES and random numbers. Default Node's. */
  readonly crypto?: WebCrypto | undefined
}

/**
 * Writes a PKCS#12 file (RFC 7292). Certificates are encrypted as keys are; salts and IVs are fresh each time, and of equal
 * certificates one is written.
 *
 * @param contents one entry, or several; readers pair keys and certificates by attributes that are written for them
 * @param password encoded as UTF-8 for PBKDF2 and as UTF-16 for the older derivation; may be empty. JDK 17's keytool takes
 *   only ASCII.
 * @returns DER
 * @throws SealwrightError `INVALID_ARGUMENT` when there is nothing to write, no certificate is a key's, two keys are the
 *   same, or for a malformed name, password, profile or count
 */
export async function writePkcs12(
  contents: Pkcs12Entry | readonly Pkcs12Entry[],
  password: string,
  options: WritePkcs12Options = {},
): Promise<Uint8Array> {
  const protection = protectionOf(options.profile ?? 'modern')
  const { iterations = protection.defaultIterations, crypto = nodeWebCrypto } = options
  assertPassword(password)
  const entries = isList(contents) ? contents : [contents]
  const { keys, certificates } = planContents(entries)
  // As the reader charges them: every key, the certificates, the MAC.
  assertIterations(iterations, (keys.length + 1) * protection.encryptionRounds + 1)

  const filePassword = usualPassword(password)
  const encrypt = (plaintext: Uint8Array): Promise<Encrypted> =>
    protection.encrypt(plaintext, filePassword, iterations, crypto)
  // At the same time: PBKDF2 runs in libuv's threads, and the older derivation here.
  const [makeMac, encryptedCertificates, ...keyBags] = await Promise.all([
    protection.prepareMac(filePassword, crypto.getRandomValues(new Uint8Array(16)), iterations),
    encrypt(sequence(...certificates)),
    ...keys.map(async ({ privateKey, attributes }) =>
      shroudedKeyBag(await encryptKey(privateKey, encrypt), attributes),
    ),
  ])

  // Certificates first, as OpenSSL has them.
  const safes = [encryptedContentInfo(encryptedCertificates)]
  if (keyBags.length > 0) safes.push(dataContentInfo(sequence(...keyBags)))
  const authenticatedSafe = sequence(...safes)
  return sequence(integer(3), dataContentInfo(authenticatedSafe), makeMac(authenticatedSafe))
}

/** `Array.isArray` does not narrow readonly arrays. */
function isList(contents: Pkcs12Entry | readonly Pkcs12Entry[]): contents is readonly Pkcs12Entry[] {
  return Array.isArray(contents)
}

async function encryptKey(
  privateKey: KeyObject,
  encrypt: (plaintext: Uint8Array) => Promise<Encrypted>,
): Promise<Encrypted> {
  const pkcs8: Uint8Array = privateKey.export({ format: 'der', type: 'pkcs8' })
  try {
    return await encrypt(pkcs8)
  } finally {
    pkcs8.fill(0)
  }
}

interface Plan {
  readonly keys: readonly { readonly privateKey: KeyObject; readonly attributes: DerValue }[]
  /** Bags in the order they are written. */
  readonly certificates: readonly DerValue[]
}

/** @throws SealwrightError `INVALID_ARGUMENT` */
function planContents(entries: readonly Pkcs12Entry[]): Plan {
  const keys: { privateKey: KeyObject; attributes: DerValue }[] = []
  const bags = new Map<string, DerValue>()
  // What names a certificate comes first: the same one may be among the issuers of another entry.
  for (const entry of entries) {
    const { privateKey, friendlyName } = entry
    assertFriendlyName(entry)
    const [first] = entry.certificates
    if (privateKey !== undefined) {
      const own = ownCertificate(privateKey, entry.certificates)
      if (keys.some((key) => sameKey(key.privateKey, privateKey)))
        throw refused('the same private key is given twice')
      const attributes = bagAttributesOf(friendlyName, own)
      keys.push({ privateKey, attributes })
      bags.set(own.fingerprint256, certificateBag(own, attributes))
    } else if (first !== undefined && !bags.has(first.fingerprint256)) {
      const attributes = friendlyName === undefined ? null : bagAttributesOf(friendlyName, null)
      bags.set(first.fingerprint256, certificateBag(first, attributes))
    }
  }
  for (const certificate of entries.flatMap((entry) => entry.certificates)) {
    if (!bags.has(certificate.fingerprint256)) {
      bags.set(certificate.fingerprint256, certificateBag(certificate, null))
    }
  }
  if (bags.size === 0) throw refused('there is neither a key nor a certificate to write')
  return { keys, certificates: [...bags.values()] }
}

function assertIterations(iterations: number, derivations: number): void {
  // The default limits must let the file be read.
  const maximum = Math.floor(defaultLimits.iterations / derivations)
  if (!Number.isInteger(iterations) || iterations < 1 || iterations > maximum) {
    throw refused(`an iteration count of this file is a whole number from 1 to ${maximum}, not ${iterations}`)
  }
}

/** RFC 2985 App. A, pkcs-9-ub-friendlyName. */
const maximumFriendlyNameLength = 255

function assertFriendlyName({ friendlyName, privateKey }: Pkcs12Entry): void {
  if (friendlyName === undefined && privateKey === undefined) return
  const name = friendlyName ?? ''
  // Without the u flag, so that it finds either half of a surrogate pair.
  if (name === '' || name.length > maximumFriendlyNameLength || /[\0\ud800-\udfff]/.test(name)) {
    throw refused(
      `the friendly name ${JSON.stringify(name)} is empty, has more than ${maximumFriendlyNameLength} characters, or holds U+0000 or a character beyond U+FFFF`,
    )
  }
}

function ownCertificate(privateKey: KeyObject, certificates: readonly X509Certificate[]): X509Certificate {
  if (privateKey.type !== 'private') {
    throw refused(`a ${privateKey.type} key was given where a private one is needed`)
  }
  const publicKey = createPublicKey(privateKey)
  const own = certificates.find((certificate) => certifies(certificate, publicKey))
  if (own === undefined) {
    throw refused('none of the certificates is that of the private key; a PKCS#12 file needs it')
  }
  return own
}

/**
 * The same on the key and on its certificate, which is how readers pair them; NSS takes no key without both.
 *
 * @param own the certificate of the key; null where there is none, and nothing to pair
 */
function bagAttributesOf(friendlyName: string | undefined, own: X509Certificate | null): DerValue {
  const attributes: DerValue[] = []
  if (friendlyName !== undefined) {
    const name = universal(tags.bmpString, encodeUtf16Be(friendlyName))
    attributes.push(sequence(objectIdentifier(bagAttributes.friendlyName), setOf(name)))
  }
  if (own !== null) {
    const localKeyId = createHash('sha1').update(own.raw).digest()
    attributes.push(sequence(objectIdentifier(bagAttributes.localKeyId), setOf(octetString(localKeyId))))
  }
  return setOf(...attributes)
}

function certificateBag(certificate: X509Certificate, attributes: DerValue | null): DerValue {
  const value = sequence(objectIdentifier(certificateTypes.x509), explicit(0, octetString(certificate.raw)))
  return safeBag(bagTypes.certificate, value, attributes)
}

function shroudedKeyBag({ algorithm, ciphertext }: Encrypted, attributes: DerValue): DerValue {
  return safeBag(bagTypes.shroudedKey, sequence(algorithm, octetString(ciphertext)), attributes)
}

function safeBag(type: string, value: DerValue, attributes: DerValue | null): DerValue {
  const fields = [objectIdentifier(type), explicit(0, value)]
  return sequence(...fields, ...(attributes === null ? [] : [attributes]))
}

function dataContentInfo(content: Uint8Array): DerValue {
  return sequence(objectIdentifier(contentTypes.data), explicit(0, octetString(content)))
}

function encryptedContentInfo({ algorithm, ciphertext }: Encrypted): DerValue {
  const info = sequence(objectIdentifier(contentTypes.data), algorithm, implicit(0, ciphertext))
  return sequence(objectIdentifier(contentTypes.encryptedData), explicit(0, sequence(integer(0), info)))
}

function refused(message: string): SealwrightError {
  return new SealwrightError('INVALID_ARGUMENT', message)
}
