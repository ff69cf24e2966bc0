/**
 * Every Authorization header of a request. Node's `headers` has only the first, and two are two ways to authenticate.
 *
 * @param rawHeaders names and values in turn, as of `IncomingMessage`
 */
export function authorizationHeaders(rawHeaders: readonly string[]): readonly string[] {
  const values: string[] = []
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    const name = rawHeaders[at]
    // Most names have another length, and need no copy in lower case.
    if (name?.length === 13 && name.toLowerCase() === 'authorization') values.push(rawHeaders[at + 1] ?? '')
  }
  return values
}
