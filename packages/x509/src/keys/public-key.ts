import { createPublicKey, type KeyObject, type X509Certificate } from 'node:crypto'
import { algorithmsOf, SealwrightError } from '@sealwright/core'
import { invalidArgument } from '@sealwright/core/internal'
import { malformed, readBer, tags, type BerElement } from '../asn1/ber.ts'
import { SequenceReader } from '../asn1/sequence-reader.ts'
import { decodeBitString } from '../asn1/values.ts'
import { PublicKeyInfo as PkiPublicKey } from 'pkijs'
import { writtenAs } from '../asn1/encode.ts'
import { assertKnownType, mlDsaProblem } from './ml-dsa.ts'

/**
 * Reads a SubjectPublicKeyInfo (RFC 5280 §4.1.2.7).
 *
 * @param source for messages, such as `the public key of the certificate`
 * @throws SealwrightError `UNSUPPORTED_KEY` for an ML-DSA key where this Node has none, and for a curve without a name;
 *   `INVALID_ENCODING` for another key that OpenSSL does not take
 */
export function readPublicKey(publicKeyInfo: Uint8Array, source: string): KeyObject {
  let publicKey: KeyObject
  try {
    publicKey = createPublicKey({ key: Buffer.from(publicKeyInfo), format: 'der', type: 'spki' })
  } catch (cause) {
    throw mlDsaProblem(source, publicKeyInfo, cause) ?? malformed(source, 'is not accepted by OpenSSL', cause)
  }
  assertKnownType(publicKey, source, publicKeyInfo)
  if (publicKey.asymmetricKeyType === 'ec') checkEcPublicKey(readPublicKeyInfo(publicKeyInfo), source)
  return publicKey
}

/**
 * Refuses EC keys whose point is at infinity (SEC 1 §2.3.3, the single octet 00), and those with explicit curve
 * parameters, which RFC 5480 §2.1.1 does not allow. OpenSSL reads both. Node 20 and 22 crash when asked for the details
 * or the JWK of some of these keys, so this check comes first.
 *
 * @param key public or private
 * @throws SealwrightError `INVALID_ENCODING`, `UNSUPPORTED_KEY`
 */
export function assertNamedCurve(key: KeyObject, source: string): void {
  if (key.asymmetricKeyType === 'ec') exportEcKey(key, source)
}

/** SubjectPublicKeyInfo of an EC key, public or private, and the point in it. */
function exportEcKey(
  key: KeyObject,
  source: string,
): { readonly bytes: Uint8Array; readonly point: Uint8Array } {
  let bytes: Uint8Array
  try {
    const publicKey = key.type === 'private' ? createPublicKey(key) : key
    bytes = publicKey.export({ format: 'der', type: 'spki' })
  } catch (cause) {
    throw malformed(source, pointAtInfinity, cause)
  }
  const info = readPublicKeyInfo(bytes)
  checkEcPublicKey(info, source)
  return { bytes, point: info.subjectPublicKey }
}

const pointAtInfinity = 'is an EC key whose point is at infinity'

function checkEcPublicKey({ algorithm, subjectPublicKey }: PublicKeyInfo, source: string): void {
  if (subjectPublicKey.length <= 1) throw malformed(source, pointAtInfinity)
  if (algorithm.children[1]?.tag !== tags.objectIdentifier) {
    throw new SealwrightError(
      'UNSUPPORTED_KEY',
      `${source} has explicit curve parameters instead of a named curve (RFC 5480 §2.1.1); openssl pkey -ec_param_enc named_curve converts it`,
    )
  }
}

/** As {@link assertNamedCurve} for the key of a certificate; a key that OpenSSL does not know is refused only when it is used. */
export function assertCertifiedCurve(certificate: X509Certificate, source: string): void {
  let publicKey: KeyObject
  try {
    ;({ publicKey } = certificate)
  } catch {
    return
  }
  assertNamedCurve(publicKey, `the public key of the certificate in ${source}`)
}

/**
 * SubjectPublicKeyInfo (RFC 5280 §4.1.2.7) of a key that signs. The point of an EC key is always uncompressed, because
 * other readers need not support other forms (RFC 5480 §2.2).
 *
 * @throws SealwrightError `UNSUPPORTED_KEY` for a weak key and for a kind that signs nothing; `INVALID_ARGUMENT` for a private
 *   key, because only the public half is needed; else as {@link assertNamedCurve}
 */
export function encodePublicKey(publicKey: KeyObject): Uint8Array {
  const known = encodings.get(publicKey) ?? encode(publicKey)
  encodings.set(publicKey, known)
  return known
}

/** OpenSSL takes as long for the encoding of a key as for a signature; a signer's key is encoded for each document. */
const encodings = new WeakMap<KeyObject, Uint8Array>()

function encode(publicKey: KeyObject): Uint8Array {
  if (publicKey.type !== 'public') {
    throw invalidArgument(`a certificate is for a public key, and this one is ${publicKey.type}`)
  }
  if (publicKey.asymmetricKeyType !== 'ec') {
    algorithmsOf(publicKey)
    return publicKey.export({ format: 'der', type: 'spki' })
  }
  const { bytes, point } = exportEcKey(publicKey, 'the public key')
  algorithmsOf(publicKey)
  if (point[0] === uncompressed) return bytes
  const same = createPublicKey({ key: publicKey.export({ format: 'jwk' }), format: 'jwk' })
  return same.export({ format: 'der', type: 'spki' })
}

/** A SubjectPublicKeyInfo for pkijs, its bytes unchanged. It can hold any kind of key, known to pkijs or not. */
export function encodedPublicKey(publicKeyInfo: Uint8Array): PkiPublicKey {
  return writtenAs(new PkiPublicKey(), publicKeyInfo)
}

/** SEC 1 §2.3.3. */
const uncompressed = 4

/** The parts of a SubjectPublicKeyInfo. */
interface PublicKeyInfo {
  /** AlgorithmIdentifier. */
  readonly algorithm: BerElement
  /** The BIT STRING's value, without tag, length and number of unused bits. */
  readonly subjectPublicKey: Uint8Array
}

/** @throws SealwrightError `INVALID_ENCODING`, `LIMIT_EXCEEDED` */
export function readPublicKeyInfo(publicKeyInfo: Uint8Array): PublicKeyInfo {
  const source = 'the public key'
  const info = new SequenceReader(readBer(publicKeyInfo, source, { elements: 40, depth: 8 }), source)
  const algorithm = info.any('algorithm')
  return { algorithm, subjectPublicKey: decodeBitString(info.any('subjectPublicKey'), source).bytes }
}
