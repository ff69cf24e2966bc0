import { SealwrightError } from '@sealwright/core'
import { parseJson } from '../json.ts'
import { fetchText, placeOf, shownUrl, type HttpAnswer, type HttpRequest } from './fetch-text.ts'

/** A server's answer in JSON. */
export interface JsonAnswer extends Omit<HttpAnswer, 'text'> {
  readonly body: unknown
}

/**
 * Gets a JSON document, as {@link fetchText}.
 *
 * @param what for messages, such as `the JWK Set`
 * @throws SealwrightError as {@link fetchText}; `NOT_FOUND` for a 404 or 410, `UNAVAILABLE` for another status that is not a
 *   success; `INVALID_ENCODING` for anything but JSON; `LIMIT_EXCEEDED` for JSON that is nested too deep
 */
export async function fetchJson(address: string, what: string, request?: HttpRequest): Promise<JsonAnswer> {
  const { text, ...answer } = await fetchText(address, what, request)
  const { url, status } = answer
  const place = placeOf(what, url)
  if (status === 404 || status === 410) {
    throw new SealwrightError(
      'NOT_FOUND',
      `there is nothing at ${shownUrl(url)} (${status}); is the path right?`,
    )
  }
  if (status < 200 || status > 299)
    throw new SealwrightError('UNAVAILABLE', `${place} cannot be read: the server answers ${status}`)
  return { ...answer, body: parseJson(text, place, '; is it the right address?') }
}
