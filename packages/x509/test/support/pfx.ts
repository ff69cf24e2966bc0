import { createCipheriv, createHash, createHmac, pbkdf2Sync } from 'node:crypto'
import {
  constructed,
  decode,
  encode,
  explicit0,
  int,
  nul,
  octets,
  oid,
  primitive,
  sequence,
  type Tlv,
} from './tlv.ts'

/**
 * Puts PKCS#12 files together by hand, sound or not. Their MAC is right under `password` with one iteration, so that what is
 * wrong inside is reached. Bags are not encrypted unless the caller makes them so.
 */
export const password = 'correct-horse'

const bmpPassword = Buffer.from(`${password}\0`, 'utf16le').swap16()

export const oids = {
  data: '1.2.840.113549.1.7.1',
  signedData: '1.2.840.113549.1.7.2',
  envelopedData: '1.2.840.113549.1.7.3',
  encryptedData: '1.2.840.113549.1.7.6',
  keyBag: '1.2.840.113549.1.12.10.1.1',
  shroudedKeyBag: '1.2.840.113549.1.12.10.1.2',
  certificateBag: '1.2.840.113549.1.12.10.1.3',
  crlBag: '1.2.840.113549.1.12.10.1.4',
  secretBag: '1.2.840.113549.1.12.10.1.5',
  safeContentsBag: '1.2.840.113549.1.12.10.1.6',
  x509Certificate: '1.2.840.113549.1.9.22.1',
  sdsiCertificate: '1.2.840.113549.1.9.22.2',
  friendlyName: '1.2.840.113549.1.9.20',
  localKeyId: '1.2.840.113549.1.9.21',
  sha256: '2.16.840.1.101.3.4.2.1',
  pbes2: '1.2.840.113549.1.5.13',
  pbkdf2: '1.2.840.113549.1.5.12',
  pbmac1: '1.2.840.113549.1.5.14',
  hmacWithSha256: '1.2.840.113549.2.9',
  aes256Cbc: '2.16.840.1.101.3.4.1.42',
} as const

export function pfx(authSafe: Tlv, mac: Tlv | null, version = 3): Uint8Array {
  return encode(sequence(int(version), authSafe, ...(mac === null ? [] : [mac])))
}

/** A file of these safes with a right MAC. */
export function sealed(...safes: Tlv[]): Uint8Array {
  return sealedBytes(encode(sequence(...safes)))
}

export function sealedBytes(authenticatedSafe: Uint8Array, options?: MacOptions): Uint8Array {
  return pfx(contentInfo(oids.data, octets(authenticatedSafe)), macData(authenticatedSafe, options))
}

export function contentInfo(type: string, content: Tlv): Tlv {
  return sequence(oid(type), explicit0(content))
}

export function plainSafe(...bags: Tlv[]): Tlv {
  return contentInfo(oids.data, octets(encode(sequence(...bags))))
}

export function bag(type: string, value: Tlv, ...attributes: Tlv[]): Tlv {
  return sequence(
    oid(type),
    explicit0(value),
    ...(attributes.length === 0 ? [] : [constructed(0x31, ...attributes)]),
  )
}

export function attribute(type: string, value: Tlv): Tlv {
  return sequence(oid(type), constructed(0x31, value))
}

export function certificateBag(der: Uint8Array, ...attributes: Tlv[]): Tlv {
  return bag(oids.certificateBag, sequence(oid(oids.x509Certificate), explicit0(octets(der))), ...attributes)
}

export function keyBag(pkcs8: Uint8Array, ...attributes: Tlv[]): Tlv {
  return bag(oids.keyBag, decode(pkcs8), ...attributes)
}

export function friendlyName(name: string): Tlv {
  return attribute(oids.friendlyName, primitive(0x1e, Buffer.from(name, 'utf16le').swap16()))
}

export function localKeyId(value: number): Tlv {
  return attribute(oids.localKeyId, octets([value]))
}

export interface MacOptions {
  readonly iterations?: Tlv | null
  readonly salt?: Uint8Array
  readonly digest?: Tlv
  /** As the key derivation takes it. Default `password` as a BMPString with its NUL. */
  readonly secret?: Uint8Array
}

/** MacData; whatever the options say, the MAC itself is made with SHA-256 and one iteration. */
export function macData(content: Uint8Array, options: MacOptions = {}): Tlv {
  const { iterations = null, salt = Buffer.from('salt'), secret = bmpPassword } = options
  const { digest = sequence(oid(oids.sha256), nul()) } = options
  const mac = createHmac('sha256', macKey(secret, salt)).update(content).digest()
  return sequence(sequence(digest, octets(mac)), octets(salt), ...(iterations === null ? [] : [iterations]))
}

/** RFC 7292 App. B.2 for one round of SHA-256. */
function macKey(secret: Uint8Array, salt: Uint8Array): Uint8Array {
  return createHash('sha256')
    .update(Buffer.alloc(64, 3))
    .update(blocksOf(salt))
    .update(blocksOf(secret))
    .digest()
}

/** Repeated to fill whole blocks of 64 bytes. */
function blocksOf(bytes: Uint8Array): Buffer {
  return Buffer.alloc(64 * Math.ceil(bytes.length / 64), bytes)
}

export interface Pbes2Options {
  readonly iterations?: Tlv
  readonly salt?: Uint8Array
  readonly keyLength?: Tlv | null
  readonly prf?: string
  readonly cipher?: string
  readonly iv?: Tlv
  readonly derivation?: string
}

/** AlgorithmIdentifier of PBES2. */
export function pbes2(options: Pbes2Options = {}): Tlv {
  const { iv = octets(new Uint8Array(16)), cipher = oids.aes256Cbc } = options
  return sequence(oid(oids.pbes2), sequence(keyDerivation(options), sequence(oid(cipher), iv)))
}

/** AlgorithmIdentifier of PBMAC1; whatever it says, the MAC beside it is made with another key. */
export function pbmac1(options: Pbes2Options, hash: string = oids.hmacWithSha256): Tlv {
  return sequence(oid(oids.pbmac1), sequence(keyDerivation(options), sequence(oid(hash), nul())))
}

function keyDerivation(options: Pbes2Options): Tlv {
  const { iterations = int(1), salt = new Uint8Array(8), keyLength = null } = options
  const { prf = oids.hmacWithSha256, derivation = oids.pbkdf2 } = options
  const parameters = sequence(
    octets(salt),
    iterations,
    ...(keyLength === null ? [] : [keyLength]),
    sequence(oid(prf), nul()),
  )
  return sequence(oid(derivation), parameters)
}

/** A safe that decrypts: these bags under {@link pbes2} as it is by default. */
export function soundEncryptedSafe(...bags: Tlv[]): Tlv {
  const key = pbkdf2Sync(password, new Uint8Array(8), 1, 32, 'sha256')
  const cipher = createCipheriv('aes-256-cbc', key, new Uint8Array(16))
  return encryptedSafe(pbes2(), Buffer.concat([cipher.update(encode(sequence(...bags))), cipher.final()]))
}

/** A safe with that algorithm, and content that does not matter unless it is given. */
export function encryptedSafe(algorithm: Tlv, ciphertext: Uint8Array = new Uint8Array(32)): Tlv {
  const info = sequence(oid(oids.data), algorithm, { ...octets(ciphertext), tag: 0x80 })
  return contentInfo(oids.encryptedData, sequence(int(0), info))
}

export function shroudedKey(algorithm: Tlv): Tlv {
  return plainSafe(bag(oids.shroudedKeyBag, sequence(algorithm, octets(new Uint8Array(32)))))
}
