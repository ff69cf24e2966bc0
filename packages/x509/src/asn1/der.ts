/**
 * DER (X.690 §10) of the values that certificates and PKCS#12 files are made of. A value is its own encoding, so that what
 * was read elsewhere, such as a name or a public key, goes into a new document byte by byte.
 */
export type DerValue = Uint8Array

const constructed = 0x20
const contextSpecific = 0x80

export function sequence(...items: readonly DerValue[]): DerValue {
  return encode(constructed | 0x10, ...items)
}

/** SET OF: the items are put in the ascending order of their encodings (X.690 §11.6). */
export function setOf(...items: readonly DerValue[]): DerValue {
  return encode(constructed | 0x11, ...items.toSorted((a, b) => Buffer.compare(a, b)))
}

/** @param value dotted numbers, checked by whoever took them in */
export function objectIdentifier(value: string): DerValue {
  const [root = 0, second = 0, ...rest] = value.split('.').map(Number)
  return encode(0x06, Uint8Array.from([40 * root + second, ...rest].flatMap(base128)))
}

/** X.690 §8.19.2: seven bits to an octet, the first bit set in all but the last. */
function base128(number: number): number[] {
  const octets = [number % 128]
  for (let left = Math.floor(number / 128); left > 0; left = Math.floor(left / 128)) {
    octets.unshift((left % 128) | 0x80)
  }
  return octets
}

/** @param value not negative */
export function integer(value: number | bigint): DerValue {
  const hex = value.toString(16)
  return unsignedInteger(Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, 'hex'))
}

/** INTEGER of a number that is not negative, in its shortest form. */
export function unsignedInteger(bytes: Uint8Array): DerValue {
  const first = bytes.findIndex((octet) => octet !== 0)
  if (first === -1) return encode(0x02, Uint8Array.of(0))
  const magnitude = bytes.subarray(first)
  return (magnitude[0] ?? 0) < 0x80 ? encode(0x02, magnitude) : encode(0x02, Uint8Array.of(0), magnitude)
}

/** @param value below 128 */
export function enumerated(value: number): DerValue {
  return encode(0x0a, Uint8Array.of(value))
}

/** TRUE, the one boolean that is ever written: FALSE is a DEFAULT, which DER leaves out (X.690 §11.5). */
export function booleanTrue(): DerValue {
  return encode(0x01, Uint8Array.of(0xff))
}

export function octetString(bytes: Uint8Array): DerValue {
  return encode(0x04, bytes)
}

/** @param bytes with no unused bits in the last octet */
export function bitString(bytes: Uint8Array): DerValue {
  return encode(0x03, Uint8Array.of(0), bytes)
}

/**
 * A BIT STRING whose bits have names: zeros at its end are left out (X.690 §11.2.2).
 *
 * @param bits the numbers of those that are set
 */
export function namedBits(bits: readonly number[]): DerValue {
  const last = Math.max(-1, ...bits)
  const octets = new Uint8Array(Math.ceil((last + 1) / 8))
  for (const bit of bits) octets[bit >> 3] = (octets[bit >> 3] ?? 0) | (0x80 >> (bit & 7))
  return encode(0x03, Uint8Array.of(8 * octets.length - (last + 1)), octets)
}

export function nullValue(): DerValue {
  return encode(0x05)
}

/** A primitive value of a universal type that has no function of its own here, such as a character string. */
export function universal(tagNumber: number, content: Uint8Array): DerValue {
  return encode(tagNumber, content)
}

/** `[tagNumber] EXPLICIT`, or a constructed value, such as a SEQUENCE, under `[tagNumber] IMPLICIT`: the items are its own. */
export function explicit(tagNumber: number, ...items: readonly DerValue[]): DerValue {
  return encode(contextSpecific | constructed | tagNumber, ...items)
}

/** `[tagNumber] IMPLICIT` of a primitive type. */
export function implicit(tagNumber: number, content: Uint8Array): DerValue {
  return encode(contextSpecific | tagNumber, content)
}

function encode(identifier: number, ...contents: readonly Uint8Array[]): DerValue {
  const length = contents.reduce((sum, content) => sum + content.length, 0)
  const header = [identifier, ...encodeLength(length)]
  const value = new Uint8Array(header.length + length)
  value.set(header)
  let at = header.length
  for (const content of contents) {
    value.set(content, at)
    at += content.length
  }
  return value
}

/** X.690 §10.1: the definite form, in the fewest octets. */
function encodeLength(length: number): number[] {
  if (length < 0x80) return [length]
  const octets: number[] = []
  for (let left = length; left > 0; left = Math.floor(left / 256)) octets.unshift(left % 256)
  return [0x80 | octets.length, ...octets]
}
