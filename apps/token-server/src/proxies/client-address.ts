import { parseAddress } from './address.ts'

interface Connection {
  /** By Fastify: of the peer, or what trusted proxies say. */
  readonly ip: string
  readonly socket: { readonly remoteAddress?: string | undefined }
}

/** The address of the client of a request, for the log and the limits. A proxy that does not know it is the client itself. */
export function clientAddress({ ip, socket }: Connection): string {
  return parseAddress(ip) ?? parseAddress(socket.remoteAddress ?? '') ?? 'unknown'
}
