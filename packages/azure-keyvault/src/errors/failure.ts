import { isRestError, type RestError } from '@azure/core-rest-pipeline'
import { isSealwrightError, SealwrightError } from '@sealwright/core'
import { retryAfterOf } from '../requests/backoff.ts'
import { errorBodyOf } from './error-bodies.ts'

/** What the package was about to do, for messages. */
export interface Purpose {
  /** In the words of access policies, such as `keys/sign`. */
  readonly permission: Permission
  /** What it concerns, such as `the key my-app/0123…`. */
  readonly object: string
  readonly vaultUrl: string
}

/** The permissions this package uses, each with the least built-in role that has it. */
const roles = {
  'keys/get': 'Key Vault Crypto User',
  'keys/list': 'Key Vault Crypto User',
  'keys/sign': 'Key Vault Crypto User',
  'keys/create': 'Key Vault Crypto Officer',
  'keys/import': 'Key Vault Crypto Officer',
  'keys/update': 'Key Vault Crypto Officer',
  'keys/rotate': 'Key Vault Crypto Officer',
  'keys/delete': 'Key Vault Crypto Officer',
  'certificates/get': 'Key Vault Certificate User',
  'certificates/list': 'Key Vault Certificate User',
  'certificates/create': 'Key Vault Certificates Officer',
  'certificates/import': 'Key Vault Certificates Officer',
  'certificates/update': 'Key Vault Certificates Officer',
  'certificates/delete': 'Key Vault Certificates Officer',
} as const

export type Permission = keyof typeof roles

/** One failed request, as far as the decision what to do next needs to know it. */
export interface Failure {
  /** The HTTP status; null when there was no answer. */
  readonly status: number | null
  /** The service's `error.code`; null when the answer is not the service's. */
  readonly code: string | null
  /** The service's `error.innererror.code`. */
  readonly innerCode: string | null
  /** The service's message, or that of what failed below. */
  readonly message: string
  /** Whether the same request may succeed later. */
  readonly isTransient: boolean
  /** Whether it speaks for the vault being out of order. A 429 does not: it came from a vault that works. */
  readonly isOutage: boolean
  /** Whether the vault certainly did nothing, so that even a request that creates something may be repeated. */
  readonly wasNotCarriedOut: boolean
  /** Milliseconds the answer asks to wait; null when it does not. */
  readonly retryAfter: number | null
  readonly cause: unknown
}

/** Socket errors from before anything was sent. */
const neverSent = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH'])

/** Reads what a client of the SDK has thrown. Nothing secret stays in what it keeps as cause. */
export function readFailure(error: unknown): Failure {
  if (isRestError(error)) return readRestError(error)
  const base = { status: null, code: null, innerCode: null, retryAfter: null, cause: error }
  if (isSealwrightError(error)) {
    const isTransient = error.code === 'UNAVAILABLE'
    return {
      ...base,
      message: error.message,
      isTransient,
      isOutage: isTransient,
      wasNotCarriedOut: true,
    }
  }
  // The client aborts a request whose time is up; a caller's own abort never comes here.
  const isTimeout = error instanceof Error && error.name === 'AbortError'
  return {
    ...base,
    message: isTimeout ? 'it did not answer in time' : error instanceof Error ? error.message : String(error),
    isTransient: isTimeout,
    isOutage: isTimeout,
    wasNotCarriedOut: false,
  }
}

function readRestError(error: RestError): Failure {
  const { code, innerCode, message } = readErrorBody(errorBodyOf(error.request))
  const status = error.statusCode ?? null
  // Without a status the connection failed or the answer was cut off; a success that fails to parse was damaged.
  const isOutage = status === null || status >= 500 || status === 408 || status < 300
  return {
    status,
    code,
    innerCode,
    message: message ?? error.message,
    isTransient: isOutage || status === 429,
    isOutage,
    wasNotCarriedOut:
      status === 429 || status === 503 || (status === null && neverSent.has(String(error.code))),
    retryAfter: retryAfterOf(error.response?.headers.get('retry-after'), new Date()),
    cause: withoutRequest(error),
  }
}

/** Whether the vault itself says that there is no such thing; a 404 of anything between here and there does not. */
function provesAbsence(failure: Failure): boolean {
  return failure.status === 404 && (failure.code === 'KeyNotFound' || failure.code === 'CertificateNotFound')
}

/** The one translation from the service's errors to Sealwright's. */
export function toSealwrightError(failure: Failure, purpose: Purpose): SealwrightError {
  if (isSealwrightError(failure.cause)) return failure.cause
  const { permission, object, vaultUrl } = purpose
  const where = `${permission} of ${object} in ${vaultUrl}`
  const options = {
    cause: failure.cause,
    retryAfter: failure.retryAfter === null ? undefined : Math.ceil(failure.retryAfter / 1_000),
  }
  switch (failure.status) {
    case 400:
      return new SealwrightError(
        'INVALID_ARGUMENT',
        `Key Vault refused ${where}: ${quoted(failure)}`,
        options,
      )
    case 401:
      return new SealwrightError(
        'ACCESS_DENIED',
        `${vaultUrl} did not accept the identity's token for ${permission}: ${quoted(failure)}`,
        options,
      )
    case 403:
      return new SealwrightError('ACCESS_DENIED', forbidden(failure, purpose), options)
    case 404:
      return provesAbsence(failure)
        ? new SealwrightError(
            'NOT_FOUND',
            `there is no ${object.replace(/^the /, '')} in ${vaultUrl}`,
            options,
          )
        : new SealwrightError(
            'UNAVAILABLE',
            `something answered 404 to ${where} that is not Key Vault; is the host right, is a proxy in between?`,
            options,
          )
    case 409:
      return new SealwrightError('ALREADY_EXISTS', conflict(failure, purpose), options)
    case 429:
      return new SealwrightError('UNAVAILABLE', `${vaultUrl} throttles ${permission}`, {
        ...options,
        retryAfter: options.retryAfter ?? 1,
      })
    default:
      return new SealwrightError('UNAVAILABLE', `${where} failed: ${quoted(failure)}`, options)
  }
}

function forbidden(failure: Failure, { permission, object, vaultUrl }: Purpose): string {
  const isAboutAccess =
    /^(AccessDenied|ForbiddenByRbac|ForbiddenByPolicy)$/.test(failure.innerCode ?? '') ||
    /does not have .* permission|not authorized to perform action/i.test(failure.message)
  if (!isAboutAccess) return `${vaultUrl} refuses ${permission} of ${object}: ${quoted(failure)}`
  return (
    `${identityIn(failure.message)} lacks the permission ${permission} that ${object} in ${vaultUrl} takes; ` +
    `grant it in the vault's access policies, or with the role "${roles[permission]}"`
  )
}

/** The caller as the service names it, `appid=…;oid=…`, which is what an administrator looks for. */
function identityIn(message: string): string {
  const ids = ['appid', 'oid'].flatMap((name) => {
    const value = new RegExp(`\\b${name}=([0-9a-fA-F-]{1,64})`).exec(message)?.[1]
    return value === undefined ? [] : [`${name} ${value}`]
  })
  return ids.length === 0 ? 'the identity' : `the identity with ${ids.join(' and ')}`
}

function conflict(failure: Failure, { object, vaultUrl }: Purpose): string {
  switch (failure.innerCode) {
    case 'ObjectIsDeletedButRecoverable':
      return `${object} in ${vaultUrl} is deleted but can be recovered, so its name is taken: recover or purge it`
    case 'ObjectIsBeingDeleted':
      return `${object} in ${vaultUrl} is being deleted, so its name is still taken`
    default:
      return `${object} is in ${vaultUrl} already, or is just being made there: ${quoted(failure)}`
  }
}

function quoted(failure: Failure): string {
  const text = failure.message.replaceAll(/\s+/g, ' ').trim().slice(0, 300)
  return failure.status === null ? text : `${text} (HTTP ${failure.status}${codes(failure)})`
}

function codes({ code, innerCode }: Failure): string {
  return [code, innerCode].flatMap((each) => (each === null ? [] : [`, ${each}`])).join('')
}

interface ErrorBody {
  readonly code: string | null
  readonly innerCode: string | null
  readonly message: string | null
}

/** `{"error":{"code","message","innererror":{"code"}}}`; null for whatever is missing or not text. */
function readErrorBody(body: string | null): ErrorBody {
  const error = member(parseJson(body), 'error')
  return {
    code: textOf(member(error, 'code')),
    innerCode: textOf(member(member(error, 'innererror'), 'code')),
    message: textOf(member(error, 'message')),
  }
}

function parseJson(text: string | null): unknown {
  try {
    return JSON.parse(text ?? 'null')
  } catch {
    return null
  }
}

function member(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined
}

function textOf(value: unknown): string | null {
  return typeof value === 'string' ? value : null
}

/**
 * What can go on as a cause and end in a log. The client's error leads to its request, and from there to the token, to
 * the private key of an import, and through the agent to every other request under way.
 */
function withoutRequest({ name, message, stack, code, statusCode }: RestError): Error {
  const copy = new Error(message)
  copy.name = name
  if (stack !== undefined) copy.stack = stack
  return Object.assign(copy, {
    ...(code !== undefined && { code }),
    ...(statusCode !== undefined && { statusCode }),
  })
}
