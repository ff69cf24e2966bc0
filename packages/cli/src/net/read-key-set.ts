import { SealwrightError } from '@sealwright/core'
import type { JSONWebKeySet } from 'jose'
import { readInput } from '../files/files.ts'
import { memberOf } from '../json.ts'
import type { Terminal } from '../terminal/terminal.ts'
import { fetchJson } from './fetch-json.ts'

/**
 * The JWK Set of a file or a URL.
 *
 * @throws SealwrightError of the file or the server; `INVALID_ENCODING` for anything but a JWK Set
 */
export async function readKeySet(address: string, terminal: Terminal): Promise<JSONWebKeySet> {
  const isUrl = /^https?:/i.test(address)
  const body = isUrl
    ? (await fetchJson(address, 'the JWK Set')).body
    : parseJson(await readInput(address, terminal), address)
  if (isJwks(body)) return body
  throw new SealwrightError('INVALID_ENCODING', `${address} is not a JWK Set: it has no array "keys"`)
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
