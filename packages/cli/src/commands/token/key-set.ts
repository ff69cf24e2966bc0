import type { KeyObject } from 'node:crypto'
import { createLocalJWKSet, type JWTVerifyGetKey } from 'jose'
import { memberOf } from '../../json.ts'
import { fetchMetadata } from '../../net/issuer-metadata.ts'
import { readKeySet } from '../../net/read-key-set.ts'
import type { Terminal } from '../../terminal/terminal.ts'

/** What a token is verified with: one key, or a set. */
export type KeySource =
  | { readonly publicKey: KeyObject }
  | { readonly set: JWTVerifyGetKey; /** Those of the set. */ readonly kids: readonly string[] }

/**
 * The JWK Set of a file, a URL or an issuer.
 *
 * @throws SealwrightError of the file or the server; `INVALID_ENCODING` for anything but a JWK Set
 */
export async function keySetOf(
  { jwks, issuer = '' }: { readonly jwks: string | undefined; readonly issuer: string | undefined },
  terminal: Terminal,
): Promise<KeySource> {
  const address = jwks ?? (await fetchMetadata(issuer)).jwksUri
  const body = await readKeySet(address, terminal)
  const kids = body.keys.flatMap((key): string[] => {
    const kid = memberOf(key, 'kid')
    return typeof kid === 'string' ? [kid] : []
  })
  return { set: createLocalJWKSet(body), kids }
}
