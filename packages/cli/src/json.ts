import { SealwrightError } from '@sealwright/core'

/** Deeper than any token, JWK Set or metadata is. Functions that recurse, such as `JSON.stringify`, run out of stack much later. */
const maximumDepth = 100

/**
 * Parses untrusted JSON.
 *
 * @param what for messages, such as `the JWK Set at https://auth.example.com/jwks`
 * @param hint the end of the message for anything but JSON
 * @throws SealwrightError `INVALID_ENCODING` for anything but JSON; `LIMIT_EXCEEDED` where it is nested too deep
 */
export function parseJson(text: string, what: string, hint = ''): unknown {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (cause) {
    throw new SealwrightError('INVALID_ENCODING', `${what} is not JSON${hint}`, { cause })
  }
  if (depthOf(text) <= maximumDepth) return value
  throw new SealwrightError('LIMIT_EXCEEDED', `${what} is JSON that is nested more than ${maximumDepth} deep`)
}

/** @param json that has been parsed */
function depthOf(json: string): number {
  let [depth, deepest, isInString] = [0, 0, false]
  for (let at = 0; at < json.length; at++) {
    const character = json[at]
    if (character === '"') isInString = !isInString
    else if (isInString) at += character === '\\' ? 1 : 0
    else if (character === '[' || character === '{') deepest = Math.max(deepest, ++depth)
    else if (character === ']' || character === '}') depth--
  }
  return deepest
}

/** A member of a JSON object; undefined of anything else. */
export function memberOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined
}
