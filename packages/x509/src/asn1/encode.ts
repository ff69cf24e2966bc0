import {
  BitString,
  Constructed,
  Integer,
  OctetString,
  RawData,
  Set as AsnSet,
  type BaseBlock,
  type ViewWriter,
} from 'asn1js'

/** A value of asn1js, or an object of pkijs that makes one. */
export type DerValue = BaseBlock | { toSchema(): BaseBlock }

/**
 * What is encoded already goes in byte by byte: a name or a public key from elsewhere. asn1js's own RawData is left out of
 * what it is a part of.
 */
class Encoded extends RawData {
  constructor(bytes: Uint8Array) {
    super({ data: bytes })
  }

  override toBER(sizeOnly?: boolean, writer?: ViewWriter): ArrayBuffer {
    const buffer = super.toBER(sizeOnly)
    writer?.write(buffer)
    return buffer
  }

  /** pkijs takes what it does not look into as any value. */
  asBlock(): BaseBlock {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- of a block, only toBER is called
    return this as unknown as BaseBlock
  }
}

export function encoded(bytes: Uint8Array): BaseBlock {
  return new Encoded(bytes).asBlock()
}

/** DER of a value: asn1js writes definite lengths unless a value asks for others, which none here does. */
export function encodeDer(value: DerValue): Uint8Array<ArrayBuffer> {
  return new Uint8Array(('toSchema' in value ? value.toSchema() : value).toBER())
}

/** SET OF: in the ascending order of encodings (X.690 §11.6), which asn1js leaves to whoever uses it. */
export function setOf(items: readonly DerValue[]): AsnSet {
  const sorted = items.map(encodeDer).toSorted((a, b) => Buffer.compare(a, b))
  return new AsnSet({ value: sorted.map(encoded) })
}

/** INTEGER of a number that is not negative. */
export function unsignedInteger(bytes: Uint8Array): Integer {
  return Integer.fromBigInt(BigInt(`0x${Buffer.from(bytes).toString('hex')}`))
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
