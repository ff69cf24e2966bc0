import {
  BitString,
  Constructed,
  Integer,
  OctetString,
  RawData,
  type Sequence,
  Set as AsnSet,
  type BaseBlock,
  type ViewWriter,
} from 'asn1js'
import { toBigInt } from '@sealwright/core/internal'
import { TimeSlices } from '../time-slices.ts'

/** A value of asn1js, or an object of pkijs that returns one. */
export type DerValue = BaseBlock | { toSchema(): BaseBlock }

/**
 * A value that is already encoded, written byte by byte: a name or a public key from elsewhere. asn1js leaves its own
 * RawData out of the value around it.
 */
class Encoded extends RawData {
  constructor(bytes: Uint8Array) {
    super({ data: bytes })
  }

  override toBER(sizeOnly?: boolean, writer?: ViewWriter): ArrayBuffer {
    if (writer === undefined) return super.toBER(sizeOnly)
    const { buffer, byteOffset, byteLength } = this.dataView
    // The writer only reads it, so that a long value is not copied once more.
    const isWhole = buffer instanceof ArrayBuffer && byteOffset === 0 && byteLength === buffer.byteLength
    const bytes = isWhole ? buffer : super.toBER(sizeOnly)
    writer.write(bytes)
    return bytes
  }

  /** pkijs accepts any value where it does not look inside. */
  asBlock(): BaseBlock {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- of a block, only toBER is called
    return this as unknown as BaseBlock
  }
}

export function encoded(bytes: Uint8Array): BaseBlock {
  return new Encoded(bytes).asBlock()
}

/** An object of pkijs, a SEQUENCE, that is written as these bytes and not as its members. */
export function writtenAs<T extends { toSchema(): Sequence }>(object: T, der: Uint8Array): T {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- it is encoded, and nothing else
  const block = encoded(der) as Sequence
  return Object.assign(object, { toSchema: () => block })
}

/** DER of a value: asn1js writes definite lengths unless a value asks for others. None here does. */
export function encodeDer(value: DerValue): Uint8Array<ArrayBuffer> {
  return new Uint8Array(('toSchema' in value ? value.toSchema() : value).toBER())
}

/**
 * The values of a long list, one after the other, encoded without blocking the event loop.
 *
 * @param blockOf makes the value of an item; its error ends the work
 */
export async function encodeList<T>(
  items: readonly T[],
  blockOf: (item: T) => DerValue,
): Promise<Uint8Array<ArrayBuffer>> {
  const slices = new TimeSlices()
  const chunks: Uint8Array[] = []
  let pending: Uint8Array[] = []
  // One array for each slice: many small ones cost the garbage collector more than encoding costs.
  const join = (): void => {
    chunks.push(concatenate(pending))
    pending = []
  }
  for (const item of items) {
    if (slices.isOver()) {
      join()
      // The loop yields to the event loop on purpose.
      // oxlint-disable-next-line no-await-in-loop
      await slices.pause()
    }
    pending.push(encodeDer(blockOf(item)))
  }
  join()
  // Copying some megabytes takes milliseconds, here and where the list becomes a part of a document.
  await slices.next()
  const list = concatenate(chunks)
  await slices.next()
  return list
}

/** An array with its own memory; `Buffer.concat` may share it. */
function concatenate(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}

/** SET OF: in the ascending order of encodings (X.690 §11.6), which asn1js leaves to its caller. */
export function setOf(items: readonly DerValue[]): AsnSet {
  const sorted = items.map(encodeDer).toSorted((a, b) => Buffer.compare(a, b))
  return new AsnSet({ value: sorted.map(encoded) })
}

/** INTEGER of a number that is not negative. */
export function unsignedInteger(bytes: Uint8Array): Integer {
  return Integer.fromBigInt(toBigInt(bytes))
}

export function octetString(bytes: Uint8Array): OctetString {
  return new OctetString({ valueHex: bytes })
}

/**
 * A BIT STRING whose bits have names: zeros at its end are left out (X.690 §11.2.2).
 *
 * @param bits the numbers of those that are set
 */
export function namedBits(bits: readonly number[]): BitString {
  const last = Math.max(-1, ...bits)
  const octets = new Uint8Array(Math.ceil((last + 1) / 8))
  for (const bit of bits) octets[bit >> 3] = (octets[bit >> 3] ?? 0) | (0x80 >> (bit & 7))
  return new BitString({ valueHex: octets, unusedBits: 8 * octets.length - (last + 1) })
}

/** `[tagNumber] EXPLICIT`. */
export function explicit(tagNumber: number, ...value: readonly BaseBlock[]): Constructed {
  return new Constructed({ idBlock: { tagClass: 3, tagNumber }, value: [...value] })
}
