/**
 * Every value of a header field, in the order of the request. Node's `headers` has only the first Authorization and the
 * first Host. Two of them are two ways to authenticate, or two hosts.
 *
 * @param rawHeaders names and values in turn, as of `IncomingMessage`
 * @param name in lower case
 */
export function headerValues(rawHeaders: readonly string[], name: string): readonly string[] {
  return rawHeaders.filter((_value, at) => at % 2 === 1 && isNamed(rawHeaders[at - 1], name))
}

/** Most names have another length, and need no copy in lower case. */
function isNamed(field: string | undefined, name: string): boolean {
  return field?.length === name.length && field.toLowerCase() === name
}
