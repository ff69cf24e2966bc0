import { SealwrightError } from '@sealwright/core'

/** How many objects and arrays may lie within each other: more than claims need, less than any parser's limit. */
const maximumDepth = 32

/** Something JSON cannot carry: where it is, as `.address.zip` or `.roles[1]`, and what is wrong with it. */
interface Fault {
  readonly path: string
  readonly problem: string
}

/**
 * The JSON text of an object that a parser on the other side reads back as it is here. `JSON.stringify` alone leaves out,
 * turns to null or rewrites what JSON cannot carry (undefined, NaN, Date, Map, holes), and a token that says something
 * other than its issuer meant is worse than none. As everywhere in JavaScript, symbol keys are not part of the data.
 *
 * @param name what the value is, as the start of the path in messages: `claims`
 * @throws SealwrightError `INVALID_ARGUMENT`; the message names the path, never the value
 */
export function stringifyObject(value: object, name: string): string {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new SealwrightError('INVALID_ARGUMENT', `${name} must be an object`)
  }
  refuse(name, findFault(value, maximumDepth, false))
  const text = JSON.stringify(value)
  // One look at the text instead of one at every string: what is not well-formed has become an escape (ECMA-262,
  // QuoteJSONString). The text may also hold a backslash and "ud" of its own; the second walk knows.
  if (text.includes('\\ud')) refuse(name, findFault(value, maximumDepth, true))
  return text
}

/**
 * Puts members before those of an object, as text.
 *
 * @param start an object's text without its closing brace, such as `{"alg":"ES256"`; it has none of the other's names
 * @param object the text of an object
 */
export function prependMembers(start: string, object: string): string {
  return object === '{}' ? `${start}}` : `${start},${object.slice(1)}`
}

/** Whether text is not well-formed UTF-16 and so has no UTF-8: U+D800 to U+DFFF other than in pairs. */
export function hasLoneSurrogate(text: string): boolean {
  // With the u flag a pair is one character, and not a surrogate.
  return /\p{Surrogate}/u.test(text)
}

/**
 * The first fault, or null. This runs for every token, so a value without fault costs no allocation: the path is put
 * together on the way out.
 *
 * @param strings whether to look into keys and strings for lone surrogates
 */
function findFault(value: unknown, depthLeft: number, strings: boolean): Fault | null {
  switch (typeof value) {
    case 'string':
      return strings && hasLoneSurrogate(value) ? fault('holds half of a surrogate pair') : null
    case 'number':
      return findNumberFault(value)
    case 'boolean':
      return null
    case 'object':
      return value === null ? null : findObjectFault(value, depthLeft, strings)
    case 'undefined':
      return fault('is undefined, which JSON cannot carry; leave it out')
    default:
      return fault(`is a ${typeof value}, which JSON cannot carry`)
  }
}

function findNumberFault(value: number): Fault | null {
  if (Number.isSafeInteger(value)) return null
  if (!Number.isFinite(value)) return fault(`is ${value}, which JSON cannot carry`)
  // Such a number has lost digits already, or will in the receiver's parser (RFC 7493 §2.2).
  return Number.isInteger(value) ? fault('is an integer beyond 2^53−1; make it a string') : null
}

function findObjectFault(value: object, depthLeft: number, strings: boolean): Fault | null {
  // A cycle ends here as well.
  if (depthLeft === 0) return fault(`is nested deeper than ${maximumDepth} levels`)
  if ('toJSON' in value && typeof value.toJSON === 'function') {
    return value instanceof Date
      ? fault('is a Date; times in a JWT are whole seconds since 1970 (NumericDate, RFC 7519 §2)')
      : fault('has a toJSON method, so JSON would carry something else')
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
  if (!isPlain(object)) return fault('is an instance of a class; JSON carries plain objects only')
  // for-in makes no list of keys. It also visits what somebody put on Object.prototype, which JSON does not carry.
  for (const key in object) {
    const found =
      strings && hasLoneSurrogate(key)
        ? fault('has half of a surrogate pair in its name')
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
