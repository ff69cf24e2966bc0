import { SealwrightError } from '@sealwright/core'
import { malformed, type BerElement } from '../asn1/ber.ts'
import { SequenceReader } from '../asn1/sequence-reader.ts'
import { desCbc, rc2Cbc, readCipher, tripleDesCbc, type CbcCipher, type CipherContext } from './ciphers.ts'
import { readDerivation } from './key-derivation/read-derivation.ts'
import {
  derivationRounds,
  deriveKey,
  derivePbkdf1,
  md5,
  purposes,
  sha1,
  type DerivationDigest,
} from './key-derivation/pkcs12-kdf.ts'
import type { Pkcs12Budget } from './limits.ts'
import { describeAlgorithm, pkcs12Pbe, pkcs5, pkcs5Pbe } from './object-identifiers.ts'
import { bmpPassword, passwordBytes, type FilePassword } from './password.ts'

/** The password, the provider and the signal of a decryption. */
export interface DecryptionContext extends CipherContext {
  readonly password: FilePassword
}

/** A password-based protection, as the file describes it. */
export interface Protection {
  /** For display, such as `PBES2 with PBKDF2-HMAC-SHA-256 and AES-256-CBC`. */
  readonly algorithm: string
  /** Iterations of the key derivation. For scrypt N·r·p, which takes about as long. */
  readonly iterations: number
  /** Whether it is too weak for new files. */
  readonly weak: boolean
}

/** A password-based encryption. Its parameters are read and checked, and its iterations charged. */
export interface PasswordEncryption {
  readonly description: Protection
  /** The encoding of the password: bytes or a BMPString. */
  readonly takes: 'bytes' | 'bmpText'
  /** In bytes. */
  readonly blockLength: number
  /**
   * Charges the iterations once more, for a second password.
   *
   * @throws SealwrightError `LIMIT_EXCEEDED`
   */
  charge(): void
  /**
   * @returns the plaintext, a new array: the caller zeroes it after use
   * @throws SealwrightError `WRONG_PASSWORD` when the padding is wrong; or the signal's reason
   */
  decrypt(ciphertext: Uint8Array, context: DecryptionContext): Promise<Uint8Array>
}

export function wrongPassword(source: string, cause?: unknown): SealwrightError {
  return new SealwrightError(
    'WRONG_PASSWORD',
    `the password does not open ${source}, or ${source} was changed after it was encrypted`,
    { cause },
  )
}

type ParametersReader = (parameters: BerElement, source: string, budget: Pkcs12Budget) => PasswordEncryption

/** Supported encryptions by OID. */
const encryptions: Readonly<Record<string, ParametersReader>> = {
  [pkcs5.pbes2]: readPbes2,
  [pkcs5Pbe.md5WithDes]: pbes1(md5, 'MD5 and DES', desCbc),
  [pkcs5Pbe.md5WithRc2]: pbes1(md5, 'MD5 and 64-bit RC2', (iv) => rc2Cbc(8, 64, iv)),
  [pkcs5Pbe.sha1WithDes]: pbes1(sha1, 'SHA-1 and DES', desCbc),
  [pkcs5Pbe.sha1WithRc2]: pbes1(sha1, 'SHA-1 and 64-bit RC2', (iv) => rc2Cbc(8, 64, iv)),
  [pkcs12Pbe.tripleDes]: pkcs12Pbes1('3DES', 24, (iv) => tripleDesCbc(iv)),
  [pkcs12Pbe.twoKeyTripleDes]: pkcs12Pbes1('two-key 3DES', 16, (iv) => tripleDesCbc(iv, 16)),
  [pkcs12Pbe.rc2With128Bits]: pkcs12Pbes1('128-bit RC2', 16, (iv) => rc2Cbc(16, 128, iv)),
  [pkcs12Pbe.rc2With40Bits]: pkcs12Pbes1('40-bit RC2', 5, (iv) => rc2Cbc(5, 40, iv)),
}

/**
 * Reads the AlgorithmIdentifier of an encryption and charges its iterations.
 *
 * @param source names the encrypted item in messages
 * @throws SealwrightError `INVALID_ENCODING`, `LIMIT_EXCEEDED`, `UNSUPPORTED_ALGORITHM`; the message names the algorithm
 */
export function readEncryption(
  element: BerElement,
  source: string,
  budget: Pkcs12Budget,
): PasswordEncryption {
  const identifier = new SequenceReader(element, `${source} encryption algorithm`)
  const oid = identifier.objectIdentifier('algorithm')
  const reader = Object.hasOwn(encryptions, oid) ? encryptions[oid] : undefined
  if (reader === undefined) {
    throw new SealwrightError(
      'UNSUPPORTED_ALGORITHM',
      `${source} is encrypted with ${describeAlgorithm(oid)}; PBES2 and PBES1 with AES, 3DES, RC2 or DES are supported`,
    )
  }
  const encryption = reader(identifier.any('parameters'), source, budget)
  identifier.end()
  return encryption
}

/**
 * Reads EncryptedPrivateKeyInfo (RFC 5958 §3): `SEQUENCE { encryptionAlgorithm, encryptedData OCTET STRING }`.
 *
 * @throws SealwrightError as {@link readEncryption}
 */
export function readEncryptedKey(
  element: BerElement,
  source: string,
  budget: Pkcs12Budget,
): { readonly encryption: PasswordEncryption; readonly ciphertext: Uint8Array } {
  const info = new SequenceReader(element, source)
  const encryption = readEncryption(info.any('encryptionAlgorithm'), source, budget)
  const ciphertext = info.octetString('encryptedData')
  info.end()
  return { encryption, ciphertext }
}

/** PBES2-params (RFC 8018 App. A.4): `SEQUENCE { keyDerivationFunc, encryptionScheme }`. */
function readPbes2(element: BerElement, source: string, budget: Pkcs12Budget): PasswordEncryption {
  const parameters = new SequenceReader(element, `${source} PBES2 parameters`)
  const derivation = readDerivation(parameters.sequence('keyDerivationFunc'), source, budget)
  const scheme = parameters.sequence('encryptionScheme')
  parameters.end()
  const cipher = readCipher(scheme, source)
  const keyLength = derivation.keyLength ?? cipher.defaultKeyLength
  if (cipher.keyLength === null ? keyLength < 1 || keyLength > 128 : keyLength !== cipher.keyLength) {
    throw malformed(source, `derives a key of ${keyLength} bytes, which is not a key length of its cipher`)
  }
  const charge = (): void => derivation.charge(keyLength)
  charge()
  return {
    takes: 'bytes',
    blockLength: cipher.blockLength,
    charge,
    description: {
      algorithm: `PBES2 with ${derivation.name} and ${cipher.name}`,
      iterations: derivation.iterations,
      weak: cipher.weak,
    },
    decrypt: async (ciphertext, context) => {
      const key = await derivation.derive(context.password, keyLength)
      // libuv cannot stop a derivation under way.
      context.signal?.throwIfAborted()
      return decryptAndZeroKey(cipher, key, ciphertext, context, source)
    },
  }
}

/** Of DES, 3DES and RC2, in bytes. */
export const blockLength = 8

/**
 * PBES1 (RFC 8018 §6.1). OpenSSL before 1.1 encrypted single keys with it. PBKDF1 derives the key and then the initialisation
 * vector.
 */
function pbes1(
  digest: DerivationDigest,
  name: string,
  cipherWith: (iv: Uint8Array) => CbcCipher,
): ParametersReader {
  return (element, source, budget) => {
    const { salt, iterations } = readPbeParameters(element, source, budget)
    const charge = (): void => budget.chargeIterations(iterations, source)
    charge()
    return {
      takes: 'bytes',
      blockLength,
      charge,
      description: { algorithm: `PBES1 with ${name}`, iterations, weak: true },
      decrypt: async (ciphertext, context) => {
        const secret = passwordBytes(context.password)
        const derived = await derivePbkdf1({ digest, salt, iterations }, secret, context.signal).catch(
          (cause: unknown) => {
            context.signal?.throwIfAborted()
            // A Node in FIPS mode has no MD5.
            throw new SealwrightError(
              'UNSUPPORTED_ALGORITHM',
              `${source} derives its key with MD5, which this version of Node does not support`,
              { cause },
            )
          },
        )
        const iv = derived.slice(blockLength, 2 * blockLength)
        return decryptAndZeroKey(
          cipherWith(iv),
          derived.subarray(0, blockLength),
          ciphertext,
          context,
          source,
        )
      },
    }
  }
}

/** PBES1 of RFC 7292 App. C. Key and initialisation vector are both derived from the password with SHA-1. */
function pkcs12Pbes1(
  name: string,
  keyLength: number,
  cipherWith: (iv: Uint8Array) => CbcCipher,
): ParametersReader {
  return (element, source, budget) => {
    const { salt, iterations } = readPbeParameters(element, source, budget)
    const rounds = derivationRounds(sha1, keyLength) + derivationRounds(sha1, blockLength)
    const charge = (): void => budget.chargeIterations(iterations, source, rounds)
    charge()
    const derivation = { digest: sha1, salt, iterations }
    return {
      takes: 'bmpText',
      blockLength,
      charge,
      description: { algorithm: `PBES1 with SHA-1 and ${name}`, iterations, weak: true },
      decrypt: async (ciphertext, context) => {
        const { password, signal } = context
        const { encryptionKey, initialisationVector } = purposes
        const [key, iv] = await Promise.all([
          deriveKey(derivation, encryptionKey, bmpPassword(password), keyLength, signal),
          deriveKey(derivation, initialisationVector, bmpPassword(password), blockLength, signal),
        ])
        return decryptAndZeroKey(cipherWith(iv), key, ciphertext, context, source)
      },
    }
  }
}

/** PBEParameter (RFC 8018 App. A.3) and pkcs-12PbeParams (RFC 7292 App. C): `SEQUENCE { salt OCTET STRING, iterations INTEGER }`. */
function readPbeParameters(
  element: BerElement,
  source: string,
  budget: Pkcs12Budget,
): { readonly salt: Uint8Array; readonly iterations: number } {
  const parameters = new SequenceReader(element, `${source} PBE parameters`)
  const salt = parameters.octetString('salt')
  budget.checkSalt(salt, source)
  const iterations = parameters.integer('iterations')
  parameters.end()
  return { salt, iterations }
}

async function decryptAndZeroKey(
  cipher: CbcCipher,
  key: Uint8Array,
  ciphertext: Uint8Array,
  context: CipherContext,
  source: string,
): Promise<Uint8Array> {
  try {
    return await cipher.decrypt(key, ciphertext, context)
  } catch (cause) {
    context.signal?.throwIfAborted()
    throw wrongPassword(source, cause)
  } finally {
    key.fill(0)
  }
}
