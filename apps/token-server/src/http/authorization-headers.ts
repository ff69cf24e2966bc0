/**
 * Every Authorization header of a request. Node's `headers` has only the first, and two are two ways to authenticate.
 *
 * @param rawHeaders names and values in turn, as of `IncomingMessage`
 */
export function authorizationHeaders(rawHeaders: readonly string[]): readonly string[] {
  return rawHeaders.filter(
    (_, index) => index % 2 === 1 && rawHeaders[index - 1]?.toLowerCase() === 'authorization',
  )
}
