import { createHash, createPrivateKey, type KeyObject } from 'node:crypto'
import { SealwrightError } from '@sealwright/core'
import { malformed } from '../asn1/ber.ts'
import { checkPrivateKey } from '../keys/private-key.ts'

/**
 * Microsoft's .pvk, which makecert writes and pvk2pfx reads: a header of six little-endian numbers (magic, zero, use of the
 * key, whether it is encrypted, length of the salt, length of the blob), the salt, and a PRIVATEKEYBLOB of CryptoAPI.
 */
const magic = 0xb0b5f11e
const headerLength = 24
/** BLOBHEADER, which is never encrypted. */
const blobHeaderLength = 8
/** `RSA2`, the first number of RSAPUBKEY in a private key. */
const rsaMagic = 0x32415352
const privateKeyBlob = 7
const maximumLength = 6 * 1024
const maximumSaltLength = 64

const what = 'the .pvk file'

export function isPvk(file: Uint8Array): boolean {
  return file.length >= headerLength && Buffer.from(file).readUInt32LE(0) === magic
}

/** How a .pvk file's key is encrypted: not at all, or with RC4 under one round of SHA-1. */
export interface PvkKey {
  readonly privateKey: KeyObject
  readonly encryption: '128-bit RC4' | '40-bit RC4' | null
}

/**
 * @param password of an encrypted file, as it was typed; not used for others
 * @throws SealwrightError `INVALID_ENCODING`, `LIMIT_EXCEEDED`, `WRONG_PASSWORD`, `UNSUPPORTED_KEY`
 */
export function readPvk(file: Uint8Array, password: string): PvkKey {
  const bytes = Buffer.from(file)
  const saltLength = bytes.readUInt32LE(16)
  const blobLength = bytes.readUInt32LE(20)
  if (blobLength > maximumLength || saltLength > maximumSaltLength) {
    throw new SealwrightError('LIMIT_EXCEEDED', `${what} has a key or a salt that is longer than allowed`)
  }
  if (bytes.length !== headerLength + saltLength + blobLength || blobLength <= blobHeaderLength) {
    throw malformed(what, 'is not as long as its header says')
  }
  const salt = bytes.subarray(headerLength, headerLength + saltLength)
  const blob = bytes.subarray(headerLength + saltLength)
  if (blob[0] !== privateKeyBlob) throw malformed(what, 'does not hold a private key')
  const body = blob.subarray(blobHeaderLength)
  if (bytes.readUInt32LE(12) === 0) return { privateKey: readRsaKey(body), encryption: null }

  const digest = createHash('sha1').update(salt).update(password).digest()
  const key = digest.subarray(0, 16)
  const strong = rc4(key, body)
  if (isRsaKey(strong)) return { privateKey: readRsaKey(strong), encryption: '128-bit RC4' }
  // Export versions of Windows had 40 bits.
  const weak = rc4(Buffer.from(key).fill(0, 5), body)
  if (isRsaKey(weak)) return { privateKey: readRsaKey(weak), encryption: '40-bit RC4' }
  throw new SealwrightError('WRONG_PASSWORD', `the password does not open ${what}`)
}

function isRsaKey(body: Buffer): boolean {
  return body.length >= 12 && body.readUInt32LE(0) === rsaMagic
}

/** RSAPUBKEY { magic, bitlen, pubexp }, modulus, two primes, two exponents, coefficient, exponent: all little-endian. */
function readRsaKey(body: Buffer): KeyObject {
  if (!isRsaKey(body)) throw malformed(what, 'does not hold an RSA key')
  const bits = body.readUInt32LE(4)
  const length = bits / 8
  if (bits % 16 !== 0 || body.length < 12 + 4.5 * length) throw malformed(what, 'is shorter than its key')
  let at = 12
  const number = (bytes: number): string => {
    const value = body.subarray(at, at + bytes).toReversed()
    at += bytes
    const first = value.findIndex((byte) => byte !== 0)
    return Buffer.from(value.subarray(Math.max(first, 0))).toString('base64url')
  }
  const e = Buffer.alloc(4)
  e.writeUInt32BE(body.readUInt32LE(8))
  const jwk = {
    kty: 'RSA',
    e: e.subarray(e.findIndex((byte) => byte !== 0)).toString('base64url'),
    n: number(length),
    p: number(length / 2),
    q: number(length / 2),
    dp: number(length / 2),
    dq: number(length / 2),
    qi: number(length / 2),
    d: number(length),
  }
  let privateKey: KeyObject
  try {
    privateKey = createPrivateKey({ key: jwk, format: 'jwk' })
  } catch (cause) {
    throw malformed(what, 'holds an RSA key that is none', cause)
  }
  checkPrivateKey(privateKey)
  return privateKey
}

/** RC4, for these files alone: OpenSSL 3 has it in its legacy provider only, which Node does not load. */
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
