import { isRestError, type RestError } from '@azure/core-rest-pipeline'
import { isSealwrightError } from '@sealwright/core'
import { errorBodyOf } from './error-bodies.ts'
import { explainNetworkError, wasNeverSent } from './network-errors.ts'
import { retryAfterOf } from './retry-after.ts'

/** One failed request: the facts that decide what to do next. */
export interface Failure {
  /** The HTTP status; null when there was no answer. */
  readonly status: number | null
  /** The service's `error.code`; null when the answer is not the service's. */
  readonly code: string | null
  /** The service's `error.innererror.code`. */
  readonly innerCode: string | null
  /** The service's message, or why there is no message. */
  readonly message: string
  /** Whether the same request may succeed later. */
  readonly isTransient: boolean
  /**
   * Whether the vault is down: false when it answered, as with a 429; null when the failure says nothing about it.
   */
  readonly isOutage: boolean | null
  /** Whether the vault certainly did nothing, so that even a request that creates something may be repeated. */
  readonly wasNotCarriedOut: boolean
  /** The wait that the answer asks for, in milliseconds; null if none. */
  readonly retryAfter: number | null
  readonly cause: unknown
}

/** Reads an error thrown by an SDK client. The cause it keeps has no secrets. */
export function readFailure(error: unknown): Failure {
  if (isRestError(error)) return readRestError(error)
  const base = { status: null, code: null, innerCode: null, retryAfter: null, cause: error }
  if (isSealwrightError(error)) {
    // There was no token, so the vault was not asked.
    const isTransient = error.retryAfter !== undefined
    return { ...base, message: error.message, isTransient, isOutage: null, wasNotCarriedOut: true }
  }
  // The client aborts a request whose time is up. A caller's own abort never comes here.
  const isTimeout = isAbort(error)
  return {
    ...base,
    message: isTimeout ? 'it did not answer in time' : error instanceof Error ? error.message : String(error),
    isTransient: isTimeout,
    isOutage: isTimeout,
    wasNotCarriedOut: false,
  }
}

/**
 * An attempt that was given up.
 *
 * @param authority the authority that it waited for instead of the vault; null if none
 */
export function silence(milliseconds: number, authority: string | null): Failure {
  return {
    status: null,
    code: null,
    innerCode: null,
    message: `${authority ?? 'it'} did not answer in ${Math.round(milliseconds)} ms`,
    isTransient: true,
    isOutage: authority === null ? true : null,
    wasNotCarriedOut: false,
    retryAfter: null,
    cause: undefined,
  }
}

/** The reason for a failure, as counters name it: the HTTP status, or why it has none. */
export function reasonOf({ status, isOutage, cause }: Failure): string {
  if (status !== null) return String(status)
  if (isOutage === null) return 'token'
  return cause === undefined || isAbort(cause) ? 'timeout' : 'connection'
}

function isAbort(error: unknown): boolean {
  return error instanceof Error && error.name === 'AbortError'
}

/** Whether the vault itself says that the object does not exist. A 404 from anything in between is no proof. */
export function provesAbsence({ status, code }: Failure): boolean {
  return status === 404 && /^(Key|Certificate|PendingCertificate)NotFound$/.test(code ?? '')
}

/**
 * 401s that pass: AKV10046 says that a part of the service does not know the token's signing key yet, and an expired
 * token is replaced.
 */
const passing401 = /\bAKV10046\b|expired|lifetime validation/i

function readRestError(error: RestError): Failure {
  const { code, innerCode, message } = errorBodyOf(error.request)
  const status = error.statusCode ?? null
  const explanation = status === null ? explainNetworkError(error.code, hostOf(error)) : null
  // Without a status the connection failed or the answer was cut off. A success that does not parse was damaged.
  const isOutage = status === null || status >= 500 || status === 408 || status < 300
  return {
    status,
    code,
    innerCode,
    message: explanation ?? message ?? error.message,
    isTransient:
      explanation === null &&
      (isOutage || status === 429 || (status === 401 && passing401.test(message ?? ''))),
    isOutage,
    wasNotCarriedOut:
      status === 401 || status === 429 || status === 503 || (status === null && wasNeverSent(error.code)),
    retryAfter: retryAfterOf(error.response?.headers.get('retry-after'), new Date()),
    cause: withoutRequest(error),
  }
}

function hostOf({ request }: RestError): string {
  return request === undefined ? 'the vault' : new URL(request.url).host
}

/**
 * A copy that is safe to keep as a cause and to log. The client's error leads to its request, and from there to the
 * token, the private key of an import and, through the agent, every other pending request.
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
