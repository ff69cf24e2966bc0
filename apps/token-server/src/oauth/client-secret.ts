import { hash as digest, randomBytes, timingSafeEqual } from 'node:crypto'
import type { Client } from '../settings/settings.ts'

/** What the secret of a client that does not exist is compared with. No secret is known to have this hash. */
const decoy: readonly Uint8Array[] = [randomBytes(32)]

/**
 * Whether the secret is one of the client's. Hashes are compared, in constant time and all of them, and a client that is
 * unknown or has no secrets costs the same, so that time tells neither how much of a secret was right nor which clients
 * there are.
 */
export function hasSecret(client: Client | undefined, secret: string): boolean {
  const given = digest('sha256', secret, 'buffer')
  const hashes = client === undefined || client.secretHashes.length === 0 ? decoy : client.secretHashes
  let matches = false
  for (const hash of hashes) matches = timingSafeEqual(hash, given) || matches
  return matches
}
