import { createDecipheriv, type Decipher } from 'node:crypto'
import { SealwrightError } from '@sealwright/core'
import { malformed, tags, type BerElement } from '../asn1/ber.ts'
import { SequenceReader } from '../asn1/sequence-reader.ts'
import { decodeOctetString } from '../asn1/values.ts'
import { TimeSlices } from '../time-slices.ts'
import { providerFor, type WebCrypto } from '../webcrypto/provider.ts'
import { describeAlgorithm } from './object-identifiers.ts'
import { decryptRc2Cbc } from './rc2.ts'

/** The provider and the signal of a decryption. */
export interface CipherContext {
  readonly crypto: WebCrypto
  readonly signal: AbortSignal | undefined
}

/** A block cipher in CBC mode with the padding of RFC 8018 §6.1.1; its initialisation vector is bound. */
export interface CbcCipher {
  /** For messages, such as `AES-256-CBC`. */
  readonly name: string
  /** Whether it is too weak for new files. */
  readonly weak: boolean
  /** In bytes. */
  readonly blockLength: number
  /** In bytes. Null for RC2, which takes any length; its default is `defaultKeyLength`. */
  readonly keyLength: number | null
  readonly defaultKeyLength: number
  /**
   * Never blocks the event loop for long.
   *
   * @throws anything, when the ciphertext or its padding is wrong; or the signal's reason
   */
  decrypt(key: Uint8Array, ciphertext: Uint8Array, context: CipherContext): Promise<Uint8Array>
}

/** Ciphers of PBES2 by OID (RFC 3565 §4.1, RFC 8018 App. B.2), with the functions that read their parameters. */
const readers: Readonly<Record<string, (parameters: BerElement, source: string) => CbcCipher>> = {
  '2.16.840.1.101.3.4.1.2': (parameters, source) => aesCbc(16, readVector(parameters, 16, source)),
  '2.16.840.1.101.3.4.1.22': (parameters, source) => aesCbc(24, readVector(parameters, 16, source)),
  '2.16.840.1.101.3.4.1.42': (parameters, source) => aesCbc(32, readVector(parameters, 16, source)),
  '1.2.840.113549.3.7': (parameters, source) => tripleDesCbc(readVector(parameters, 8, source)),
  '1.2.840.113549.3.2': readRc2,
  '1.3.14.3.2.7': (parameters, source) => desCbc(readVector(parameters, 8, source)),
}
export const aes256CbcOid = '2.16.840.1.101.3.4.1.42'

/**
 * Reads the AlgorithmIdentifier of an encryption scheme.
 *
 * @throws SealwrightError `INVALID_ENCODING`, `UNSUPPORTED_ALGORITHM`
 */
export function readCipher(scheme: SequenceReader, source: string): CbcCipher {
  const oid = scheme.objectIdentifier('algorithm')
  const reader = Object.hasOwn(readers, oid) ? readers[oid] : undefined
  if (reader === undefined) {
    throw new SealwrightError(
      'UNSUPPORTED_ALGORITHM',
      `${source} is encrypted with ${describeAlgorithm(oid)}; AES, 3DES, DES and RC2 in CBC mode are supported`,
    )
  }
  const cipher = reader(scheme.any('parameters'), source)
  scheme.end()
  return cipher
}

function readVector(parameters: BerElement, blockLength: number, source: string): Uint8Array {
  const vector = decodeOctetString(parameters, tags.octetString, `${source} initialisation vector`)
  if (vector.length !== blockLength) {
    throw malformed(source, `has an initialisation vector of ${vector.length} bytes`)
  }
  return vector
}

/** RC2-CBC-Parameter (RFC 8018 App. B.2.3): `SEQUENCE { rc2ParameterVersion INTEGER OPTIONAL, iv OCTET STRING (8) }`. */
function readRc2(element: BerElement, source: string): CbcCipher {
  const parameters = new SequenceReader(element, `${source} RC2 parameters`)
  const version = parameters.integer('rc2ParameterVersion')
  const vector = readVector(parameters.any('iv'), 8, source)
  parameters.end()
  const effectiveBits = rc2EffectiveBits(version)
  if (effectiveBits === null) throw malformed(source, `has an RC2 parameter version of ${version}`)
  return rc2Cbc(null, effectiveBits, vector)
}

/** RFC 2268 §6: versions below 256 are encoded with a table. */
function rc2EffectiveBits(version: number): number | null {
  switch (version) {
    case 160:
      return 40
    case 120:
      return 64
    case 58:
      return 128
    default:
      return version >= 256 && version <= 1024 ? version : null
  }
}

/** @param keyLength in bytes */
export function aesCbc(keyLength: number, iv: Uint8Array): CbcCipher {
  return {
    name: `AES-${8 * keyLength}-CBC`,
    weak: false,
    blockLength: 16,
    keyLength,
    defaultKeyLength: keyLength,
    decrypt: async (key, ciphertext, { crypto }) => {
      const aesKey = await crypto.subtle.importKey('raw', key, 'AES-CBC', false, ['decrypt'])
      return new Uint8Array(await crypto.subtle.decrypt({ name: 'AES-CBC', iv }, aesKey, ciphertext))
    },
  }
}

/**
 * 3DES. WebCrypto has no DES and no 3DES.
 *
 * @param keyLength 24 for three keys. 16 for two keys: the first is used twice. 8 for DES: the one key is used three times, which is
 *   the same as DES. OpenSSL 3 itself has DES only in its legacy provider
 */
export function tripleDesCbc(iv: Uint8Array, keyLength: 8 | 16 | 24 = 24): CbcCipher {
  return {
    name: keyLength === 8 ? 'DES-CBC' : '3DES-CBC',
    weak: true,
    blockLength: 8,
    keyLength,
    defaultKeyLength: keyLength,
    decrypt: async (key, ciphertext, { signal }) => {
      const whole = new Uint8Array(24)
      whole.set(key)
      for (let at = keyLength; at < 24; at += 8) whole.set(key.subarray(0, 8), at)
      try {
        return await decryptInSlices(createDecipheriv('des-ede3-cbc', whole, iv), ciphertext, signal)
      } finally {
        whole.fill(0)
      }
    },
  }
}

export function desCbc(iv: Uint8Array): CbcCipher {
  return tripleDesCbc(iv, 8)
}

/** 3DES decrypts this many bytes in less than a millisecond. */
const bytesPerPause = 16 * 1024

/** @returns a new array. Other copies of the plaintext are zeroed. */
async function decryptInSlices(
  decipher: Decipher,
  ciphertext: Uint8Array,
  signal: AbortSignal | undefined,
): Promise<Uint8Array> {
  const plaintext = new Uint8Array(ciphertext.length)
  let length = 0
  const add = (part: Buffer): void => {
    plaintext.set(part, length)
    length += part.length
    part.fill(0)
  }
  try {
    const slices = new TimeSlices(signal)
    for (let at = 0; at < ciphertext.length; at += bytesPerPause) {
      // The loop yields to the event loop on purpose.
      // oxlint-disable-next-line no-await-in-loop
      await slices.pause()
      add(decipher.update(ciphertext.subarray(at, at + bytesPerPause)))
    }
    add(decipher.final())
    return plaintext.subarray(0, length)
  } catch (error) {
    plaintext.fill(0)
    throw error
  }
}

/**
 * Encrypts with 3DES. @peculiar/webcrypto does it, because Node's WebCrypto has no 3DES.
 *
 * @param key of 24 bytes
 * @throws SealwrightError `UNSUPPORTED_OPERATION` where @peculiar/webcrypto cannot be loaded
 */
export async function encryptTripleDesCbc(
  plaintext: Uint8Array,
  key: Uint8Array,
  iv: Uint8Array,
): Promise<Uint8Array> {
  const algorithm = { name: 'DES-EDE3-CBC', iv, length: 192 }
  const { subtle } = await providerFor(algorithm)
  const cryptoKey = await subtle.importKey('raw', key, algorithm, false, ['encrypt'])
  return new Uint8Array(await subtle.encrypt(algorithm, cryptoKey, plaintext))
}

/** @param keyLength null for any */
export function rc2Cbc(keyLength: number | null, effectiveBits: number, iv: Uint8Array): CbcCipher {
  return {
    name: `${effectiveBits}-bit RC2-CBC`,
    weak: true,
    blockLength: 8,
    keyLength,
    // Not every number of bits is a whole number of bytes.
    defaultKeyLength: keyLength ?? Math.ceil(effectiveBits / 8),
    decrypt: async (key, ciphertext, { signal }) => decryptRc2Cbc(key, effectiveBits, iv, ciphertext, signal),
  }
}
