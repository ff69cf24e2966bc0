import type { KeyObject } from 'node:crypto'
import { SealwrightError } from '@sealwright/core'
import { createLocalJWKSet, type JSONWebKeySet, type JWTVerifyGetKey } from 'jose'
import { readInput } from '../../files/files.ts'
import { memberOf } from '../../json.ts'
import { fetchJson } from '../../net/fetch-json.ts'
import { fetchMetadata } from '../../net/issuer-metadata.ts'
import type { Terminal } from '../../terminal/terminal.ts'

/** What a token is verified with: one key, or a set. */
export type KeySource =
  | { readonly publicKey: KeyObject }
  | { readonly set: JWTVerifyGetKey; /** Those of the set. */ readonly kids: readonly string[] }

/**
 * The JWK Set of a file, a URL or an issuer.
 *
 * @throws SealwrightError as the file or the server has it; `INVALID_ENCODING` for anything but a JWK Set
 */
export async function keySetOf(
  { jwks, issuer = '' }: { readonly jwks: string | undefined; readonly issuer: string | undefined },
  terminal: Terminal,
): Promise<KeySource> {
  const address = jwks ?? (await fetchMetadata(issuer)).jwksUri
  const isUrl = /^https?:/i.test(address)
  const body = isUrl
    ? (await fetchJson(address, 'the JWK Set')).body
    : parseJson(await readInput(address, terminal), address)
  if (!isJwks(body)) {
    throw new SealwrightError('INVALID_ENCODING', `${address} is not a JWK Set: it has no array "keys"`)
  }
  const kids = body.keys.flatMap((key): string[] => {
    const kid = memberOf(key, 'kid')
    return typeof kid === 'string' ? [kid] : []
  })
  return { set: createLocalJWKSet(body), kids }
}

function isJwks(body: unknown): body is JSONWebKeySet {
  const keys = memberOf(body, 'keys')
  return Array.isArray(keys) && keys.every((key) => typeof key === 'object' && key !== null)
}

function parseJson(bytes: Uint8Array, path: string): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString('utf8'))
  } catch (cause) {
    throw new SealwrightError('INVALID_ENCODING', `${path} is not JSON; a JWK Set is {"keys": […]}`, {
      cause,
    })
  }
}
