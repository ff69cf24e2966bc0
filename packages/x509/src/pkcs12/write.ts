import { createHash, createPublicKey, type KeyObject, type X509Certificate } from 'node:crypto'
import type { Password } from '@sealwright/core'
import {
  aCertificate,
  aKeyObject,
  aNumber,
  aString,
  invalidArgument,
  listOf,
  optionsOf,
  commonNames,
} from '@sealwright/core/internal'
import { BmpString } from 'asn1js'
import {
  Attribute,
  AuthenticatedSafe,
  CertBag,
  ContentInfo,
  EncryptedContentInfo,
  EncryptedData,
  PFX,
  SafeBag,
  SafeContents,
} from 'pkijs'
import { encodeDer, octetString } from '../asn1/encode.ts'
import { distinguishedName } from '../names/distinguished-name.ts'
import { certifies, sameKey } from '../keys/same-key.ts'
import { aWebCrypto } from '../webcrypto/arguments.ts'
import { nodeWebCrypto, type WebCrypto } from '../webcrypto/provider.ts'
import type { Encrypted } from '../encryption/encrypt.ts'
import { defaultLimits } from '../encryption/limits.ts'
import { assertPrivate, encryptedKeyInfo, encryptKey } from './encrypt-private-key.ts'
import { bagAttributes, bagTypes, certificateTypes, contentTypes } from './object-identifiers.ts'
import { passwordAsker, usualPassword } from '../encryption/password.ts'
import { protectionOf, type Pkcs12Profile } from './profiles.ts'

/** A key with its certificates, or only certificates. */
export interface Pkcs12Entry {
  /** Omit it if there are only certificates. */
  readonly privateKey?: KeyObject | undefined
  /** With a key, one of them certifies it. That one is written first; the others follow in the order given. */
  readonly certificates: readonly X509Certificate[]
  /**
   * The name that Windows, Java and NSS show. It is written on the key and its certificate, or on the first certificate where
   * there is no key. 1 to 255 characters of the BMP. Default for a key: the common name of its certificate, otherwise the
   * subject, otherwise the SHA-1 thumbprint. Default if there are only certificates: none.
   */
  readonly friendlyName?: string | undefined
}

/** How {@link writePkcs12} protects a file. */
export interface WritePkcs12Options {
  /** Default `modern`. */
  readonly profile?: Pkcs12Profile | undefined
  /** Of each key derivation: for each key, for the certificates and for the MAC. Default that of the profile. */
  readonly iterations?: number | undefined
  /** For AES and random numbers. Default Node's. */
  readonly crypto?: WebCrypto | undefined
}

const checkOptions = optionsOf({
  profile: aString,
  iterations: aNumber,
  crypto: aWebCrypto,
})
const checkEntry = optionsOf(
  { privateKey: aKeyObject, certificates: listOf(aCertificate), friendlyName: aString },
  ['certificates'],
)

/**
 * Writes a PKCS#12 file (RFC 7292). Certificates are encrypted as keys are. Salts and IVs are fresh each time. Equal
 * certificates are written once.
 *
 * @param contents one entry, or several; readers pair keys and certificates by attributes that are written for them
 * @param password or a function that is asked for it once the contents are checked. Encoded as UTF-8 for PBKDF2 and as UTF-16
 *   for the older derivation; may be empty. JDK 17's keytool takes only ASCII.
 * @returns DER
 * @throws SealwrightError `INVALID_ARGUMENT` when there is nothing to write, no certificate is a key's, two keys are the
 *   same, or for a malformed name, password, profile or count
 * @example
 * ```ts
 * import type { KeyObject, X509Certificate } from 'node:crypto'
 * import { writeFile } from 'node:fs/promises'
 * import { writePkcs12 } from '@sealwright/x509'
 *
 * async function save(privateKey: KeyObject, certificate: X509Certificate, password: string) {
 *   const pfx = await writePkcs12({ privateKey, certificates: [certificate], friendlyName: 'my-app' }, password)
 *   await writeFile('my-app.pfx', pfx, { mode: 0o600 })
 * }
 * ```
 */
export async function writePkcs12(
  contents: Pkcs12Entry | readonly Pkcs12Entry[],
  password: Password,
  options: WritePkcs12Options = {},
): Promise<Uint8Array> {
  checkOptions('options', options)
  const protection = protectionOf(options.profile ?? 'modern')
  const { iterations = protection.defaultIterations, crypto = nodeWebCrypto } = options
  const ask = passwordAsker(password)
  const entries = isList(contents) ? contents : [contents]
  for (const entry of entries) checkEntry('contents', entry)
  const { keys, certificates } = planContents(entries)
  // The reader charges each key, the certificates and the MAC.
  assertIterations(iterations, (keys.length + 1) * protection.encryptionRounds + 1)

  const filePassword = usualPassword(await ask())
  const encrypt = (plaintext: Uint8Array): Promise<Encrypted> =>
    protection.encrypt(plaintext, filePassword, iterations, crypto)
  // Concurrently: PBKDF2 runs in libuv's threads, the older derivation on this thread.
  const [makeMac, encryptedCertificates, ...keyBags] = await Promise.all([
    protection.prepareMac(filePassword, crypto.getRandomValues(new Uint8Array(16)), iterations),
    encrypt(encodeDer(new SafeContents({ safeBags: [...certificates] }))),
    ...keys.map(async ({ privateKey, attributes }) =>
      shroudedKeyBag(await encryptKey(privateKey, encrypt), attributes),
    ),
  ])

  // Certificates first, like OpenSSL.
  const safeContents = [encryptedContentInfo(encryptedCertificates)]
  if (keyBags.length > 0)
    safeContents.push(dataContentInfo(encodeDer(new SafeContents({ safeBags: keyBags }))))
  const authenticatedSafe = encodeDer(new AuthenticatedSafe({ safeContents }))
  return encodeDer(
    new PFX({ authSafe: dataContentInfo(authenticatedSafe), macData: makeMac(authenticatedSafe) }),
  )
}

/** `Array.isArray` does not narrow readonly arrays. */
function isList(contents: Pkcs12Entry | readonly Pkcs12Entry[]): contents is readonly Pkcs12Entry[] {
  return Array.isArray(contents)
}

interface Plan {
  readonly keys: readonly { readonly privateKey: KeyObject; readonly attributes: Attribute[] }[]
  /** Bags in the order they are written. */
  readonly certificates: readonly SafeBag[]
}

/** @throws SealwrightError `INVALID_ARGUMENT` */
function planContents(entries: readonly Pkcs12Entry[]): Plan {
  const keys: { privateKey: KeyObject; attributes: Attribute[] }[] = []
  const bags = new Map<string, SafeBag>()
  // Named certificates first: one of them may also be an issuer in another entry.
  for (const entry of entries) {
    const { privateKey, friendlyName } = entry
    assertFriendlyName(entry)
    const [first] = entry.certificates
    if (privateKey !== undefined) {
      const own = ownCertificate(privateKey, entry.certificates)
      if (keys.some((key) => sameKey(key.privateKey, privateKey)))
        throw invalidArgument('contents holds the same private key twice')
      const attributes = bagAttributesOf(friendlyName ?? nameOf(own), own)
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
  if (bags.size === 0) throw invalidArgument('contents holds no key and no certificate')
  return { keys, certificates: [...bags.values()] }
}

function assertIterations(iterations: number, derivations: number): void {
  // The file must be readable with the default limits.
  const maximum = Math.floor(defaultLimits.iterations / derivations)
  if (!Number.isInteger(iterations) || iterations < 1 || iterations > maximum) {
    throw invalidArgument(`options.iterations must be a whole number from 1 to ${maximum} for this file`)
  }
}

/** RFC 2985 App. A, pkcs-9-ub-friendlyName. */
const maximumFriendlyNameLength = 255

/** Characters that a BMPString cannot hold. No u flag, so that it matches each half of a surrogate pair. */
const notInBmpString = /[\0\ud800-\udfff]/

/** A default name for a key: NSS imports no key without one, and Java would use a number. */
function nameOf(certificate: X509Certificate): string {
  const name = commonNames(certificate).at(-1) ?? distinguishedName(certificate)
  const fitting = name.split(notInBmpString).join('').slice(0, maximumFriendlyNameLength)
  return fitting === '' ? certificate.fingerprint.replaceAll(':', '') : fitting
}

function assertFriendlyName({ friendlyName: name }: Pkcs12Entry): void {
  if (name === undefined) return
  if (name === '' || name.length > maximumFriendlyNameLength || notInBmpString.test(name)) {
    throw invalidArgument(
      `friendlyName is not a string of 1 to ${maximumFriendlyNameLength} characters without U+0000 and characters beyond U+FFFF`,
    )
  }
}

function ownCertificate(privateKey: KeyObject, certificates: readonly X509Certificate[]): X509Certificate {
  assertPrivate(privateKey)
  const publicKey = createPublicKey(privateKey)
  const own = certificates.find((certificate) => certifies(certificate, publicKey))
  if (own === undefined) {
    throw invalidArgument(
      'none of the certificates belongs to the private key, and a PKCS#12 file needs one that does',
    )
  }
  return own
}

/**
 * The same for a key and its certificate, because readers pair them by it. NSS imports no key without both attributes.
 *
 * @param own the certificate of the key; null if absent: nothing to pair
 */
function bagAttributesOf(friendlyName: string, own: X509Certificate | null): Attribute[] {
  // SET OF is sorted in DER.
  const attributes = [
    new Attribute({ type: bagAttributes.friendlyName, values: [new BmpString({ value: friendlyName })] }),
  ]
  if (own !== null) {
    const localKeyId = createHash('sha1').update(own.raw).digest()
    attributes.push(new Attribute({ type: bagAttributes.localKeyId, values: [octetString(localKeyId)] }))
  }
  return attributes.toSorted((a, b) => Buffer.compare(encodeDer(a), encodeDer(b)))
}

function certificateBag(certificate: X509Certificate, attributes: Attribute[] | null): SafeBag {
  const bagValue = new CertBag({ certId: certificateTypes.x509, certValue: octetString(certificate.raw) })
  return new SafeBag({
    bagId: bagTypes.certificate,
    bagValue,
    ...(attributes !== null && { bagAttributes: attributes }),
  })
}

function shroudedKeyBag(encrypted: Encrypted, attributes: Attribute[]): SafeBag {
  const bagValue = encryptedKeyInfo(encrypted)
  return new SafeBag({ bagId: bagTypes.shroudedKey, bagValue, bagAttributes: attributes })
}

function dataContentInfo(content: Uint8Array): ContentInfo {
  return new ContentInfo({ contentType: contentTypes.data, content: octetString(content) })
}

function encryptedContentInfo({ algorithm, ciphertext }: Encrypted): ContentInfo {
  const contentInfo = new EncryptedContentInfo({
    contentType: contentTypes.data,
    contentEncryptionAlgorithm: algorithm,
    encryptedContent: octetString(ciphertext),
    // Otherwise pkijs writes BER: segments of 1024 bytes in an indefinite length.
    disableSplit: true,
  })
  const data = new EncryptedData({ encryptedContentInfo: contentInfo })
  return new ContentInfo({ contentType: contentTypes.encryptedData, content: data.toSchema() })
}
