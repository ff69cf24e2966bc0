import type { webcrypto } from 'node:crypto'
import { SealwrightError } from '@sealwright/core'
import {
  decodeInteger,
  decodeOctetString,
  malformed,
  SequenceReader,
  tags,
  type BerElement,
} from '../asn1/ber.ts'
import { integer, nullValue, objectIdentifier, octetString, sequence, type DerValue } from '../asn1/der.ts'
import type { WebCrypto } from '../web-crypto.ts'
import type { Pkcs12Budget } from './limits.ts'
import { describeAlgorithm, pkcs5 } from './object-identifiers.ts'
import { utf8Password } from './password.ts'

/** A password-based encryption whose parameters were read, checked and charged; it has not run yet. */
export interface PasswordEncryption {
  /**
   * @returns the plaintext, a new array: the caller zeroes it after use
   * @throws SealwrightError `INVALID_ENCODING` when the padding is wrong
   */
  decrypt(ciphertext: Uint8Array, password: string, crypto: WebCrypto): Promise<Uint8Array>
}

type ParametersReader = (parameters: BerElement, what: string, budget: Pkcs12Budget) => PasswordEncryption

/** The encryptions that are read, by OID. */
const encryptions: Readonly<Record<string, ParametersReader>> = { [pkcs5.pbes2]: readPbes2 }

/** PRFs of PBKDF2 by OID (RFC 8018 App. B.1.2), as WebCrypto spells their hash. */
const prfHashes: Readonly<Record<string, string>> = {
  '1.2.840.113549.2.7': 'SHA-1',
  '1.2.840.113549.2.9': 'SHA-256',
  '1.2.840.113549.2.10': 'SHA-384',
  '1.2.840.113549.2.11': 'SHA-512',
}
const defaultPrf = '1.2.840.113549.2.7'
const hmacSha256 = '1.2.840.113549.2.9'

/** Ciphers of PBES2 by OID with their key length in bits (RFC 3565 §4.1). All are CBC with padding as in RFC 8018 §6.1.1. */
const cipherKeyLengths: Readonly<Record<string, number>> = {
  '2.16.840.1.101.3.4.1.2': 128,
  '2.16.840.1.101.3.4.1.22': 192,
  '2.16.840.1.101.3.4.1.42': 256,
}
const aes256Cbc = '2.16.840.1.101.3.4.1.42'
const aesBlockLength = 16

/**
 * Reads the AlgorithmIdentifier of an encryption and charges its iterations.
 *
 * @param what for messages: what is encrypted
 * @throws SealwrightError `INVALID_ENCODING`, `LIMIT_EXCEEDED`, `UNSUPPORTED_ALGORITHM`; the message names the algorithm
 */
export function readEncryption(element: BerElement, what: string, budget: Pkcs12Budget): PasswordEncryption {
  const identifier = new SequenceReader(element, `${what} encryption algorithm`)
  const oid = identifier.objectIdentifier('algorithm')
  const reader = encryptions[oid]
  if (reader === undefined) throw unsupported(what, oid, 'PBES2 with AES-CBC is read')
  const encryption = reader(identifier.any('parameters'), what, budget)
  identifier.end()
  return encryption
}

/** Parameters of PBKDF2 and AES-CBC, enough to encrypt and to decrypt. */
interface Pbes2Parameters {
  readonly hash: string
  readonly salt: Uint8Array
  readonly iterations: number
  readonly keyLength: number
  readonly iv: Uint8Array
}

/** PBES2-params (RFC 8018 App. A.4): `SEQUENCE { keyDerivationFunc, encryptionScheme }`. */
function readPbes2(element: BerElement, what: string, budget: Pkcs12Budget): PasswordEncryption {
  const parameters = new SequenceReader(element, `${what} PBES2 parameters`)
  const derivation = parameters.sequence('keyDerivationFunc')
  const scheme = parameters.sequence('encryptionScheme')
  parameters.end()

  const derivationOid = derivation.objectIdentifier('algorithm')
  if (derivationOid !== pkcs5.pbkdf2) throw unsupported(what, derivationOid, 'keys are derived with PBKDF2')
  const pbkdf2 = readPbkdf2(derivation.any('parameters'), what, budget)
  derivation.end()

  const cipherOid = scheme.objectIdentifier('algorithm')
  const keyLength = cipherKeyLengths[cipherOid]
  if (keyLength === undefined)
    throw unsupported(what, cipherOid, 'AES-128, AES-192 and AES-256 in CBC mode are read')
  const iv = scheme.octetString('parameters')
  scheme.end()
  if (iv.length !== aesBlockLength)
    throw malformed(what, `has an initialisation vector of ${iv.length} bytes`)
  if (pbkdf2.keyLength !== null && pbkdf2.keyLength * 8 !== keyLength) {
    throw malformed(
      what,
      `derives a key of ${pbkdf2.keyLength} bytes for a cipher that takes ${keyLength / 8}`,
    )
  }

  const { hash, salt, iterations } = pbkdf2
  return new Pbes2Decryption({ hash, salt, iterations, keyLength, iv }, what)
}

/**
 * PBKDF2-params (RFC 8018 App. A.2): `SEQUENCE { salt CHOICE { OCTET STRING, AlgorithmIdentifier }, iterationCount INTEGER,
 * keyLength INTEGER OPTIONAL, prf AlgorithmIdentifier DEFAULT hmacWithSHA1 }`.
 */
function readPbkdf2(
  element: BerElement,
  what: string,
  budget: Pkcs12Budget,
): { hash: string; salt: Uint8Array; iterations: number; keyLength: number | null } {
  const parameters = new SequenceReader(element, `${what} PBKDF2 parameters`)
  // Salts made by a source named with an AlgorithmIdentifier exist on paper only.
  const salt = decodeOctetString(parameters.any('salt'), tags.octetString, `${what} PBKDF2 salt`)
  budget.checkSalt(salt, what)
  const iterations = parameters.integer('iterationCount')
  const keyLength = parameters.optional(tags.integer)
  const prf = parameters.optional(tags.sequence)
  parameters.end()
  const prfOid =
    prf === null ? defaultPrf : new SequenceReader(prf, `${what} PBKDF2 prf`).objectIdentifier('algorithm')
  const hash = prfHashes[prfOid]
  if (hash === undefined)
    throw unsupported(what, prfOid, 'PBKDF2 with HMAC-SHA-1, -256, -384 and -512 is read')
  budget.chargeIterations(iterations, what)
  return {
    hash,
    salt,
    iterations,
    keyLength: keyLength === null ? null : decodeInteger(keyLength, `${what} PBKDF2 keyLength`),
  }
}

class Pbes2Decryption implements PasswordEncryption {
  readonly #parameters: Pbes2Parameters
  readonly #what: string

  constructor(parameters: Pbes2Parameters, what: string) {
    this.#parameters = parameters
    this.#what = what
  }

  async decrypt(ciphertext: Uint8Array, password: string, crypto: WebCrypto): Promise<Uint8Array> {
    const { iv } = this.#parameters
    const key = await deriveAesKey(this.#parameters, password, 'decrypt', crypto)
    try {
      return new Uint8Array(await crypto.subtle.decrypt({ name: 'AES-CBC', iv }, key, ciphertext))
    } catch (cause) {
      // The MAC was right, so the password is; some writers encode it differently for the two.
      throw malformed(this.#what, 'does not decrypt, although the MAC is right', cause)
    }
  }
}

/** What was encrypted, with the AlgorithmIdentifier that says how. */
export interface Encrypted {
  readonly algorithm: DerValue
  readonly ciphertext: Uint8Array
}

/** Encrypts with PBES2: AES-256-CBC under a key from PBKDF2 with HMAC-SHA-256, salt and IV random. */
export async function encryptPbes2(
  plaintext: Uint8Array,
  password: string,
  iterations: number,
  crypto: WebCrypto,
): Promise<Encrypted> {
  const salt = crypto.getRandomValues(new Uint8Array(16))
  const iv = crypto.getRandomValues(new Uint8Array(aesBlockLength))
  const key = await deriveAesKey(
    { hash: 'SHA-256', salt, iterations, keyLength: 256, iv },
    password,
    'encrypt',
    crypto,
  )
  const ciphertext = new Uint8Array(await crypto.subtle.encrypt({ name: 'AES-CBC', iv }, key, plaintext))
  // keyLength is left out, as other writers do: the cipher says it.
  const pbkdf2 = sequence(
    octetString(salt),
    integer(iterations),
    sequence(objectIdentifier(hmacSha256), nullValue()),
  )
  const algorithm = sequence(
    objectIdentifier(pkcs5.pbes2),
    sequence(
      sequence(objectIdentifier(pkcs5.pbkdf2), pbkdf2),
      sequence(objectIdentifier(aes256Cbc), octetString(iv)),
    ),
  )
  return { algorithm, ciphertext }
}

async function deriveAesKey(
  { hash, salt, iterations, keyLength }: Pbes2Parameters,
  password: string,
  usage: 'encrypt' | 'decrypt',
  crypto: WebCrypto,
): Promise<webcrypto.CryptoKey> {
  const bytes = utf8Password(password)
  const passwordKey = await crypto.subtle.importKey('raw', bytes, 'PBKDF2', false, ['deriveKey'])
  bytes.fill(0)
  return crypto.subtle.deriveKey(
    { name: 'PBKDF2', hash, salt, iterations },
    passwordKey,
    { name: 'AES-CBC', length: keyLength },
    false,
    [usage],
  )
}

function unsupported(what: string, oid: string, instead: string): SealwrightError {
  return new SealwrightError(
    'UNSUPPORTED_ALGORITHM',
    `${what} is encrypted with ${describeAlgorithm(oid)}; ${instead}`,
  )
}
