/**
 * Every code a {@link SealwrightError} can carry. The union is closed: a `switch` over it can be exhaustive.
 *
 * | code | what happened |
 * | --- | --- |
 * | `INVALID_ARGUMENT` | an argument is invalid; nothing was written |
 * | `INVALID_ENCODING` | malformed DER, PEM, PKCS#12, JWK, … |
 * | `INVALID_SIGNATURE` | a signature does not verify; it was not released |
 * | `LIMIT_EXCEEDED` | untrusted input exceeds a limit; the message has the limit |
 * | `UNSUPPORTED_ALGORITHM` | the key or the backend does not support the algorithm |
 * | `UNSUPPORTED_KEY` | the type or the size of the key is not supported |
 * | `UNSUPPORTED_OPERATION` | this store or runtime lacks the capability |
 * | `WRONG_PASSWORD` | the password does not open the file |
 * | `NOT_FOUND` | proven absent: the store was read and does not have it |
 * | `ALREADY_EXISTS` | the name is taken; the existing key was not changed |
 * | `AMBIGUOUS` | several keys match where one is expected |
 * | `ACCESS_DENIED` | the operating system or the vault refused access |
 * | `UNSAFE_PERMISSIONS` | other users can read or replace the private key |
 * | `UNAVAILABLE` | the store cannot be read or reached now; whether the key exists is unknown |
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
 * what to do. It never contains a secret, a token or a password. The original error is kept as `cause`.
 */
export class SealwrightError extends Error {
  /** What went wrong, for programs. */
  readonly code: ErrorCode
  /**
   * Seconds to wait before retrying, as in HTTP's `Retry-After`; absent if unknown. Only on `UNAVAILABLE` and `TIMEOUT`.
   */
  declare readonly retryAfter?: number

  constructor(code: ErrorCode, message: string, options?: SealwrightErrorOptions) {
    // Without a cause there is no property, so callers can pass on an undefined one.
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
 * Whether `error` is a {@link SealwrightError}, with that code if one is given. It checks the shape and not `instanceof`,
 * so it works across two copies of this package.
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
