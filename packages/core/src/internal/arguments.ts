import { X509Certificate, type KeyObject } from 'node:crypto'
import { types } from 'node:util'
import { invalidArgument } from './failures.ts'

/**
 * Checks one argument, option or element.
 *
 * @param name its name in the message, such as `options.lifetime`
 * @throws SealwrightError `INVALID_ARGUMENT`; the message says what is expected. It never quotes the value, which may be a
 *   key.
 */
export type Check = (name: string, value: unknown) => void

/** A check for values that pass the test. `expected` completes the sentence "… must be". */
export function must(expected: string, test: (value: unknown) => boolean): Check {
  return (name, value) => {
    if (!test(value)) throw invalidArgument(`${name} must be ${expected}`)
  }
}

export const aString: Check = must('a string', isString)
export const aNonEmptyString: Check = must(
  'a string that is not empty',
  (value) => isString(value) && value !== '',
)
/** Paths are shown in messages. Text with a line break and JSON objects are the contents of a key file, which no message may show. */
const isPath = (value: unknown): boolean => typeof value === 'string' && !/^$|[\r\n]|^\s*\{/.test(value)
export const aFilePath: Check = must('the path of a file', isPath)
export const aFolderPath: Check = must('the path of a folder', isPath)
export const aNumber: Check = must('a number', (value) => typeof value === 'number')
export const aBoolean: Check = must('true or false', (value) => typeof value === 'boolean')
export const aFunction: Check = must('a function', isFunction)
export const bytes: Check = must('a Uint8Array', types.isUint8Array)
export const aDate: Check = must(
  'a valid Date',
  (value) => types.isDate(value) && !Number.isNaN(value.getTime()),
)

export const anAbortSignal: Check = must(
  'an AbortSignal',
  (value) =>
    isObject(value) && isFunction(value['addEventListener']) && typeof value['aborted'] === 'boolean',
)

/** Accepts private and public keys; the caller checks which it needs. */
export const aKeyObject: Check = must(
  'a KeyObject; createPrivateKey and createPublicKey of node:crypto return one',
  isKeyObject,
)

export const aCertificate: Check = must(
  'an X509Certificate; new X509Certificate(pem) of node:crypto returns one',
  (value) => value instanceof X509Certificate,
)

export const aSigner: Check = must('a Signer; createLocalSigner(privateKey) returns one', isSigner)

/** Both can sign tokens. */
export const aSignerOrSigningKey: Check = must(
  'a Signer or a SigningKey; createLocalSigner(privateKey) returns a Signer for a KeyObject',
  (value) => isSigner(value) || isSigningKey(value),
)

export const aSigningKey: Check = must('a SigningKey; openSigningKey and key stores return one', isSigningKey)

/** Accepts every value: another function checks it. */
export const anything: Check = () => undefined
/** Another function checks the members. */
export const anObject: Check = must('an object', isRecord)
export const anArray: Check = must('an array', Array.isArray)
export const aPassword: Check = must(
  'a string, or a function that returns one',
  (value) => isString(value) || isFunction(value),
)

export function oneOf(values: readonly string[]): Check {
  return must(`one of ${values.join(', ')}`, (value) => isString(value) && values.includes(value))
}

/** @param unit such as `seconds` */
export function aWholeNumber(minimum: number, maximum: number, unit?: string): Check {
  const ofUnit = unit === undefined ? '' : ` of ${unit}`
  return must(
    `a whole number${ofUnit} from ${minimum} to ${maximum}`,
    (value) => Number.isInteger(value) && Number(value) >= minimum && Number(value) <= maximum,
  )
}

/** Each element is checked, and named with its index. */
export function listOf(element: Check): Check {
  return (name, value) => {
    if (!Array.isArray(value)) throw invalidArgument(`${name} must be an array`)
    for (const [index, each] of value.entries()) element(`${name}[${index}]`, each)
  }
}

/**
 * An object of options. An undefined option counts as absent.
 *
 * @param members a check for each option; other names are refused, so that a misspelt option is an error
 * @param required the required options
 */
export function optionsOf(members: Readonly<Record<string, Check>>, required: readonly string[] = []): Check {
  const names = Object.keys(members)
  const all =
    names.length === 1 ? `the only option is ${names.join('')}` : `the options are ${names.join(', ')}`
  return (name, value) => {
    if (!isRecord(value)) {
      throw invalidArgument(`${name} must be an object; ${all}`)
    }
    for (const member of Object.keys(value)) {
      if (Object.hasOwn(members, member)) continue
      // A name that does not look like one may be anything, even a secret.
      const unknown = /^[A-Za-z]\w{0,30}$/.test(member)
        ? `${name}.${member} is not an option`
        : `${name} has an unknown option`
      throw invalidArgument(`${unknown}; ${all}`)
    }
    for (const [member, check] of Object.entries(members)) {
      if (value[member] !== undefined || required.includes(member)) check(`${name}.${member}`, value[member])
    }
  }
}

/** Options of a single signature. */
export const signOptions: Check = optionsOf({ signal: anAbortSignal })

/** Whether the value is an object with that method, its own or inherited. */
export function hasMethod(value: unknown, name: string): boolean {
  return isObject(value) && isFunction(value[name])
}

/** Whether the value is an object, and not an array. */
export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return isObject(value) && !Array.isArray(value)
}

function isString(value: unknown): value is string {
  return typeof value === 'string'
}

function isFunction(value: unknown): boolean {
  return typeof value === 'function'
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null
}

// Not instanceof: keys can come from another realm, as in Jest.
function isKeyObject(value: unknown): value is KeyObject {
  return types.isKeyObject(value)
}

function isSigner(value: unknown): boolean {
  return (
    isObject(value) &&
    isFunction(value['sign']) &&
    isString(value['keyId']) &&
    isKeyObject(value['publicKey']) &&
    isObject(value['algorithm']) &&
    isString(value['algorithm']['name'])
  )
}

function isSigningKey(value: unknown): boolean {
  return (
    isObject(value) &&
    isFunction(value['signer']) &&
    isString(value['keyId']) &&
    isKeyObject(value['publicKey']) &&
    Array.isArray(value['certificates'])
  )
}
