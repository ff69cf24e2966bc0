import { badParameter } from '../protocol/errors.ts'
import { ok, type Answer, type Call } from './operation.ts'

const maximum = 25

/**
 * One page of a list. The token names the last item that was sent, so items that come and go between two pages do
 * not shift the others.
 *
 * @param path of the list, such as `keys/k/versions`
 * @param items in the order of `sortKey`
 */
export function page<T>(
  call: Call,
  path: string,
  items: readonly T[],
  sortKey: (item: T) => string,
  body: (item: T) => object,
): Answer {
  const size = pageSize(call.query)
  const after = skipToken(call.query)
  const rest = after === null ? items : items.filter((item) => sortKey(item) > after)
  const shown = rest.slice(0, size)
  const last = shown.at(-1)
  const more = rest.length > shown.length && last !== undefined
  return ok({
    value: shown.map((item) => body(item)),
    nextLink: more ? nextLink(call, path, sortKey(last)) : null,
  })
}

function nextLink(call: Call, path: string, after: string): string {
  const token = Buffer.from(after).toString('base64url')
  const maxresults = call.query.get('maxresults')
  const size = maxresults === null ? '' : `&maxresults=${maxresults}`
  return `${call.baseUrl}/${path}?api-version=${call.apiVersion}&$skiptoken=${token}${size}`
}

function pageSize(query: URLSearchParams): number {
  const text = query.get('maxresults')
  if (text === null) return maximum
  const size = Number(text)
  if (!Number.isInteger(size) || size < 1 || size > maximum) {
    throw badParameter(`Invalid value for 'maxresults': ${text}. It must be between 1 and ${maximum}.`)
  }
  return size
}

function skipToken(query: URLSearchParams): string | null {
  const token = query.get('$skiptoken')
  return token === null ? null : Buffer.from(token, 'base64url').toString()
}
