import { badParameter } from '../protocol/errors.ts'

/** One element of BER. Constructed ones have children, primitive ones have none. */
export interface BerElement {
  readonly tag: number
  /** Of a primitive element. */
  readonly content: Uint8Array
  readonly children: readonly BerElement[]
}

/** Deeper than any PKCS#12 file is. */
const maximumDepth = 32
const constructed = 0x20
const octetString = 0x04

/**
 * Parses BER with definite and indefinite lengths (X.690 §8.1.3).
 *
 * @throws ServiceError 400 when they are malformed, nested too deeply, or have tags that PKCS#12 does not
 */
export function parseBer(bytes: Uint8Array): BerElement[] {
  const reader = { bytes, at: 0 }
  const elements: BerElement[] = []
  while (reader.at < bytes.length) elements.push(readElement(reader, bytes.length, 0))
  return elements
}

/**
 * Rewrites BER with definite lengths and with OCTET STRINGs in one piece. The content of an OCTET STRING stays as it is.
 */
export function berToDer(bytes: Uint8Array): Buffer {
  return Buffer.concat(parseBer(bytes).map(encode))
}

interface Reader {
  readonly bytes: Uint8Array
  at: number
}

function readElement(reader: Reader, end: number, depth: number): BerElement {
  if (depth > maximumDepth) throw malformed()
  const tag = readByte(reader, end)
  // Tags of more than one byte (X.690 §8.1.2.4) do not occur.
  if ((tag & 0x1f) === 0x1f) throw malformed()
  const length = readLength(reader, end)
  const stop = length === null ? end : reader.at + length
  if (stop > end || (length === null && (tag & constructed) === 0)) throw malformed()
  if ((tag & constructed) === 0) {
    const content = reader.bytes.subarray(reader.at, stop)
    reader.at = stop
    return { tag, content, children: [] }
  }
  const children: BerElement[] = []
  for (;;) {
    if (length !== null && reader.at === stop) break
    const child = readElement(reader, stop, depth + 1)
    // End of contents (X.690 §8.1.5).
    if (length === null && child.tag === 0) break
    children.push(child)
  }
  return { tag, content: new Uint8Array(), children }
}

/** Null for the indefinite form. */
function readLength(reader: Reader, end: number): number | null {
  const first = readByte(reader, end)
  if (first < 0x80) return first
  if (first === 0x80) return null
  if (first > 0x84) throw malformed()
  let length = 0
  for (let i = 0; i < first - 0x80; i++) length = length * 256 + readByte(reader, end)
  return length
}

function readByte(reader: Reader, end: number): number {
  const byte = reader.bytes[reader.at]
  if (byte === undefined || reader.at >= end) throw malformed()
  reader.at += 1
  return byte
}

function encode(element: BerElement): Buffer {
  if (element.tag === (octetString | constructed)) return encodeContent(octetString, pieces(element))
  const content =
    (element.tag & constructed) === 0
      ? Buffer.from(element.content)
      : Buffer.concat(element.children.map(encode))
  return encodeContent(element.tag, content)
}

/** The bytes of an OCTET STRING that came in pieces. */
function pieces(element: BerElement): Buffer {
  return element.tag === octetString
    ? Buffer.from(element.content)
    : Buffer.concat(element.children.map(pieces))
}

function encodeContent(tag: number, content: Buffer): Buffer {
  const { length } = content
  if (length < 0x80) return Buffer.concat([Buffer.of(tag, length), content])
  const bytes: number[] = []
  for (let rest = length; rest > 0; rest = Math.floor(rest / 256)) bytes.unshift(rest % 256)
  return Buffer.concat([Buffer.of(tag, 0x80 + bytes.length, ...bytes), content])
}

function malformed(): Error {
  return badParameter(
    'The specified PKCS#12 X.509 certificate content can not be read. Please check if certificate is in valid PKCS#12 ' +
      'format.',
  )
}
