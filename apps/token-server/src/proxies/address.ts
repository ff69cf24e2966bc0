import { isIP, isIPv4, SocketAddress } from 'node:net'

/**
 * The IP address in a text of the operating system or of a proxy, in its one canonical spelling. The text may have a port,
 * as in the headers of Azure's gateways, brackets, a zone, or the IPv6 form of an IPv4 address.
 *
 * @returns null for a text without an address
 */
export function parseAddress(text: string): string | null {
  // Most are IPv4, in its IPv6 form on a server that listens on both.
  const plain = text.startsWith('::ffff:') ? text.slice(7) : text
  if (isIPv4(plain)) return plain
  const [, bracketed, zoned, withPort] =
    /^(?:\[([^\]]+)\](?::\d{1,5})?|([^%[\]]+)%.*|(\d[\d.]*):\d{1,5})$/.exec(text) ?? []
  const address = bracketed ?? zoned ?? withPort ?? text
  const family = isIP(address)
  if (family === 4) return address
  if (family === 0) return null
  // The system's spelling, which tells an IPv4 address by its dots.
  const canonical = new SocketAddress({ address: address.replace(/%.*/, ''), family: 'ipv6' }).address
  return /^::ffff:(\d+\.\d+\.\d+\.\d+)$/.exec(canonical)?.[1] ?? canonical
}

/**
 * The key of the limits: an IPv4 address, or the /64 of an IPv6 address. A subscriber gets at least a /64, and may use
 * any address in it.
 *
 * @param address as {@link parseAddress} returns it
 */
export function networkOf(address: string): string {
  if (!address.includes(':')) return address
  const [before = '', after] = address.split('::')
  const groups = before === '' ? [] : before.split(':')
  const rest = after === undefined || after === '' ? [] : after.split(':')
  if (after !== undefined)
    groups.push(...Array<string>(Math.max(0, 8 - groups.length - rest.length)).fill('0'))
  return `${[...groups, ...rest].slice(0, 4).join(':')}::/64`
}
