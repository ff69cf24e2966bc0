import {
  BitString,
  Constructed,
  Integer,
  Null,
  ObjectIdentifier,
  OctetString,
  Primitive,
  Sequence,
  Set as Asn1Set,
  type BaseBlock,
} from 'asn1js'

/** A value that can be encoded: always definite lengths and primitive strings, so that the result is DER (X.690 §10). */
export type DerValue = BaseBlock

/** The DER bytes of a value. */
export function encodeDer(value: DerValue): Uint8Array {
  return new Uint8Array(value.toBER())
}

export function sequence(...items: readonly DerValue[]): DerValue {
  return new Sequence({ value: [...items] })
}

/** SET OF: the items are put in the ascending order of their encodings (X.690 §11.6). */
export function setOf(...items: readonly DerValue[]): DerValue {
  const encoded = items.map((item) => ({ item, bytes: encodeDer(item) }))
  encoded.sort((a, b) => Buffer.compare(a.bytes, b.bytes))
  return new Asn1Set({ value: encoded.map(({ item }) => item) })
}

export function objectIdentifier(value: string): DerValue {
  return new ObjectIdentifier({ value })
}

/** @param value not negative, below 2^31 */
export function integer(value: number): DerValue {
  return new Integer({ value })
}

/** @param bytes the INTEGER's content octets: two's complement, as short as it can be */
export function integerOfBytes(bytes: Uint8Array): Integer {
  return new Integer({ valueHex: copy(bytes) })
}

export function octetString(bytes: Uint8Array): DerValue {
  return new OctetString({ valueHex: copy(bytes) })
}

/** @param bytes with no unused bits in the last octet */
export function bitString(bytes: Uint8Array): BitString {
  return new BitString({ valueHex: copy(bytes) })
}

export function nullValue(): DerValue {
  return new Null()
}

/** A primitive value of a universal type that has no function of its own here, such as a character string. */
export function universal(tagNumber: number, content: Uint8Array): DerValue {
  return new Primitive({ idBlock: { tagClass: 1, tagNumber }, valueHex: copy(content) })
}

/** `[tagNumber] EXPLICIT`. */
export function explicit(tagNumber: number, value: DerValue): DerValue {
  return new Constructed({ idBlock: { tagClass: 3, tagNumber }, value: [value] })
}

/** `[tagNumber] IMPLICIT` of a primitive type. */
export function implicit(tagNumber: number, content: Uint8Array): DerValue {
  return new Primitive({ idBlock: { tagClass: 3, tagNumber }, valueHex: copy(content) })
}

/** asn1js keeps the buffer it is given, and a small Buffer's is Node's shared pool. */
function copy(bytes: Uint8Array): ArrayBuffer {
  return Uint8Array.from(bytes).buffer
}
