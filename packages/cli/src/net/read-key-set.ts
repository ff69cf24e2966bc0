import { SealwrightError } from '@sealwright/core'
import type { JSONWebKeySet } from 'jose'
import { inputName, readInput } from '../files/files.ts'
import { memberOf, parseJson } from '../json.ts'
import type { Terminal } from '../terminal/terminal.ts'
import { fetchJson } from './fetch-json.ts'
import { shownUrl } from './fetch-text.ts'

/**
 * The JWK Set of a file or a URL.
 *
 * @throws SealwrightError of the file or the server; `INVALID_ENCODING` for anything but a JWK Set; `LIMIT_EXCEEDED`
 */
export async function readKeySet(address: string, terminal: Terminal): Promise<JSONWebKeySet> {
  const isUrl = /^https?:/i.test(address)
  const name = isUrl ? shownUrl(address) : inputName(address)
  const body = isUrl
    ? (await fetchJson(address, 'the JWK Set')).body
    : parseJson(
        Buffer.from(await readInput(address, terminal)).toString('utf8'),
        name,
        '; a JWK Set is {"keys": […]}',
      )
  if (isJwks(body)) return body
  throw new SealwrightError('INVALID_ENCODING', `${name} is not a JWK Set: it has no array "keys"`)
}

function isJwks(body: unknown): body is JSONWebKeySet {
  const keys = memberOf(body, 'keys')
  return Array.isArray(keys) && keys.every((key) => typeof key === 'object' && key !== null)
}
