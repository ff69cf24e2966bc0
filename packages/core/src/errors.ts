/**
 * Every code a {@link SealwrightError} can carry. The union is closed: a `switch` over it can be exhaustive.
 *
 * | code | what happened |
 * | --- | --- |
 * | `INVALID_ARGUMENT` | what the caller passed is refused; nothing was written |
 * | `INVALID_ENCODING` | bytes are not the DER, PEM, PKCS#12, … they should be |
 * | `INVALID_SIGNATURE` | a signature does not verify; it was not released |
 * | `LIMIT_EXCEEDED` | untrusted input is larger, deeper or costlier than the bound in the message |
 * | `UNSUPPORTED_ALGORITHM` | a known or unknown algorithm that this key or backend cannot do |
 * | `UNSUPPORTED_KEY` | a key type or size that cannot be used |
 * | `UNSUPPORTED_OPERATION` | this store or runtime lacks the capability |
 * | `WRONG_PASSWORD` | the password does not open the file |
 * | `NOT_FOUND` | proven absent: the place was read and the thing is not in it |
 * | `ALREADY_EXISTS` | something of that name is there and was left as it was |
 * | `AMBIGUOUS` | several things match and one was asked for |
 * | `ACCESS_DENIED` | the operating system or the vault said no |
 * | `UNSAFE_PERMISSIONS` | others than the owner can reach private key material |
 * | `UNAVAILABLE` | the store cannot be read or reached now; absence is not proven |
 * | `TIMEOUT` | a deadline passed |
 */
export type ErrorCode =
  | 'INVALID_ARGUMENT'
  | 'INVALID_ENCODING'
  | 'INVALID_SIGNATURE'
  | 'LIMIT_EXCEEDED'
  | 'UNSUPPORTED_ALGORITHM'
  | 'UNSUPPORTED_KEY'
  | 'UNSUPPORTED_OPERATION'
  | 'WRONG_PASSWORD'
  | 'NOT_FOUND'
  | 'ALREADY_EXISTS'
  | 'AMBIGUOUS'
  | 'ACCESS_DENIED'
  | 'UNSAFE_PERMISSIONS'
  | 'UNAVAILABLE'
  | 'TIMEOUT'

/**
 * The one error class of every Sealwright package. The message is for people: what failed, on which key or file, and
 * what to do. It never holds a secret, a token or a password. What was caught below is kept as `cause`.
 */
export class SealwrightError extends Error {
  /** What went wrong, for programs. */
  readonly code: ErrorCode
  /**
   * Seconds after which it makes sense to ask again, as HTTP's `Retry-After` has them; absent where nothing says. Only
   * on `UNAVAILABLE` and `TIMEOUT`.
   */
  declare readonly retryAfter?: number

  constructor(code: ErrorCode, message: string, options?: SealwrightErrorOptions) {
    // An absent cause makes no property, so that callers can pass on what may be undefined.
    super(message, options?.cause === undefined ? undefined : { cause: options.cause })
    this.name = 'SealwrightError'
    this.code = code
    if (options?.retryAfter !== undefined) this.retryAfter = options.retryAfter
  }
}

/** Additional information about an error. */
export interface SealwrightErrorOptions extends ErrorOptions {
  /** See {@link SealwrightError.retryAfter}. */
  readonly retryAfter?: number | undefined
}

/**
 * Whether `error` is a {@link SealwrightError}, of that code where one is given. Decided by shape and not by
 * `instanceof`, so that two copies of this package in one tree understand each other.
 *
 * @example
 * ```ts
 * import { isSealwrightError, type KeyStore } from '@sealwright/core'
 *
 * async function open(store: KeyStore) {
 *   try {
 *     return await store.create('my-app-auth')
 *   } catch (error) {
 *     if (isSealwrightError(error, 'ALREADY_EXISTS')) return store.get('my-app-auth')
 *     throw error
 *   }
 * }
 * ```
 */
export function isSealwrightError(error: unknown, code?: ErrorCode): error is SealwrightError {
  return (
    error instanceof Error &&
    error.name === 'SealwrightError' &&
    'code' in error &&
    typeof error.code === 'string' &&
    (code === undefined || error.code === code)
  )
}
