import { SealwrightError } from '@sealwright/core'

/** How deep objects and arrays may be nested: deeper than claims need, and less deep than any parser's limit. */
const maximumDepth = 32

/** A value that JSON cannot represent: its path, such as `.address.zip` or `.roles[1]`, and the problem. */
interface Fault {
  readonly path: string
  readonly problem: string
}

/**
 * The JSON text of an object. Parsing it returns an equal object. `JSON.stringify` alone drops or rewrites values that JSON cannot
 * represent (undefined, NaN, Date, Map, holes), and a token with wrong contents is worse than none. Symbol keys are ignored, as in
 * JSON.stringify.
 *
 * @param name the start of the path in messages, such as `claims`
 * @throws SealwrightError `INVALID_ARGUMENT`; the message names the path, never the value
 */
export function stringifyObject(value: object, name: string): string {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new SealwrightError('INVALID_ARGUMENT', `${name} must be an object`)
  }
  refuse(name, findFault(value, maximumDepth, false))
  const text = JSON.stringify(value)
  // One search of the text instead of a search of every string: JSON.stringify escapes lone surrogates (ECMA-262, QuoteJSONString).
  // A string can contain a backslash and "ud" itself, so the second walk makes sure.
  if (text.includes('\\ud')) refuse(name, findFault(value, maximumDepth, true))
  return text
}

/**
 * Puts members before those of an object, as text.
 *
 * @param start the text of an object without its closing brace, such as `{"alg":"ES256"`; no name is in both
 * @param object the text of an object
 */
export function prependMembers(start: string, object: string): string {
  return object === '{}' ? `${start}}` : `${start},${object.slice(1)}`
}

/** Whether the text has a surrogate (U+D800 to U+DFFF) outside a pair, and so no encoding in UTF-8. */
export function hasLoneSurrogate(text: string): boolean {
  // With the u flag a pair is one character, and not a surrogate.
  return /\p{Surrogate}/u.test(text)
}

/**
 * The first fault, or null. This runs for every token, so a value without a fault allocates nothing: the path is built while the
 * calls return.
 *
 * @param strings whether to look into keys and strings for lone surrogates
 */
function findFault(value: unknown, depthLeft: number, strings: boolean): Fault | null {
  switch (typeof value) {
    case 'string':
      return strings && hasLoneSurrogate(value) ? fault('has a lone surrogate') : null
    case 'number':
      return findNumberFault(value)
    case 'boolean':
      return null
    case 'object':
      return value === null ? null : findObjectFault(value, depthLeft, strings)
    case 'undefined':
      return fault('is undefined, which JSON cannot represent; omit it')
    default:
      return fault(`is a ${typeof value}, which JSON cannot represent`)
  }
}

function findNumberFault(value: number): Fault | null {
  if (Number.isSafeInteger(value)) return null
  if (!Number.isFinite(value)) return fault(`is ${value}, which JSON cannot represent`)
  // Such a number has lost digits, or will lose them in the receiver's parser (RFC 7493 §2.2).
  return Number.isInteger(value) ? fault('is an integer beyond 2^53−1; make it a string') : null
}

function findObjectFault(value: object, depthLeft: number, strings: boolean): Fault | null {
  // A cycle ends here as well.
  if (depthLeft === 0) return fault(`is nested deeper than ${maximumDepth} levels`)
  if ('toJSON' in value && typeof value.toJSON === 'function') {
    return value instanceof Date
      ? fault('is a Date; times in a JWT are whole seconds since 1970 (NumericDate, RFC 7519 §2)')
      : fault('has a toJSON method, which would replace it; pass plain data')
  }
  return Array.isArray(value)
    ? findElementFault(value, depthLeft, strings)
    : findMemberFault(value, depthLeft, strings)
}

function findElementFault(array: readonly unknown[], depthLeft: number, strings: boolean): Fault | null {
  for (let index = 0; index < array.length; index++) {
    const found = findFault(array[index], depthLeft - 1, strings)
    if (found !== null) {
      return within(`[${index}]`, index in array ? found : fault('is a hole in a sparse array'))
    }
  }
  return null
}

function findMemberFault(object: object, depthLeft: number, strings: boolean): Fault | null {
  if (!isPlain(object)) return fault('is an instance of a class; use a plain object')
  // for-in allocates no list of keys. It also visits members of Object.prototype, which are not in the JSON text.
  for (const key in object) {
    const found =
      strings && hasLoneSurrogate(key)
        ? fault('has a lone surrogate in its name')
        : findFault(object[key], depthLeft - 1, strings)
    if (found !== null && Object.hasOwn(object, key)) return within(memberPath(key), found)
  }
  return null
}

function isPlain(object: object): object is Readonly<Record<string, unknown>> {
  const prototype: unknown = Object.getPrototypeOf(object)
  return prototype === Object.prototype || prototype === null
}

function fault(problem: string): Fault {
  return { path: '', problem }
}

function within(path: string, { path: inner, problem }: Fault): Fault {
  return { path: path + inner, problem }
}

function memberPath(key: string): string {
  return /^[\w$]+$/.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`
}

function refuse(name: string, found: Fault | null): void {
  if (found !== null) {
    throw new SealwrightError('INVALID_ARGUMENT', `${name}${found.path} ${found.problem}`)
  }
}
