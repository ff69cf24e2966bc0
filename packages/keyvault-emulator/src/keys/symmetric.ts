import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  randomBytes,
  timingSafeEqual,
  type CipherGCMTypes,
} from 'node:crypto'
import { badParameter } from '../protocol/errors.ts'
import type { KeyMaterial } from '../vault/records.ts'

const sizes = [128, 192, 256]
const hmacSizes = [...sizes, 384, 512]
const gcmIvLength = 12
const gcmTagLength = 16
const blockLength = 16

/** What a request to encrypt or decrypt gives beside the value. */
export interface CipherInput {
  readonly value: Buffer
  readonly iv?: Buffer | undefined
  readonly tag?: Buffer | undefined
  readonly aad?: Buffer | undefined
}

/** What encryption answers beside the value. */
export interface CipherOutput {
  readonly value: Buffer
  readonly iv?: Buffer
  readonly tag?: Buffer
  readonly aad?: Buffer
}

/** @param bits default 256 @throws ServiceError 400 for a size that the service does not make */
export function generateSecret(bits = 256): Buffer {
  if (!sizes.includes(bits)) {
    throw badParameter(`oct keys of ${bits} bits are not supported. There are ${sizes.join(', ')}.`)
  }
  return randomBytes(bits / 8)
}

/** The secret of an imported JWK, from its member `k`. @throws ServiceError 400 */
export function importSecret(k: unknown): Buffer {
  const secret = Buffer.from(typeof k === 'string' ? k : '', 'base64url')
  if (!hmacSizes.includes(8 * secret.length)) {
    throw badParameter(
      `oct keys of ${8 * secret.length} bits are not supported. There are ${hmacSizes.join(', ')}.`,
    )
  }
  return secret
}

/** AES encryption: `A128GCM`, `A192CBC`, `A256CBCPAD` and so on. @throws ServiceError 400 */
export function encryptAes(material: KeyMaterial, algorithm: string, input: CipherInput): CipherOutput {
  const { bits, mode, padding } = cipherOf(material, algorithm)
  const key = secretOf(material)
  if (mode === 'GCM') {
    const iv = randomBytes(gcmIvLength)
    const cipher = createCipheriv(gcmName(bits), key, iv)
    if (input.aad !== undefined) cipher.setAAD(input.aad)
    const value = Buffer.concat([cipher.update(input.value), cipher.final()])
    return { value, iv, tag: cipher.getAuthTag(), ...(input.aad === undefined ? {} : { aad: input.aad }) }
  }
  const iv = requireIv(input.iv)
  if (!padding && input.value.length % blockLength !== 0) {
    throw badParameter(`${algorithm} takes a value of a multiple of ${blockLength} bytes.`)
  }
  const cipher = createCipheriv(`aes-${bits}-cbc`, key, iv).setAutoPadding(padding)
  return { value: Buffer.concat([cipher.update(input.value), cipher.final()]), iv }
}

/** As {@link encryptAes}. */
export function decryptAes(material: KeyMaterial, algorithm: string, input: CipherInput): Buffer {
  const { bits, mode, padding } = cipherOf(material, algorithm)
  const key = secretOf(material)
  try {
    if (mode === 'GCM') {
      const { iv = Buffer.alloc(0), tag = Buffer.alloc(0), aad } = input
      const decipher = createDecipheriv(gcmName(bits), key, iv, { authTagLength: gcmTagLength }).setAuthTag(
        tag,
      )
      if (aad !== undefined) decipher.setAAD(aad)
      return Buffer.concat([decipher.update(input.value), decipher.final()])
    }
    const decipher = createDecipheriv(`aes-${bits}-cbc`, key, requireIv(input.iv)).setAutoPadding(padding)
    return Buffer.concat([decipher.update(input.value), decipher.final()])
  } catch {
    throw badParameter('The parameter is incorrect.')
  }
}

/** The initial value of AES Key Wrap (RFC 3394 §2.2.3.1). */
const wrapIv = Buffer.alloc(8, 0xa6)

/** AES Key Wrap (RFC 3394): `A128KW`, `A192KW`, `A256KW`. @throws ServiceError 400 */
export function wrapAes(material: KeyMaterial, algorithm: string, value: Buffer): Buffer {
  const cipher = wrapCipher(material, algorithm)
  if (value.length < 16 || value.length % 8 !== 0) {
    throw badParameter(`${algorithm} takes a key of at least 16 bytes and a multiple of 8.`)
  }
  const wrapping = createCipheriv(cipher, secretOf(material), wrapIv)
  return Buffer.concat([wrapping.update(value), wrapping.final()])
}

/** As {@link wrapAes}. */
export function unwrapAes(material: KeyMaterial, algorithm: string, value: Buffer): Buffer {
  const cipher = wrapCipher(material, algorithm)
  try {
    const unwrapping = createDecipheriv(cipher, secretOf(material), wrapIv)
    return Buffer.concat([unwrapping.update(value), unwrapping.final()])
  } catch {
    throw badParameter('The parameter is incorrect.')
  }
}

/** HMAC over a value: `HS256`, `HS384`, `HS512`. @throws ServiceError 400 */
export function signHmac(material: KeyMaterial, algorithm: string, value: Uint8Array): Buffer {
  const [, bits] = /^HS(256|384|512)$/.exec(algorithm) ?? []
  if (bits === undefined) throw badParameter(`Invalid algorithm specified: '${algorithm}'.`)
  return createHmac(`sha${bits}`, secretOf(material)).update(value).digest()
}

/** As {@link signHmac}. */
export function verifyHmac(
  material: KeyMaterial,
  algorithm: string,
  value: Uint8Array,
  signature: Uint8Array,
): boolean {
  const expected = signHmac(material, algorithm, value)
  return expected.length === signature.length && timingSafeEqual(expected, signature)
}

function secretOf({ privateKey }: KeyMaterial): Buffer {
  return Buffer.from(privateKey, 'base64')
}

function cipherOf(
  material: KeyMaterial,
  algorithm: string,
): { bits: number; mode: 'GCM' | 'CBC'; padding: boolean } {
  const [, bits, mode, pad] = /^A(128|192|256)(?:(GCM)|CBC(PAD)?)$/.exec(algorithm) ?? []
  requireSize(material, algorithm, bits)
  return { bits: Number(bits), mode: mode === undefined ? 'CBC' : 'GCM', padding: pad !== undefined }
}

function wrapCipher(material: KeyMaterial, algorithm: string): string {
  const [, bits] = /^A(128|192|256)KW$/.exec(algorithm) ?? []
  requireSize(material, algorithm, bits)
  return `id-aes${bits}-wrap`
}

function requireSize(material: KeyMaterial, algorithm: string, bits: string | undefined): void {
  if (bits === undefined) throw badParameter(`Invalid algorithm specified: '${algorithm}'.`)
  if (Number(bits) !== 8 * secretOf(material).length) {
    throw badParameter(`Algorithm '${algorithm}' takes a key of ${bits} bits.`)
  }
}

function requireIv(iv: Buffer | undefined): Buffer {
  if (iv?.length !== blockLength) throw badParameter(`Property 'iv' must be ${blockLength} bytes.`)
  return iv
}

function gcmName(bits: number): CipherGCMTypes {
  return bits === 128 ? 'aes-128-gcm' : bits === 192 ? 'aes-192-gcm' : 'aes-256-gcm'
}
