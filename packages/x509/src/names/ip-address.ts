import { isIP } from 'node:net'
import ipaddr from 'ipaddr.js'
import { malformed } from '../asn1/ber.ts'

/** Says what is wrong with an IP address; null when it is right. */
export function ipProblem(value: string): string | null {
  if (isIP(value) === 0) return 'is not an IPv4 or IPv6 address'
  return value.includes('%') ? 'has a zone, which has no meaning on other machines' : null
}

/** An address or a range whose IPv6 address has no dotted part: ipaddr.js takes `::1.2.3.4` for `::ffff:1.2.3.4`. */
function withoutDots(value: string): string {
  const [address = '', ...prefix] = value.split('/')
  const spelled = isIP(address) === 6 ? new URL(`http://[${address}]`).hostname.slice(1, -1) : address
  return [spelled, ...prefix].join('/')
}

/**
 * An address in the form of RFC 5280 §4.2.1.6: 4 or 16 octets in network byte order.
 *
 * @param value without {@link ipProblem}
 */
export function encodeIp(value: string): Uint8Array {
  return Uint8Array.from(ipaddr.parse(withoutDots(value)).toByteArray())
}

/** IPv6 as RFC 5952 spells it. */
export function decodeIp(content: Uint8Array, source: string): string {
  if (content.length !== 4 && content.length !== 16) {
    throw malformed(source, `holds an IP address of ${content.length} bytes`)
  }
  const address = ipaddr.fromByteArray([...content])
  return address instanceof ipaddr.IPv6 ? address.toRFC5952String() : address.toString()
}

/** Says what is wrong with a range of addresses in CIDR notation; null when it is right. */
export function cidrProblem(value: string): string | null {
  const [address = ''] = value.split('/')
  const problem = ipProblem(address)
  if (problem !== null) return problem
  if (!ipaddr.isValidCIDR(value) || !/\/\d+$/.test(value))
    return 'is not in CIDR notation, such as 10.0.0.0/8'
  const kind = isIP(address) === 4 ? ipaddr.IPv4 : ipaddr.IPv6
  const network = kind.networkAddressFromCIDR(withoutDots(value))
  return Buffer.compare(encodeIp(address), Uint8Array.from(network.toByteArray())) === 0
    ? null
    : 'has bits after its prefix'
}

/**
 * A range in the form of RFC 5280 §4.2.1.10: the address, then its mask.
 *
 * @param value without {@link cidrProblem}
 */
export function encodeCidr(value: string): Uint8Array {
  const [address, bits] = ipaddr.parseCIDR(withoutDots(value))
  const mask = (address.kind() === 'ipv4' ? ipaddr.IPv4 : ipaddr.IPv6).subnetMaskFromPrefixLength(bits)
  return Uint8Array.from([...address.toByteArray(), ...mask.toByteArray()])
}

/** @returns the range in CIDR notation */
export function decodeCidr(content: Uint8Array, source: string): string {
  const half = content.length / 2
  if (half !== 4 && half !== 16) throw malformed(source, 'holds an IP range of the wrong length')
  const bits = ipaddr.fromByteArray([...content.subarray(half)]).prefixLengthFromSubnetMask()
  if (bits === null) throw malformed(source, 'holds an IP range whose mask is not contiguous')
  return `${decodeIp(content.subarray(0, half), source)}/${bits}`
}

/** Whether an address is in a range. IPv4 addresses are never in a range of IPv6. */
export function isInCidr(address: string, cidr: string): boolean {
  const parsed = ipaddr.parse(withoutDots(address))
  const range = ipaddr.parseCIDR(cidr)
  return parsed.kind() === range[0].kind() && parsed.match(range)
}
