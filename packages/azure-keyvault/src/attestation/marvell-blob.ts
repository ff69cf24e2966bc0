import { SealwrightError } from '@sealwright/core'

/** The attributes of one key: PKCS#11's and Marvell's own, by number. */
export type Attributes = ReadonlyMap<number, Uint8Array>

/** An attestation of a Marvell LiquidSecurity module, taken apart but not verified. */
export interface MarvellBlob {
  readonly objects: readonly Attributes[]
  readonly signed: Uint8Array
  readonly signature: Uint8Array
}

/** The numbers of the attributes that are read here. */
export const attribute = {
  class: 0x0000,
  id: 0x0102,
  modulus: 0x0120,
  extractable: 0x0162,
  local: 0x0163,
  neverExtractable: 0x0164,
  /** Extended key check value: SHA-256 of the public key, as DER SubjectPublicKeyInfo. */
  ekcv: 0x1003,
} as const

const signatureLength = 256
const longestBlob = 65_536
const mostAttributes = 512
/** The offset of the key in the layout that has only one. */
const singleKeyAt = 20

/**
 * Parses an attestation. The module's firmware decides which of two layouts it has, and no byte tells them apart. An
 * attestation that parses as both is refused.
 *
 * @throws SealwrightError `INVALID_ENCODING`
 */
export function parseMarvellBlob(blob: Uint8Array): MarvellBlob {
  if (blob.length <= signatureLength || blob.length > longestBlob) {
    throw malformed(`it has ${blob.length} bytes; ${signatureLength + 1} to ${longestBlob} are possible`)
  }
  const signed = blob.subarray(0, -signatureLength)
  const layouts = [() => [readAttributes(signed, singleKeyAt)], () => readKeyPair(signed)].flatMap((read) => {
    try {
      return [read()]
    } catch (error) {
      if (error instanceof RangeError) return []
      throw error
    }
  })
  const [objects, another] = layouts
  if (objects === undefined) throw malformed('it has neither of Marvell’s layouts')
  if (another !== undefined) throw malformed('it can be read in two ways')
  return { objects, signed, signature: blob.subarray(-signatureLength) }
}

/**
 * The layout with headers. The response has code, flags, total length and length of the buffer before the signature.
 * The buffer has version, flags and the offsets of the two keys, 0 for no second one.
 *
 * @throws RangeError when it has another layout
 */
function readKeyPair(signed: Uint8Array): readonly Attributes[] {
  const view = viewOf(signed)
  if (view.getUint32(8) !== signed.length + signatureLength) throw new RangeError('another total length')
  const start = signed.length - view.getUint32(12)
  if (start < 16) throw new RangeError('a buffer over the header')
  const [first, second] = [view.getUint16(start + 4), view.getUint16(start + 6)]
  return [first, ...(second === 0 ? [] : [second])].map((offset) => readAttributes(signed, start + offset))
}

/**
 * Handle, number of attributes, length; then each attribute's type, length and value.
 *
 * @throws RangeError when there are no attributes at that offset
 */
function readAttributes(signed: Uint8Array, at: number): Attributes {
  const view = viewOf(signed)
  const count = view.getUint32(at + 4)
  if (count === 0 || count > mostAttributes) throw new RangeError('an impossible number of attributes')
  const attributes = new Map<number, Uint8Array>()
  let offset = at + 12
  for (let index = 0; index < count; index++) {
    const [type, length] = [view.getUint32(offset), view.getUint32(offset + 4)]
    offset += 8
    if (length > signed.length - offset) throw new RangeError('an attribute beyond the end')
    if (attributes.has(type)) throw new RangeError('an attribute that comes twice')
    attributes.set(type, signed.subarray(offset, offset + length))
    offset += length
  }
  return attributes
}

function viewOf({ buffer, byteOffset, byteLength }: Uint8Array): DataView {
  return new DataView(buffer, byteOffset, byteLength)
}

function malformed(reason: string): SealwrightError {
  return new SealwrightError('INVALID_ENCODING', `the key attestation cannot be read: ${reason}`)
}
