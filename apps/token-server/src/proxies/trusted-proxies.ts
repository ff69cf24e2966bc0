import { BlockList, isIP } from 'node:net'
import { parseAddress } from './address.ts'

/** Whether an address is that of a proxy whose `X-Forwarded-*` headers count. */
export type TrustsProxy = (address: string) => boolean

/**
 * The problem with an entry of the trusted proxies; null for an address or a range such as `10.0.0.0/8`. A range of all
 * addresses is refused: the address of a client would be what the client says.
 */
export function trustedProxyProblem(entry: string): string | null {
  const { address, bits, prefix } = parseRange(entry)
  if (isIP(address) === 0 || (prefix !== null && !(prefix <= bits))) {
    return 'must be an IP address or a range of them, such as 10.0.0.0/8'
  }
  if (prefix === 0)
    return 'must not be a range of all addresses: clients could then name any address as their own'
  return null
}

/**
 * Makes Fastify read the headers of these proxies only. The address of a client is then the last one in
 * `X-Forwarded-For` that is not a trusted proxy.
 *
 * @param entries that have no {@link trustedProxyProblem}
 */
export function trustedProxies(entries: readonly string[]): TrustsProxy {
  const list = new BlockList()
  for (const entry of entries) {
    const { address, family, prefix } = parseRange(entry)
    if (prefix === null) list.addAddress(address, family)
    else list.addSubnet(address, prefix, family)
  }
  return (text) => {
    const address = parseAddress(text)
    return address !== null && list.check(address, address.includes(':') ? 'ipv6' : 'ipv4')
  }
}

interface Range {
  readonly address: string
  readonly family: 'ipv4' | 'ipv6'
  /** The length of addresses. */
  readonly bits: number
  /** null for a single address; NaN if it is not a number. */
  readonly prefix: number | null
}

function parseRange(entry: string): Range {
  const [, address = entry, digits] = /^([^/]*)\/(.*)$/.exec(entry) ?? []
  const is6 = isIP(address) === 6
  const prefix = digits === undefined ? null : /^\d{1,3}$/.test(digits) ? Number(digits) : Number.NaN
  return { address, family: is6 ? 'ipv6' : 'ipv4', bits: is6 ? 128 : 32, prefix }
}
