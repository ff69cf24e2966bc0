/**
 * An answer in which the service refuses: the status and the body `{"error":{code,message,innererror?}}`. Thrown
 * inside the emulator and turned into a response in one place.
 */
export class ServiceError extends Error {
  readonly status: number
  readonly code: string
  /** `error.innererror.code`; null where the service sends none. */
  readonly innerCode: string | null
  readonly headers: Readonly<Record<string, string>>

  constructor(
    status: number,
    code: string,
    message: string,
    details: { innerCode?: string; headers?: Record<string, string> } = {},
  ) {
    super(message)
    this.name = 'ServiceError'
    this.status = status
    this.code = code
    this.innerCode = details.innerCode ?? null
    this.headers = details.headers ?? {}
  }
}

/** 400, as for every malformed or impossible request. */
export function badParameter(message: string): ServiceError {
  return new ServiceError(400, 'BadParameter', message)
}

/** 403 with the inner code that says why. */
export function forbidden(message: string, innerCode: string): ServiceError {
  return new ServiceError(403, 'Forbidden', message, { innerCode })
}

/** 409; most of them carry an inner code. */
export function conflict(message: string, innerCode?: string): ServiceError {
  return new ServiceError(409, 'Conflict', message, innerCode === undefined ? {} : { innerCode })
}

/** 405, which the service also answers for a path with an empty name. */
export function methodNotAllowed(method: string): ServiceError {
  return new ServiceError(405, 'MethodNotAllowed', `HTTP ${method} not allowed`)
}

/** Wrong use of the emulator itself, such as an option it cannot work with. Never sent to a client. */
export class EmulatorError extends Error {
  /** `EmulatorError`. */
  override readonly name: string = 'EmulatorError'
}
