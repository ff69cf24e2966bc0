import { createHash, type KeyObject } from 'node:crypto'
import { malformed } from '../../asn1/ber.ts'
import type { Pkcs12Limits } from '../../encryption/limits.ts'
import type { KeyLimits } from '../../keys/key-limits.ts'
import { itemLimitExceeded } from '../../limits.ts'
import { wrongPassword } from '../../encryption/password-scheme.ts'
import { encryptionPasswords, passwordBytes, usualPassword } from '../../encryption/password.ts'
import { blobHeaderLength, isRsaPrivateKey, readRsaPrivateKey } from './blob.ts'

/**
 * Microsoft's .pvk, which makecert writes and pvk2pfx reads: a header of six little-endian numbers (magic, zero, use of the
 * key, whether it is encrypted, length of the salt, length of the blob), the salt, and a PRIVATEKEYBLOB of CryptoAPI.
 */
const magic = 0xb0b5f11e
const headerLength = 24
/** The type of a PRIVATEKEYBLOB. Its header is never encrypted. */
const privateKeyBlob = 7

const source = 'the .pvk file'

export function isPvk(file: Uint8Array): boolean {
  return file.length >= headerLength && Buffer.from(file).readUInt32LE(0) === magic
}

/** How a .pvk file's key is encrypted: not at all, or with RC4 under one round of SHA-1. */
export interface PvkKey {
  readonly privateKey: KeyObject
  readonly encryption: '128-bit RC4' | '40-bit RC4' | null
}

/**
 * @param password asked for where the file is encrypted
 * @throws SealwrightError `INVALID_ENCODING`, `LIMIT_EXCEEDED`, `WRONG_PASSWORD`, `UNSUPPORTED_KEY`
 */
export async function readPvk(
  file: Uint8Array,
  password: () => Promise<string>,
  limits: Pkcs12Limits,
): Promise<PvkKey> {
  const bytes = Buffer.from(file)
  const saltLength = bytes.readUInt32LE(16)
  const blobLength = bytes.readUInt32LE(20)
  if (blobLength > limits.privateKeyBytes) {
    throw itemLimitExceeded(
      `${source} has a key of ${blobLength} bytes`,
      limits.privateKeyBytes,
      'privateKeyBytes',
    )
  }
  if (saltLength > limits.saltBytes) {
    throw itemLimitExceeded(`${source} has a salt of ${saltLength} bytes`, limits.saltBytes, 'saltBytes')
  }
  if (bytes.length !== headerLength + saltLength + blobLength || blobLength <= blobHeaderLength) {
    throw malformed(source, 'is not as long as its header says')
  }
  const salt = bytes.subarray(headerLength, headerLength + saltLength)
  const blob = bytes.subarray(headerLength + saltLength)
  if (blob[0] !== privateKeyBlob) throw malformed(source, 'does not hold a private key')
  const body = blob.subarray(blobHeaderLength)
  if (bytes.readUInt32LE(12) === 0)
    return { privateKey: readRsaPrivateKey(body, source, limits), encryption: null }

  for (const each of encryptionPasswords(usualPassword(await password()), 'bytes')) {
    const secret = passwordBytes(each)
    const key = createHash('sha1').update(salt).update(secret).digest().subarray(0, 16)
    secret.fill(0)
    try {
      const strong = decrypt(body, key, limits)
      if (strong !== null) return { privateKey: strong, encryption: '128-bit RC4' }
      // Export versions of Windows had 40 bits.
      key.fill(0, 5)
      const weak = decrypt(body, key, limits)
      if (weak !== null) return { privateKey: weak, encryption: '40-bit RC4' }
    } finally {
      key.fill(0)
    }
  }
  throw wrongPassword(source)
}

/** Null for a wrong key. */
function decrypt(body: Uint8Array, key: Uint8Array, limits: KeyLimits): KeyObject | null {
  const plaintext = rc4(key, body)
  try {
    return isRsaPrivateKey(plaintext) ? readRsaPrivateKey(plaintext, source, limits) : null
  } finally {
    plaintext.fill(0)
  }
}

/** RC4, only for these files. OpenSSL 3 has it only in its legacy provider, which Node does not load. */
function rc4(key: Uint8Array, data: Uint8Array): Buffer {
  const state = Uint8Array.from({ length: 256 }, (_, index) => index)
  let j = 0
  for (let i = 0; i < 256; i++) {
    j = (j + state[i]! + key[i % key.length]!) & 0xff
    swap(state, i, j)
  }
  let i = 0
  j = 0
  const result = Buffer.alloc(data.length)
  for (let at = 0; at < data.length; at++) {
    i = (i + 1) & 0xff
    j = (j + state[i]!) & 0xff
    swap(state, i, j)
    result[at] = data[at]! ^ state[(state[i]! + state[j]!) & 0xff]!
  }
  return result
}

function swap(state: Uint8Array, i: number, j: number): void {
  const value = state[i]!
  state[i] = state[j]!
  state[j] = value
}
