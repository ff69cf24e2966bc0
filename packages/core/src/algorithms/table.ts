import { constants } from 'node:crypto'
import { SealwrightError } from '../errors.ts'
import { anArray, aString } from '../internal/arguments.ts'

/** A JOSE `alg` value that Sealwright can sign with (RFC 7518 §3.1, RFC 8812 §3.2, RFC 8037 §3.1, RFC 9864 §2.2, RFC 9964). */
export type AlgorithmName =
  | 'RS256'
  | 'RS384'
  | 'RS512'
  | 'PS256'
  | 'PS384'
  | 'PS512'
  | 'ES256'
  | 'ES384'
  | 'ES512'
  | 'ES256K'
  | 'Ed25519'
  | 'EdDSA'
  | MlDsaName

/** The parameter sets of ML-DSA (FIPS 204), which Node has from 24.7 on. */
type MlDsaName = 'ML-DSA-44' | 'ML-DSA-65' | 'ML-DSA-87'

/** An elliptic curve by the name JOSE gives it (RFC 7518 §6.2.1.1, RFC 8812 §3.1, RFC 8037 §2). */
export type CurveName = 'P-256' | 'P-384' | 'P-521' | 'secp256k1' | 'Ed25519'

/** Digest names as Node spells them. */
export type DigestName = 'sha256' | 'sha384' | 'sha512'

/** One row of the algorithm table: the properties of a JOSE algorithm. */
export interface SignatureAlgorithm {
  /** The JOSE `alg` value. */
  readonly name: AlgorithmName
  /** The JWK `kty` of its keys. */
  readonly kty: 'RSA' | 'EC' | 'OKP' | 'AKP'
  /** The curve of its keys; null for RSA and ML-DSA. */
  readonly curve: CurveName | null
  /** The digest of the data; null if the algorithm hashes by itself (Ed25519, ML-DSA). */
  readonly digest: DigestName | null
  /** RSASSA-PSS padding (salt as long as the digest, RFC 7518 §3.5); null for everything else. */
  readonly pss: { readonly padding: number; readonly saltLength: number } | null
  /** For ECDSA the length of R and of S in bytes (RFC 7518 §3.4); null for everything else. */
  readonly coordinateLength: number | null
  /** The length of a signature in JWS, in bytes; null for RSA, whose signatures are as long as the modulus. */
  readonly signatureLength: number | null
  /** The WebCrypto algorithm for importing a key and for signing. secp256k1 is @peculiar/webcrypto's `K-256`. */
  readonly webCrypto: WebCryptoAlgorithm
}

/** Parameters for `importKey` and `sign` and, with a modulus length for RSA, `generateKey`. */
export interface WebCryptoAlgorithm {
  /** The WebCrypto name of the algorithm. */
  readonly name: 'RSASSA-PKCS1-v1_5' | 'RSA-PSS' | 'ECDSA' | 'Ed25519' | MlDsaName
  /** The digest, for RSA and ECDSA. */
  readonly hash?: 'SHA-256' | 'SHA-384' | 'SHA-512'
  /** The curve, for ECDSA. */
  readonly namedCurve?: 'P-256' | 'P-384' | 'P-521' | 'K-256'
  /** The length of the salt in bytes, for RSA-PSS. */
  readonly saltLength?: number
}

const webCryptoHash = { sha256: 'SHA-256', sha384: 'SHA-384', sha512: 'SHA-512' } as const
const digestLength = { sha256: 32, sha384: 48, sha512: 64 } as const

function rsa(name: AlgorithmName, digest: DigestName, padding: 'pkcs1' | 'pss'): SignatureAlgorithm {
  const saltLength = digestLength[digest]
  const hash = webCryptoHash[digest]
  return Object.freeze<SignatureAlgorithm>({
    name,
    kty: 'RSA',
    curve: null,
    digest,
    pss: padding === 'pss' ? Object.freeze({ padding: constants.RSA_PKCS1_PSS_PADDING, saltLength }) : null,
    coordinateLength: null,
    signatureLength: null,
    webCrypto: Object.freeze<WebCryptoAlgorithm>(
      padding === 'pss' ? { name: 'RSA-PSS', hash, saltLength } : { name: 'RSASSA-PKCS1-v1_5', hash },
    ),
  })
}

function ecdsa(
  name: AlgorithmName,
  curve: Exclude<CurveName, 'Ed25519'>,
  digest: DigestName,
  coordinateLength: number,
): SignatureAlgorithm {
  return Object.freeze<SignatureAlgorithm>({
    name,
    kty: 'EC',
    curve,
    digest,
    pss: null,
    coordinateLength,
    signatureLength: 2 * coordinateLength,
    webCrypto: Object.freeze<WebCryptoAlgorithm>({
      name: 'ECDSA',
      hash: webCryptoHash[digest],
      namedCurve: curve === 'secp256k1' ? 'K-256' : curve,
    }),
  })
}

function ed25519(name: AlgorithmName): SignatureAlgorithm {
  return Object.freeze<SignatureAlgorithm>({
    name,
    kty: 'OKP',
    curve: 'Ed25519',
    digest: null,
    pss: null,
    coordinateLength: null,
    signatureLength: 64,
    webCrypto: Object.freeze<WebCryptoAlgorithm>({ name: 'Ed25519' }),
  })
}

/** @param signatureLength FIPS 204 §4, table 2 */
function mlDsa(name: MlDsaName, signatureLength: number): SignatureAlgorithm {
  return Object.freeze<SignatureAlgorithm>({
    name,
    kty: 'AKP',
    curve: null,
    digest: null,
    pss: null,
    coordinateLength: null,
    signatureLength,
    webCrypto: Object.freeze<WebCryptoAlgorithm>({ name }),
  })
}

/**
 * The algorithm table. Other code reads a row and does not compare names. The first row that fits a key is its default:
 * RS256 for RSA (RFC 9068 §2.1), and the fully specified `Ed25519` (RFC 9864) before the polymorphic `EdDSA`.
 */
export const algorithms: readonly SignatureAlgorithm[] = Object.freeze([
  rsa('RS256', 'sha256', 'pkcs1'),
  rsa('RS384', 'sha384', 'pkcs1'),
  rsa('RS512', 'sha512', 'pkcs1'),
  rsa('PS256', 'sha256', 'pss'),
  rsa('PS384', 'sha384', 'pss'),
  rsa('PS512', 'sha512', 'pss'),
  ecdsa('ES256', 'P-256', 'sha256', 32),
  ecdsa('ES384', 'P-384', 'sha384', 48),
  ecdsa('ES512', 'P-521', 'sha512', 66),
  ecdsa('ES256K', 'secp256k1', 'sha256', 32),
  ed25519('Ed25519'),
  ed25519('EdDSA'),
  mlDsa('ML-DSA-44', 2420),
  mlDsa('ML-DSA-65', 3309),
  mlDsa('ML-DSA-87', 4627),
])

/**
 * The row of that name.
 *
 * @throws SealwrightError `UNSUPPORTED_ALGORITHM` for any other string; the message lists the names.
 *
 * @example
 * ```ts
 * import { algorithm } from '@sealwright/core'
 *
 * algorithm('ES256').coordinateLength // 32
 * ```
 */
export function algorithm(name: string): SignatureAlgorithm {
  aString('name', name)
  const row = algorithms.find((candidate) => candidate.name === name)
  if (row === undefined) {
    throw new SealwrightError(
      'UNSUPPORTED_ALGORITHM',
      `unknown signature algorithm; use one of ${listNames(algorithms)}`,
    )
  }
  return row
}

/**
 * The algorithm to sign with: the default of the key, or the named one if the key supports it. A name cannot add an algorithm
 * that the key does not support.
 *
 * @throws SealwrightError `UNSUPPORTED_ALGORITHM` if `name` is not one of `available`
 *
 * @example
 * ```ts
 * import { algorithmsOf, chooseAlgorithm } from '@sealwright/core'
 * import { generateKeyPairSync } from 'node:crypto'
 *
 * const { publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
 * chooseAlgorithm(algorithmsOf(publicKey), 'PS256').name // PS256
 * chooseAlgorithm(algorithmsOf(publicKey), undefined).name // RS256
 * ```
 */
export function chooseAlgorithm(
  available: readonly SignatureAlgorithm[],
  name: string | undefined,
): SignatureAlgorithm {
  anArray('available', available)
  if (name !== undefined) aString('algorithm', name)
  const row = name === undefined ? available[0] : available.find((candidate) => candidate.name === name)
  if (row !== undefined) return row
  // Only known names are quoted: the argument may be anything.
  const wanted = algorithms.find((candidate) => candidate.name === name)?.name ?? 'this algorithm'
  throw new SealwrightError(
    'UNSUPPORTED_ALGORITHM',
    available.length === 0
      ? 'the key supports no signature algorithm'
      : `the key cannot sign with ${wanted}; it can sign with ${listNames(available)}`,
  )
}

/** For messages. */
export function listNames(rows: readonly SignatureAlgorithm[]): string {
  return rows.map((row) => row.name).join(', ')
}
