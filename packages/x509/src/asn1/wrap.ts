/**
 * A DER value of parts that are encoded already. For private keys: the encoder of `encode.ts` would leave copies behind that
 * cannot be zeroed.
 *
 * @param tag the whole identifier octet
 * @returns a new array
 */
export function wrap(tag: number, ...parts: readonly Uint8Array[]): Uint8Array {
  const length = parts.reduce((sum, part) => sum + part.length, 0)
  const header = [tag, ...lengthOctets(length)]
  const bytes = new Uint8Array(header.length + length)
  bytes.set(header)
  let at = header.length
  for (const part of parts) {
    bytes.set(part, at)
    at += part.length
  }
  return bytes
}

function lengthOctets(length: number): readonly number[] {
  if (length < 0x80) return [length]
  const octets: number[] = []
  for (let left = length; left > 0; left = Math.floor(left / 256)) octets.unshift(left & 0xff)
  return [0x80 | octets.length, ...octets]
}
