import { lookup } from 'node:dns/promises'

/**
 * The addresses that a server listens on. A client of `localhost` may use any address of that name, so a server that had only one of
 * them would leave the others to another program.
 */
export async function addressesOf(host: string): Promise<readonly string[]> {
  if (host !== 'localhost') return [host]
  const found = await lookup(host, { all: true })
  return [...new Set(found.map(({ address }) => address))]
}

/**
 * Calls a function for each address. An address that this machine lacks is skipped: many machines have no IPv6.
 *
 * @throws the first error of the function; or that of a missing address if no other is left
 */
export async function forEachAddress(
  addresses: readonly string[],
  bind: (address: string) => Promise<void>,
): Promise<void> {
  let missing: unknown = null
  let bound = 0
  for (const address of addresses) {
    try {
      // oxlint-disable-next-line no-await-in-loop -- the first one can choose the port
      await bind(address)
      bound++
    } catch (error) {
      if (!isMissing(error)) throw error
      missing = error
    }
  }
  if (bound === 0) throw missing
}

function isMissing(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? error.code : null
  return code === 'EADDRNOTAVAIL' || code === 'EAFNOSUPPORT'
}
