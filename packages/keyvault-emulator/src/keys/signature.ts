import { constants, privateEncrypt, publicDecrypt, type KeyObject } from 'node:crypto'
import type { ECDSA } from '@noble/curves/abstract/weierstrass.js'
import { p256, p384, p521 } from '@noble/curves/nist.js'
import { secp256k1 } from '@noble/curves/secp256k1.js'
import { badParameter } from '../protocol/errors.ts'
import { curveOf, isRsa, keySize, privateKeyOf, publicKeyOf } from './material.ts'
import type { KeyMaterial } from '../vault/records.ts'
import { encodePss, verifyPss } from './rsa-pss.ts'

interface SignatureScheme {
  readonly hash: 'sha256' | 'sha384' | 'sha512'
  readonly digestLength: number
  readonly kind: 'pkcs1' | 'pss' | 'ecdsa'
  /** For ECDSA the one curve. */
  readonly curve?: string
}

const schemes: Readonly<Record<string, SignatureScheme>> = {
  RS256: { hash: 'sha256', digestLength: 32, kind: 'pkcs1' },
  RS384: { hash: 'sha384', digestLength: 48, kind: 'pkcs1' },
  RS512: { hash: 'sha512', digestLength: 64, kind: 'pkcs1' },
  PS256: { hash: 'sha256', digestLength: 32, kind: 'pss' },
  PS384: { hash: 'sha384', digestLength: 48, kind: 'pss' },
  PS512: { hash: 'sha512', digestLength: 64, kind: 'pss' },
  ES256: { hash: 'sha256', digestLength: 32, kind: 'ecdsa', curve: 'P-256' },
  ES384: { hash: 'sha384', digestLength: 48, kind: 'ecdsa', curve: 'P-384' },
  ES512: { hash: 'sha512', digestLength: 64, kind: 'ecdsa', curve: 'P-521' },
  ES256K: { hash: 'sha256', digestLength: 32, kind: 'ecdsa', curve: 'P-256K' },
}

// A vault signs a digest; node:crypto signs messages only. Its RSA primitive is enough for RSA, ECDSA comes from
// noble.
const ecdsa: Readonly<Record<string, ECDSA>> = {
  'P-256': p256,
  'P-384': p384,
  'P-521': p521,
  'P-256K': secp256k1,
}
const ecdsaOptions = { prehash: false, lowS: false } as const

/** DER of a DigestInfo up to the digest (RFC 8017 §9.2, note 1). */
const digestInfoPrefixes = {
  sha256: Buffer.from('3031300d060960864801650304020105000420', 'hex'),
  sha384: Buffer.from('3041300d060960864801650304020205000430', 'hex'),
  sha512: Buffer.from('3051300d060960864801650304020305000440', 'hex'),
}

/**
 * Signs a digest.
 *
 * @param keyId for the message when key and algorithm do not fit
 * @returns RSA: as long as the modulus; ECDSA: R‖S with leading zeros kept
 * @throws ServiceError 400 for an unknown algorithm, one of another kind of key, or a digest of the wrong length
 */
export function signDigest(
  material: KeyMaterial,
  algorithm: string,
  digest: Uint8Array,
  keyId: string,
): Uint8Array {
  const scheme = schemeFor(material, algorithm, keyId)
  requireDigestLength(digest, scheme, algorithm, 'value')
  const key = privateKeyOf(material)
  if (scheme.kind === 'ecdsa') {
    const { d } = key.export({ format: 'jwk' })
    return curveFor(material).sign(digest, Buffer.from(d ?? '', 'base64url'), ecdsaOptions)
  }
  return scheme.kind === 'pkcs1'
    ? privateEncrypt({ key, padding: constants.RSA_PKCS1_PADDING }, digestInfo(scheme, digest))
    : privateEncrypt(
        { key, padding: constants.RSA_NO_PADDING },
        encodePss(digest, scheme.hash, keySize(material)),
      )
}

/**
 * Whether the signature is of that digest and key.
 *
 * @throws ServiceError as {@link signDigest}
 */
export function verifyDigest(
  material: KeyMaterial,
  algorithm: string,
  digest: Uint8Array,
  signature: Uint8Array,
  keyId: string,
): boolean {
  const scheme = schemeFor(material, algorithm, keyId)
  requireDigestLength(digest, scheme, algorithm, 'digest')
  const key = publicKeyOf(material)
  try {
    if (scheme.kind === 'ecdsa') {
      return curveFor(material).verify(signature, digest, uncompressedPoint(key), ecdsaOptions)
    }
    if (scheme.kind === 'pkcs1') {
      const info = publicDecrypt({ key, padding: constants.RSA_PKCS1_PADDING }, signature)
      return info.equals(digestInfo(scheme, digest))
    }
    const encoded = publicDecrypt({ key, padding: constants.RSA_NO_PADDING }, signature)
    return verifyPss(encoded, digest, scheme.hash, keySize(material))
  } catch {
    // A signature of another length or form does not verify; the request is still valid.
    return false
  }
}

function schemeFor(material: KeyMaterial, algorithm: string, keyId: string): SignatureScheme {
  const scheme = Object.hasOwn(schemes, algorithm) ? schemes[algorithm] : undefined
  if (scheme === undefined) throw badParameter(`Invalid algorithm specified: '${algorithm}'.`)
  const fits = isRsa(material.kty) ? scheme.kind !== 'ecdsa' : scheme.curve === curveOf(material)
  if (!fits) {
    const kind = isRsa(material.kty) ? 'is of type RSA' : `uses curve '${curveOf(material)}'`
    throw badParameter(
      `Key and signing algorithm are incompatible. Key ${keyId} ${kind}, and algorithm '${algorithm}' can only be used ` +
        `with ${scheme.curve === undefined ? 'RSA keys' : `curve '${scheme.curve}'`}.`,
    )
  }
  return scheme
}

function requireDigestLength(
  digest: Uint8Array,
  scheme: SignatureScheme,
  algorithm: string,
  property: string,
): void {
  if (digest.length !== scheme.digestLength) {
    throw badParameter(
      `Invalid length of '${property}': ${digest.length} bytes. ${algorithm} requires ${scheme.digestLength} bytes, ` +
        'encoded with base64url.',
    )
  }
}

function digestInfo({ hash }: SignatureScheme, digest: Uint8Array): Buffer {
  return Buffer.concat([digestInfoPrefixes[hash], digest])
}

/** An EC public key as 04 ‖ x ‖ y (SEC 1 §2.3.3). */
function uncompressedPoint(key: KeyObject): Buffer {
  const { x, y } = key.export({ format: 'jwk' })
  return Buffer.concat([Buffer.of(4), Buffer.from(x ?? '', 'base64url'), Buffer.from(y ?? '', 'base64url')])
}

function curveFor(material: KeyMaterial): ECDSA {
  const curve = ecdsa[curveOf(material)]
  if (curve === undefined) throw badParameter(`Curve '${curveOf(material)}' is not supported.`)
  return curve
}
