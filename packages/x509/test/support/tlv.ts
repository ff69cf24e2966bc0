/**
 * A second, independent encoder of BER and reader of DER, for files that are made to be wrong. It trusts what it reads.
 */
export interface Tlv {
  /** The whole identifier octet. */
  tag: number
  /** Of a constructed value. */
  children: Tlv[]
  /** Of a primitive value. */
  content: Uint8Array
}

export function primitive(tag: number, content: Uint8Array | readonly number[] = []): Tlv {
  return { tag, children: [], content: Uint8Array.from(content) }
}

export function constructed(tag: number, ...children: Tlv[]): Tlv {
  return { tag, children, content: new Uint8Array() }
}

export const sequence = (...children: Tlv[]): Tlv => constructed(0x30, ...children)
export const explicit0 = (child: Tlv): Tlv => constructed(0xa0, child)
export const octets = (content: Uint8Array | readonly number[]): Tlv => primitive(0x04, content)
export const nul = (): Tlv => primitive(0x05)

/** @param value two's complement is made for any value */
export function int(value: number): Tlv {
  const hex = BigInt.asUintN(64, BigInt(value)).toString(16).padStart(16, '0')
  const bytes = [...Buffer.from(hex, 'hex')]
  while (
    bytes.length > 1 &&
    ((bytes[0] === 0 && (bytes[1] ?? 0) < 0x80) || (bytes[0] === 0xff && (bytes[1] ?? 0) >= 0x80))
  ) {
    bytes.shift()
  }
  return primitive(0x02, bytes)
}

export function oid(dotted: string): Tlv {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number)
  const bytes = [40 * first + second, ...rest].flatMap((arc) => {
    const digits = [arc & 0x7f]
    for (let left = Math.floor(arc / 128); left > 0; left = Math.floor(left / 128))
      digits.unshift((left & 0x7f) | 0x80)
    return digits
  })
  return primitive(0x06, bytes)
}

export function encode(node: Tlv): Uint8Array {
  const content = isConstructed(node) ? Buffer.concat(node.children.map(encode)) : node.content
  return Uint8Array.from([node.tag, ...encodeLength(content.length), ...content])
}

/** Constructed values of indefinite length, and OCTET STRINGs in segments of that many bytes, as some writers stream them. */
export function encodeIndefinite(node: Tlv, segmentLength: number): Uint8Array {
  if (isConstructed(node)) {
    const children = node.children.map((child) => encodeIndefinite(child, segmentLength))
    return Uint8Array.from([node.tag, 0x80, ...Buffer.concat(children), 0, 0])
  }
  if (node.tag !== 0x04 && node.tag !== 0x80) return encode(node)
  const segments: Uint8Array[] = []
  for (let at = 0; at < node.content.length; at += segmentLength) {
    segments.push(encode(octets(node.content.subarray(at, at + segmentLength))))
  }
  return Uint8Array.from([node.tag | 0x20, 0x80, ...Buffer.concat(segments), 0, 0])
}

export function decode(der: Uint8Array): Tlv {
  return decodeAt(der, 0).node
}

/** Every value in the tree, the root first. */
export function allOf(node: Tlv): Tlv[] {
  return [node, ...node.children.flatMap(allOf)]
}

function isConstructed(node: Tlv): boolean {
  return (node.tag & 0x20) !== 0
}

function decodeAt(der: Uint8Array, at: number): { node: Tlv; end: number } {
  const tag = der[at] ?? 0
  const first = der[at + 1] ?? 0
  const octetsOfLength = first < 0x80 ? 0 : first & 0x7f
  const start = at + 2 + octetsOfLength
  const length =
    first < 0x80 ? first : der.subarray(at + 2, start).reduce((value, octet) => value * 256 + octet, 0)
  const end = start + length
  if ((tag & 0x20) === 0) return { node: primitive(tag, der.subarray(start, end)), end }
  const children: Tlv[] = []
  for (let next = start; next < end;) {
    const child = decodeAt(der, next)
    children.push(child.node)
    next = child.end
  }
  return { node: constructed(tag, ...children), end }
}

function encodeLength(length: number): number[] {
  if (length < 0x80) return [length]
  const bytes: number[] = []
  for (let left = length; left > 0; left = Math.floor(left / 256)) bytes.unshift(left & 0xff)
  return [0x80 | bytes.length, ...bytes]
}
