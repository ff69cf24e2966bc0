import { parseAddress } from './address.ts'

interface Connection {
  /** By Fastify: of the peer, or what trusted proxies say. */
  readonly ip: string
  readonly socket: { readonly remoteAddress?: string | undefined }
}

/** The address of a client, for the log and the limits. If a proxy does not know it, the address of the proxy. */
export function clientAddress({ ip, socket }: Connection): string {
  return parseAddress(ip) ?? parseAddress(socket.remoteAddress ?? '') ?? 'unknown'
}
