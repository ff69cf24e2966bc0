import { constants, createHash, KeyObject, publicDecrypt, verify, X509Certificate } from 'node:crypto'
import { SealwrightError } from '@sealwright/core'
import { aCertificate, aString, bytes, listOf, must, optionsOf } from '@sealwright/core/internal'
import { attribute, parseMarvellBlob, type Attributes, type MarvellBlob } from './marvell-blob.ts'
import { marvellRoots } from './marvell-roots.ts'

/** A managed HSM's statement about one of its keys, as the service returns it. It contains no secrets. */
export interface KeyAttestation {
  /** The format. Only `MRVL-1` is known. */
  readonly version: string
  /** The certificates of the module and of its partition in PEM, in any order. */
  readonly certificates: string
  /** The module's signed statement about the private key. */
  readonly privateKeyAttestation: Uint8Array
  /** Likewise for the public key; null when the service returns none. */
  readonly publicKeyAttestation: Uint8Array | null
}

/** What a verified attestation says. */
export interface AttestedKey {
  /** The key's name in the module, which ends with name and version of the key in the managed HSM. */
  readonly id: string
  /**
   * Whether the attestation contains the given public key or its hash. false when it contains neither: then only
   * {@link id} ties the attestation to the key.
   */
  readonly namesPublicKey: boolean
  /** Whether the private key was generated in the module; null if the attestation does not have this information. */
  readonly madeInHardware: boolean | null
  /** Whether the private key can be wrapped and taken out now; null when the attestation does not say. */
  readonly extractable: boolean | null
  /** Whether it was never extractable; null when the attestation does not say. */
  readonly neverExtractable: boolean | null
  /** The certificates of the partition that signed it, of its module, and of Marvell's root. */
  readonly chain: readonly [partition: X509Certificate, module: X509Certificate, root: X509Certificate]
}

/** How {@link verifyKeyAttestation} verifies. */
export interface VerifyKeyAttestationOptions {
  /** The trusted roots. Default: those of Marvell, which makes the modules. */
  readonly roots?: readonly X509Certificate[] | undefined
}

const attestationMembers = optionsOf(
  {
    version: aString,
    certificates: aString,
    privateKeyAttestation: bytes,
    publicKeyAttestation: (name, value) => void (value === null || bytes(name, value)),
  },
  ['version', 'certificates', 'privateKeyAttestation', 'publicKeyAttestation'],
)
const verifyOptions = optionsOf({ roots: listOf(aCertificate) })
const aPublicKey = must(
  'a public KeyObject',
  (value) => value instanceof KeyObject && value.type === 'public',
)

const longestBundle = 262_144
const mostCertificates = 20
const certificatePem = /-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]{1,16384}-----END CERTIFICATE-----/g
const publicKeyClass = 2
const privateKeyClass = 3

/**
 * Verifies offline that an HSM made by Marvell holds a key. It checks the certificate chain to Marvell's root, the
 * module's signature and the key named in it. The validity of the certificates is not checked, because an attestation
 * is verified long after it was made; `chain` has their dates.
 *
 * @param publicKey the attested key
 * @throws SealwrightError `INVALID_SIGNATURE` when the chain, the signature or the key does not match;
 *   `INVALID_ENCODING` when it cannot be read, or is about two keys; `UNSUPPORTED_OPERATION` for a format other than `MRVL-1`
 *
 * @example
 * ```ts
 * import { openKeyVault, verifyKeyAttestation } from '@sealwright/azure-keyvault'
 *
 * const hsm = openKeyVault('https://contoso.managedhsm.azure.net')
 * const key = await hsm.getOrCreate('my-app-auth', { keyType: 'rsa-3072' })
 * const attestation = await hsm.getKeyAttestation('my-app-auth', { version: key.version })
 * const { madeInHardware, neverExtractable } = verifyKeyAttestation(attestation, key.publicKey)
 * ```
 */
export function verifyKeyAttestation(
  attestation: KeyAttestation,
  publicKey: KeyObject,
  options: VerifyKeyAttestationOptions = {},
): AttestedKey {
  attestationMembers('attestation', attestation)
  aPublicKey('publicKey', publicKey)
  verifyOptions('options', options)
  const { roots = marvellRoots() } = options
  const { version, certificates, privateKeyAttestation, publicKeyAttestation } = attestation
  if (version !== 'MRVL-1') {
    throw new SealwrightError(
      'UNSUPPORTED_OPERATION',
      'only key attestations in the format MRVL-1 can be verified',
    )
  }
  const blobs = [privateKeyAttestation, ...(publicKeyAttestation === null ? [] : [publicKeyAttestation])].map(
    parseMarvellBlob,
  )
  const chain = chainOf(blobs, readCertificates(certificates), roots)
  const objects = blobs.flatMap((blob) => blob.objects)
  const [privateKey, another] = objects.filter((each) => numberIn(each, attribute.class) === privateKeyClass)
  const known = objects.every((each) =>
    [publicKeyClass, privateKeyClass].includes(numberIn(each, attribute.class) ?? -1),
  )
  if (privateKey === undefined || another !== undefined || !known) {
    throw new SealwrightError('INVALID_ENCODING', 'the key attestation is not about one private key')
  }
  // The statement about the private key is trusted because the other half is of the same key.
  const id = idOf(privateKey)
  if (objects.length > 1 && (id.length === 0 || !objects.every((each) => idOf(each).equals(id)))) {
    throw new SealwrightError(
      'INVALID_ENCODING',
      'the parts of the key attestation do not have the id of one key',
    )
  }
  return {
    id: textIn(privateKey, attribute.id),
    namesPublicKey: objects.map((each) => names(each, publicKey)).includes(true),
    madeInHardware: flagIn(privateKey, attribute.local),
    extractable: flagIn(privateKey, attribute.extractable),
    neverExtractable: flagIn(privateKey, attribute.neverExtractable),
    chain,
  }
}

function readCertificates(pem: string): readonly X509Certificate[] {
  const found = pem.length > longestBundle ? [] : (pem.match(certificatePem) ?? [])
  if (found.length === 0 || found.length > mostCertificates) {
    throw new SealwrightError(
      'INVALID_ENCODING',
      `the key attestation has ${found.length} certificates; 1 to ${mostCertificates} are possible`,
    )
  }
  try {
    return found.map((each) => new X509Certificate(each))
  } catch (cause) {
    throw new SealwrightError('INVALID_ENCODING', 'a certificate of the key attestation does not parse', {
      cause,
    })
  }
}

/**
 * The root signs the module's certificate, the module signs the partition's, and the partition's key signs
 * attestations.
 */
function chainOf(
  blobs: readonly MarvellBlob[],
  certificates: readonly X509Certificate[],
  roots: readonly X509Certificate[],
): AttestedKey['chain'] {
  let isIssued = false
  for (const root of roots) {
    for (const module of certificates.filter((each) => isIssuedBy(each, root))) {
      for (const partition of certificates.filter((each) => isIssuedBy(each, module))) {
        isIssued = true
        if (blobs.every((blob) => isSignedBy(blob, partition))) return [partition, module, root]
      }
    }
  }
  throw new SealwrightError(
    'INVALID_SIGNATURE',
    isIssued
      ? 'the key attestation is not signed by a module of the trusted maker'
      : 'no certificate of the key attestation leads to a trusted root',
  )
}

function isIssuedBy(certificate: X509Certificate, issuer: X509Certificate): boolean {
  return (
    certificate.issuer === issuer.subject &&
    certificate.subject !== certificate.issuer &&
    certificate.verify(issuer.publicKey)
  )
}

/**
 * Firmware signs with PKCS #1 v1.5, or with a block that ends with the digest. The start of the block is not published.
 * With a small public exponent, anyone could forge such a signature, so the exponent must be at least 65537.
 */
function isSignedBy({ signed, signature }: MarvellBlob, { publicKey }: X509Certificate): boolean {
  const { modulusLength, publicExponent = 0n } = publicKey.asymmetricKeyDetails ?? {}
  if (modulusLength !== 8 * signature.length || publicExponent < 65_537n) return false
  if (verify('sha256', signed, publicKey, signature)) return true
  try {
    const block = publicDecrypt({ key: publicKey, padding: constants.RSA_NO_PADDING }, signature)
    return block.subarray(-32).equals(createHash('sha256').update(signed).digest())
  } catch {
    // A number that is larger than the modulus.
    return false
  }
}

/**
 * Whether the attributes hold the public key or its hash.
 *
 * @throws SealwrightError `INVALID_SIGNATURE` when they hold a different key
 */
function names(attributes: Attributes, publicKey: KeyObject): boolean {
  const modulus = attributes.get(attribute.modulus)
  const hash = attributes.get(attribute.ekcv)
  const spki = publicKey.export({ format: 'der', type: 'spki' })
  const { n } = publicKey.export({ format: 'jwk' })
  const matches = [
    ...(modulus === undefined
      ? []
      : [n !== undefined && withoutZeros(modulus).equals(Buffer.from(n, 'base64url'))]),
    ...(hash === undefined ? [] : [createHash('sha256').update(spki).digest().equals(hash)]),
  ]
  if (matches.includes(false)) {
    throw new SealwrightError('INVALID_SIGNATURE', 'the key attestation is about another key')
  }
  return matches.length > 0
}

function withoutZeros(number: Uint8Array): Buffer {
  const start = number.findIndex((byte) => byte !== 0)
  return Buffer.from(number.subarray(start === -1 ? number.length : start))
}

function numberIn(attributes: Attributes, type: number): number | null {
  const value = attributes.get(type)
  if (value === undefined || value.length === 0 || value.length > 4) return null
  return value.reduce((number, byte) => 256 * number + byte, 0)
}

function flagIn(attributes: Attributes, type: number): boolean | null {
  const value = numberIn(attributes, type)
  return value === 0 || value === 1 ? value === 1 : null
}

function idOf(attributes: Attributes): Buffer {
  return withoutPadding(attributes.get(attribute.id) ?? new Uint8Array())
}

/** Without the zeros at its end. */
function withoutPadding(text: Uint8Array): Buffer {
  return Buffer.from(text.subarray(0, text.findLastIndex((byte) => byte !== 0) + 1))
}

/** Reads zero-padded text. It is shown in terminals, so control characters are removed. */
function textIn(attributes: Attributes, type: number): string {
  const text = Buffer.from(attributes.get(type) ?? []).toString('latin1')
  return text.replaceAll(/[^\x20-\x7e]/g, '').slice(0, 512)
}
