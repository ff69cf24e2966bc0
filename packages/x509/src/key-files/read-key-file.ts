import { createPublicKey, type KeyObject, type X509Certificate } from 'node:crypto'
import { isSealwrightError, SealwrightError } from '@sealwright/core'
import { malformed, readBer, tags, type BerElement } from '../asn1/ber.ts'
import { readCertificateRequest, type CertificateRequest } from '../certificates/certificate-request.ts'
import { readRevocationList, type RevocationList } from '../certificates/revocation-list.ts'
import { decodeBase64, decodePemWithHeaders, type PemBlockWithHeaders } from './pem.ts'
import type { Bag } from '../pkcs12/bags.ts'
import { assembleContents, type Pkcs12Key } from '../pkcs12/contents.ts'
import { readEncryptedKey, type Protection } from '../encryption/password-scheme.ts'
import { Pkcs12Budget, resolveLimits } from '../encryption/limits.ts'
import { assertPassword, usualPassword } from '../encryption/password.ts'
import { readPkcs12Within, type ReadPkcs12Options } from '../pkcs12/read.ts'
import { readPublicKey } from '../keys/public-key.ts'
import { readCertificate } from '../certificates/read-certificate.ts'
import { nodeWebCrypto } from '../webcrypto/provider.ts'
import { TimeSlices } from '../time-slices.ts'
import { readPemEncryption } from './encrypted-pem.ts'
import { assertLabelNotForeign, assertNotForeign } from './foreign-formats.ts'
import { readJwk } from './jwk.ts'
import { readPkcs7Certificates } from './pkcs7.ts'
import { readPrivateKey } from '../keys/private-key.ts'
import { isPvk, readPvk } from './pvk.ts'

/** What a file is. `PEM` is one with several blocks; of one block it is what the block holds. */
export type KeyFileFormat =
  | 'PKCS#12'
  | 'PKCS#8'
  | 'encrypted PKCS#8'
  | 'SEC1'
  | 'PKCS#1'
  | 'public key'
  | 'JWK'
  | 'JWK Set'
  | 'PKCS#7'
  | 'PVK'
  | 'certificate'
  | 'certificate request'
  | 'CRL'
  | 'PEM'

/** What a file of keys or certificates holds. */
export interface KeyFile {
  readonly format: KeyFileFormat
  /** Private keys, each with its own certificate and the issuers of that, as far as they are in the file. */
  readonly keys: readonly Pkcs12Key[]
  /** Public keys on their own. */
  readonly publicKeys: readonly KeyObject[]
  /** Every certificate, in file order. */
  readonly certificates: readonly X509Certificate[]
  /** Each signed by its own key. */
  readonly requests: readonly CertificateRequest[]
  /** Nothing shows who signed them. */
  readonly revocationLists: readonly RevocationList[]
  /** Null for what has none, which is everything but PKCS#12. */
  readonly mac: Protection | null
  readonly encryptions: readonly Protection[]
}

/**
 * Reads any file that keys and certificates are kept in: PKCS#12; PKCS#8, encrypted or not; SEC1; PKCS#1; a certificate, a
 * certificate request, a CRL, a public key; PKCS#7; each in DER, bare base64 or PEM, and PEM with several of them, or with the
 * encryption of RFC 1421; JWK and JWK Set; Microsoft's .pvk. What it is is decided by what is in it.
 *
 * @param file at most 1 MiB unless a limit says otherwise
 * @param password for what is encrypted; `''` for none
 * @throws SealwrightError `INVALID_ENCODING` for what is none of these, or torn; where it is a format that others convert, the
 *   message says how; else as `readPkcs12`
 */
export async function readKeyFile(
  file: Uint8Array,
  password: string,
  options: ReadPkcs12Options = {},
): Promise<KeyFile> {
  assertPassword(password)
  const limits = resolveLimits(options.limits ?? {})
  if (file.length > limits.bytes) {
    throw new SealwrightError(
      'LIMIT_EXCEEDED',
      `the file has ${file.length} bytes; ${limits.bytes} are allowed`,
    )
  }
  const reader = new KeyFileReader(password, options, new Pkcs12Budget(limits))
  if (file.length === 0) throw malformed('the file', 'is empty')
  // A copy, so that nobody changes it under our hands.
  const bytes = new Uint8Array(file)
  assertNotForeign(bytes)
  if (isPvk(bytes)) return reader.pvk(bytes)
  if (bytes[0] === 0x30) return reader.der(bytes)
  const text = decodeText(bytes)
  if (/^\s*[{[]/.test(text)) return reader.jwk(text)
  // PFX files are passed on as bare base64 in settings and secrets. What begins with a SEQUENCE begins with M.
  const der = /^\s*M/.test(text) ? decodeBase64(text) : null
  return der === null ? reader.pem(text) : reader.der(der)
}

/** A byte order mark is taken off. PowerShell writes UTF-16 where it is not told otherwise. */
function decodeText(bytes: Uint8Array): string {
  const encoding = bytes[0] === 0xff && bytes[1] === 0xfe ? 'utf-16le' : 'utf-8'
  try {
    return new TextDecoder(encoding, { fatal: true }).decode(bytes)
  } catch (cause) {
    throw malformed('the file', notKnown, cause)
  }
}

const notKnown = 'is no file of keys or certificates that is known'

/** What one block or file adds to a {@link KeyFile}. */
type Part = Partial<Omit<KeyFile, 'keys'>> & {
  readonly format: KeyFileFormat
  readonly privateKey?: KeyObject
  /** Keys that have their certificates already. */
  readonly keys?: readonly Pkcs12Key[]
}

class KeyFileReader {
  readonly #password: string
  readonly #options: ReadPkcs12Options
  readonly #budget: Pkcs12Budget

  constructor(password: string, options: ReadPkcs12Options, budget: Pkcs12Budget) {
    this.#password = password
    this.#options = options
    this.#budget = budget
  }

  async der(bytes: Uint8Array): Promise<KeyFile> {
    return this.#assemble([await this.#derPart(bytes)])
  }

  async pem(text: string): Promise<KeyFile> {
    const parts: Part[] = []
    const slices = new TimeSlices(this.#options.signal)
    for (const block of decodePemWithHeaders(text)) {
      this.#budget.chargeBag()
      // Curves that OpenSSL writes before keys, which have them inside as well; groups that servers keep beside their keys.
      if (block.label.endsWith(' PARAMETERS')) continue
      // One after the other: few files have two encrypted keys.
      // oxlint-disable-next-line no-await-in-loop
      parts.push(await slices.pause().then(() => this.#pemPart(block)))
    }
    if (parts.length === 0) throw malformed('the file', notKnown)
    return this.#assemble(parts)
  }

  async pvk(bytes: Uint8Array): Promise<KeyFile> {
    const { privateKey, encryption } = readPvk(bytes, this.#password)
    const encryptions =
      encryption === null ? [] : [{ algorithm: `SHA-1 and ${encryption}`, iterations: 1, weak: true }]
    return this.#assemble([{ format: 'PVK', privateKey, encryptions }])
  }

  async jwk(text: string): Promise<KeyFile> {
    const { set, privateKeys, publicKeys, certificates } = await readJwk(text, this.#options.signal)
    const format = set ? 'JWK Set' : 'JWK'
    const parts: Part[] = privateKeys.map((privateKey) => ({ format, privateKey }))
    return { ...(await this.#assemble([...parts, { format, publicKeys, certificates }])), format }
  }

  async #pemPart({ label, headers, der }: PemBlockWithHeaders): Promise<Part> {
    assertLabelNotForeign(label)
    // Of two numbers alone nothing shows that they are an RSA key, so only the label can say it.
    if (label === 'RSA PUBLIC KEY' && headers === null) {
      return { format: 'public key', publicKeys: [readRsaPublicKey(der)] }
    }
    if (headers === null) return this.#labelledPart(label, der)
    const what = `the PEM block ${label}`
    const encryption = readPemEncryption(headers, what)
    const { crypto = nodeWebCrypto, signal } = this.#options
    const plaintext = await encryption.decrypt(der, this.#password, { crypto, signal })
    try {
      const part = await this.#openedPart(() => this.#labelledPart(label, plaintext), what)
      return { ...part, encryptions: [encryption.description] }
    } finally {
      plaintext.fill(0)
    }
  }

  /** What is in the block decides, and a label that says otherwise is an error. */
  async #labelledPart(label: string, der: Uint8Array): Promise<Part> {
    const part = await this.#derPart(der)
    const expected = pemLabels[part.format]
    if (!expected.includes(label))
      throw malformed(`the PEM block ${label}`, `holds something else: ${part.format}`)
    return part
  }

  async #derPart(bytes: Uint8Array): Promise<Part> {
    const element = readBer(bytes, 'the file', this.#budget)
    const format = identify(element)
    switch (format) {
      case 'PKCS#12':
        return { format, ...(await readPkcs12Within(this.#budget, bytes, this.#password, this.#options)) }
      case 'PKCS#8':
        return { format, privateKey: readPrivateKey(bytes, 'pkcs8', this.#budget) }
      case 'SEC1':
        return { format, privateKey: readPrivateKey(bytes, 'sec1', this.#budget) }
      case 'PKCS#1':
        return { format, privateKey: readPrivateKey(bytes, 'pkcs1', this.#budget) }
      case 'encrypted PKCS#8':
        return this.#encryptedKey(element)
      case 'public key':
        return { format, publicKeys: [readPublicKey(bytes, 'the public key')] }
      case 'PKCS#7':
        return { format, certificates: await readPkcs7Certificates(element, this.#options.signal) }
      case 'certificate':
        return { format, certificates: [readCertificate(bytes, 'the file')] }
      case 'certificate request':
        return { format, requests: [readCertificateRequest(bytes)] }
      case 'CRL':
        return { format, revocationLists: [readRevocationList(bytes, null)] }
      default:
        throw malformed('the file', notKnown)
    }
  }

  async #encryptedKey(element: BerElement): Promise<Part> {
    const what = 'the private key'
    const { encryption, ciphertext } = readEncryptedKey(element, what, this.#budget)
    const { crypto = nodeWebCrypto, signal } = this.#options
    const password = usualPassword(this.#password)
    return this.#openedPart(async () => {
      const pkcs8 = await encryption.decrypt(ciphertext, { password, crypto, signal })
      try {
        const privateKey = readPrivateKey(pkcs8, 'pkcs8', this.#budget)
        return { format: 'encrypted PKCS#8', privateKey, encryptions: [encryption.description] }
      } finally {
        pkcs8.fill(0)
      }
    }, what)
  }

  /** No MAC says whether the password of a single key is right: wrong padding does, or a key that is none. */
  async #openedPart(open: () => Promise<Part>, what: string): Promise<Part> {
    try {
      return await open()
    } catch (error) {
      if (!isSealwrightError(error, 'INVALID_ENCODING')) throw error
      throw new SealwrightError('WRONG_PASSWORD', `the password does not open ${what}`, { cause: error })
    }
  }

  async #assemble(parts: readonly Part[]): Promise<KeyFile> {
    const [only, ...others] = parts
    const certificates = parts.flatMap((part) => part.certificates ?? [])
    const bags: Bag[] = certificates.map((certificate) => ({
      kind: 'certificate',
      certificate,
      ...noAttributes,
    }))
    for (const { privateKey } of parts) {
      if (privateKey !== undefined) bags.push({ kind: 'key', privateKey, ...noAttributes })
    }
    const { keys } = await assembleContents(bags, this.#options.signal)
    return {
      format: only === undefined || others.length > 0 ? 'PEM' : only.format,
      keys: [...parts.flatMap((part) => part.keys ?? []), ...keys],
      publicKeys: parts.flatMap((part) => part.publicKeys ?? []),
      certificates,
      requests: parts.flatMap((part) => part.requests ?? []),
      revocationLists: parts.flatMap((part) => part.revocationLists ?? []),
      mac: parts.find((part) => part.mac !== undefined)?.mac ?? null,
      encryptions: parts.flatMap((part) => part.encryptions ?? []),
    }
  }
}

/** The labels of RFC 7468 and, for SEC1 and PKCS#1, OpenSSL. */
const pemLabels: Readonly<Record<KeyFileFormat, readonly string[]>> = {
  'PKCS#12': ['PKCS12'],
  'PKCS#8': ['PRIVATE KEY'],
  'encrypted PKCS#8': ['ENCRYPTED PRIVATE KEY'],
  SEC1: ['EC PRIVATE KEY'],
  'PKCS#1': ['RSA PRIVATE KEY'],
  'public key': ['PUBLIC KEY'],
  'PKCS#7': ['PKCS7', 'CMS'],
  certificate: ['CERTIFICATE', 'X509 CERTIFICATE'],
  'certificate request': ['CERTIFICATE REQUEST', 'NEW CERTIFICATE REQUEST'],
  CRL: ['X509 CRL'],
  JWK: [],
  'JWK Set': [],
  PVK: [],
  PEM: [],
}

/** Tells by the tags of a value and of what is in it; its reader checks the rest. Null for what is none of these. */
function identify(element: BerElement): KeyFileFormat | null {
  if (element.tag !== tags.sequence) return null
  const shape = element.children.map(({ tag }) => tag)
  const [first, second, third] = shape
  if (first === tags.integer) {
    if (second === tags.octetString) return 'SEC1'
    if (second === tags.integer) return 'PKCS#1'
    return third === tags.octetString ? 'PKCS#8' : 'PKCS#12'
  }
  if (first === tags.objectIdentifier) return 'PKCS#7'
  if (first !== tags.sequence) return null
  if (second === tags.octetString) return 'encrypted PKCS#8'
  if (second === tags.bitString) return 'public key'
  return third === tags.bitString ? identifyDocument(element.children[0]?.children ?? []) : null
}

/** Certificates, requests and CRLs are signed alike, and differ in what is signed. */
function identifyDocument(fields: readonly BerElement[]): KeyFileFormat {
  if (fields.some(({ tag }) => tag === tags.utcTime || tag === tags.generalizedTime)) return 'CRL'
  // INTEGER, Name, SubjectPublicKeyInfo, [0]; a certificate has six fields at least.
  return fields.length <= 4 ? 'certificate request' : 'certificate'
}

/** RSAPublicKey (RFC 8017 App. A.1.1). */
function readRsaPublicKey(der: Uint8Array): KeyObject {
  try {
    return createPublicKey({ key: Buffer.from(der), format: 'der', type: 'pkcs1' })
  } catch (cause) {
    throw malformed('the public key', 'is not PKCS#1 of a kind OpenSSL knows', cause)
  }
}

const noAttributes = { friendlyName: null, localKeyId: null } as const
