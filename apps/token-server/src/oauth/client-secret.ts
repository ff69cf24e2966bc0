import { hash as digest, randomBytes, timingSafeEqual } from 'node:crypto'
import type { Client } from '../settings/settings.ts'

/** A hash to compare with for an unknown client. No known secret has it. */
const decoy: readonly Uint8Array[] = [randomBytes(32)]

/**
 * Whether the secret is one of the client's. All hashes are compared, in constant time. An unknown client and one without
 * secrets take the same time, so the time tells neither how much of a secret was right nor which clients exist.
 */
export function hasSecret(client: Client | undefined, secret: string): boolean {
  const given = digest('sha256', secret, 'buffer')
  const hashes = client === undefined || client.secretHashes.length === 0 ? decoy : client.secretHashes
  let matches = false
  for (const hash of hashes) matches = timingSafeEqual(hash, given) || matches
  return matches
}
