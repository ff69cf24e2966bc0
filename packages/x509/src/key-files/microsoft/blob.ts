import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto'
import { SealwrightError } from '@sealwright/core'
import { malformed } from '../../asn1/ber.ts'
import type { KeyLimits } from '../../keys/key-limits.ts'
import { checkPrivateKey } from '../../keys/private-key.ts'

/**
 * The key BLOBs of Windows' CryptoAPI, which .NET calls CSP blobs: BLOBHEADER { type, version 2, two reserved bytes, algorithm },
 * RSAPUBKEY { magic, bit length, public exponent }, and the numbers, all little-endian. `openssl rsa -outform MSBLOB` writes
 * them, and .snk files are such BLOBs.
 */
export const blobHeaderLength = 8
const publicKeyLength = 12
/** `RSA1` and `RSA2`. */
const magics = { public: 0x31415352, private: 0x32415352 } as const
const blobTypes = { public: 6, private: 7 } as const
/** CALG_RSA_SIGN and CALG_RSA_KEYX. */
const rsaAlgorithms: ReadonlySet<number> = new Set([0x2400, 0xa400])
/** A public key in a .snk file has this many bytes before it: two algorithms and a length. */
const strongNameHeaderLength = 12

/** The offset of the BLOB in the file. Null for another file. */
export function blobStart(file: Uint8Array): number | null {
  return [0, strongNameHeaderLength].find((start) => isBlob(Buffer.from(file.subarray(start)))) ?? null
}

function isBlob(bytes: Buffer): boolean {
  if (bytes.length < blobHeaderLength + publicKeyLength) return false
  const type = bytes.readUInt8(0)
  const magic = bytes.readUInt32LE(blobHeaderLength)
  return (
    (type === blobTypes.private || type === blobTypes.public) &&
    bytes.readUInt8(1) === 2 &&
    (rsaAlgorithms.has(bytes.readUInt32LE(4)) || /^DSS[1-4]$/.test(fourCharacters(magic)))
  )
}

function fourCharacters(magic: number): string {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32LE(magic)
  return bytes.toString('latin1')
}

/** @throws SealwrightError `INVALID_ENCODING`, `LIMIT_EXCEEDED`, `UNSUPPORTED_KEY` */
export function readBlob(blob: Uint8Array, limits: KeyLimits): KeyObject {
  const source = 'the key BLOB'
  const body = Buffer.from(blob.subarray(blobHeaderLength))
  const magic = body.readUInt32LE(0)
  if (fourCharacters(magic).startsWith('DSS')) {
    throw new SealwrightError('UNSUPPORTED_KEY', `${source} holds a DSA key, which cannot sign tokens`)
  }
  if (blob[0] === blobTypes.private) return readRsaPrivateKey(body, source, limits)
  if (magic !== magics.public) throw malformed(source, 'does not hold an RSA key')
  const { e, n } = readNumbers(body, source, ['n'])
  try {
    return createPublicKey({ key: { kty: 'RSA', e, n }, format: 'jwk' })
  } catch (cause) {
    throw malformed(source, 'does not hold a valid RSA key', cause)
  }
}

export function isRsaPrivateKey(body: Buffer): boolean {
  return body.length >= publicKeyLength && body.readUInt32LE(0) === magics.private
}

/**
 * @param body of a BLOB, without its header
 * @throws SealwrightError `INVALID_ENCODING`, `LIMIT_EXCEEDED`, `UNSUPPORTED_KEY`
 */
export function readRsaPrivateKey(body: Buffer, source: string, limits: KeyLimits): KeyObject {
  if (!isRsaPrivateKey(body)) throw malformed(source, 'does not hold an RSA key')
  const numbers = readNumbers(body, source, ['n', 'p', 'q', 'dp', 'dq', 'qi', 'd'])
  let privateKey: KeyObject
  try {
    privateKey = createPrivateKey({ key: { kty: 'RSA', ...numbers }, format: 'jwk' })
  } catch (cause) {
    throw malformed(source, 'does not hold a valid RSA key', cause)
  }
  checkPrivateKey(privateKey, limits)
  return privateKey
}

/** Modulus and private exponent are as long as the key, the other numbers half as long, each rounded up to whole bytes. */
function readNumbers<N extends string>(
  body: Buffer,
  source: string,
  names: readonly N[],
): Record<N | 'e', string> {
  const bits = body.readUInt32LE(4)
  const lengthOf = (name: string): number => Math.ceil(bits / (name === 'n' || name === 'd' ? 8 : 16))
  const length = names.reduce((sum, name) => sum + lengthOf(name), publicKeyLength)
  if (body.length < length) throw malformed(source, 'is shorter than its key')
  let at = publicKeyLength
  const numbers = names.map((name) => {
    const bytes = body.subarray(at, at + lengthOf(name)).toReversed()
    at += lengthOf(name)
    return [name, base64urlNumber(bytes)]
  })
  const e = base64urlNumber(body.subarray(8, publicKeyLength).toReversed())
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- one for each name
  return { ...Object.fromEntries(numbers), e } as Record<N | 'e', string>
}

/** Without leading zeros, as in a JWK (RFC 7518 §2). */
export function base64urlNumber(bigEndian: Uint8Array): string {
  const first = bigEndian.findIndex((byte) => byte !== 0)
  return Buffer.from(bigEndian.subarray(Math.max(first, 0))).toString('base64url')
}
