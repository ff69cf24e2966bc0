import { createHash, createPublicKey, type KeyObject, type X509Certificate } from 'node:crypto'
import { SealwrightError } from '@sealwright/core'
import { tags } from '../asn1/ber.ts'
import {
  encodeDer,
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
import { certifies } from '../certifies.ts'
import { nodeWebCrypto, type WebCrypto } from '../web-crypto.ts'
import { encryptPbes2, type Encrypted } from './encryption.ts'
import { defaultLimits } from './limits.ts'
import { prepareMac } from './mac.ts'
import { bagAttributes, bagTypes, certificateTypes, contentTypes } from './object-identifiers.ts'
import { assertPassword, encodeUtf16Be } from './password.ts'

/** What goes into a PKCS#12 file. */
export interface Pkcs12Entry {
  readonly privateKey: KeyObject
  /** One of them certifies the key; it is written first, the others follow in the order given. */
  readonly certificates: readonly X509Certificate[]
  /** For people: what Windows, Java and NSS show as the key's name. 1 to 255 characters of the BMP. */
  readonly friendlyName: string
}

export interface WritePkcs12Options {
  /** Of each key derivation: for the key, for the certificates and for the MAC. Default 600,000. */
  readonly iterations?: number | undefined
  /** For PBKDF2, AES and random numbers. Default Node's. */
  readonly crypto?: WebCrypto | undefined
}

const defaultIterations = 600_000
/** A file has three derivations, and the default limits must let it be read. */
const maximumIterations = Math.floor(defaultLimits.iterations / 3)

/**
 * Writes a PKCS#12 file (RFC 7292) as everything current reads it: PBES2 with AES-256-CBC and PBKDF2-HMAC-SHA-256 for the
 * key and for the certificates, and an HMAC-SHA-256 MAC. Salts and IVs are fresh each time.
 *
 * @param password encoded as UTF-8 for PBES2 and as UTF-16 for the MAC; may be empty. JDK 17's keytool takes only ASCII.
 * @returns DER
 * @throws SealwrightError `INVALID_ARGUMENT` when no certificate is the key's, or for a malformed name, password or count
 */
export async function writePkcs12(
  contents: Pkcs12Entry,
  password: string,
  options: WritePkcs12Options = {},
): Promise<Uint8Array> {
  const { iterations = defaultIterations, crypto = nodeWebCrypto } = options
  assertPassword(password)
  assertFriendlyName(contents.friendlyName)
  if (!Number.isInteger(iterations) || iterations < 1 || iterations > maximumIterations) {
    throw new SealwrightError(
      'INVALID_ARGUMENT',
      `an iteration count is a whole number from 1 to ${maximumIterations}, not ${iterations}`,
    )
  }
  const certificates = ownCertificateFirst(contents)
  const attributes = keyAttributes(certificates[0], contents.friendlyName)
  const certificateBags = certificates.map((certificate, index) =>
    certificateBag(certificate, index === 0 ? attributes : null),
  )
  const pkcs8: Uint8Array = contents.privateKey.export({ format: 'der', type: 'pkcs8' })
  // At the same time: two derivations run in libuv's threads, and that of the MAC here.
  const [encryptedKey, encryptedCertificates, makeMac] = await Promise.all([
    encryptPbes2(pkcs8, password, iterations, crypto),
    encryptPbes2(encodeDer(sequence(...certificateBags)), password, iterations, crypto),
    prepareMac(password, crypto.getRandomValues(new Uint8Array(16)), iterations),
  ]).finally(() => pkcs8.fill(0))
  const keyBag = shroudedKeyBag(encryptedKey, attributes)

  // Certificates first, as OpenSSL has them.
  const authenticatedSafe = encodeDer(
    sequence(encryptedContentInfo(encryptedCertificates), dataContentInfo(encodeDer(sequence(keyBag)))),
  )
  return encodeDer(sequence(integer(3), dataContentInfo(authenticatedSafe), makeMac(authenticatedSafe)))
}

/** RFC 2985 App. A, pkcs-9-ub-friendlyName. */
const maximumFriendlyNameLength = 255

function assertFriendlyName(name: string): void {
  // Without the u flag, so that it finds either half of a surrogate pair.
  if (name === '' || name.length > maximumFriendlyNameLength || /[\0\ud800-\udfff]/.test(name)) {
    throw new SealwrightError(
      'INVALID_ARGUMENT',
      `the friendly name ${JSON.stringify(name)} is empty, has more than ${maximumFriendlyNameLength} characters, or holds U+0000 or a character beyond U+FFFF`,
    )
  }
}

function ownCertificateFirst({
  privateKey,
  certificates,
}: Pkcs12Entry): readonly [X509Certificate, ...(readonly X509Certificate[])] {
  if (privateKey.type !== 'private') {
    throw new SealwrightError(
      'INVALID_ARGUMENT',
      `a ${privateKey.type} key was given where a private one is needed`,
    )
  }
  const publicKey = createPublicKey(privateKey)
  const own = certificates.find((certificate) => certifies(certificate, publicKey))
  if (own === undefined) {
    throw new SealwrightError(
      'INVALID_ARGUMENT',
      'none of the certificates is that of the private key; a PKCS#12 file needs it',
    )
  }
  return [own, ...certificates.filter((certificate) => !certificate.raw.equals(own.raw))]
}

/** The same on the key and on its certificate, which is how readers pair them; NSS takes no key without both. */
function keyAttributes(certificate: X509Certificate, friendlyName: string): DerValue {
  const localKeyId = createHash('sha1').update(certificate.raw).digest()
  return setOf(
    sequence(
      objectIdentifier(bagAttributes.friendlyName),
      setOf(universal(tags.bmpString, encodeUtf16Be(friendlyName))),
    ),
    sequence(objectIdentifier(bagAttributes.localKeyId), setOf(octetString(localKeyId))),
  )
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
