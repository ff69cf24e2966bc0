import type { ServiceRequest, ServiceResponse } from './message.ts'

/** The part of the SDK's `PipelineRequest` that is used. */
interface HttpClientRequest {
  readonly url: string
  readonly method: string
  readonly headers: Iterable<[string, string]>
  readonly body?: unknown
  readonly abortSignal?: AbortSignalLike | undefined
}

/** The SDK's own shape of an `AbortSignal`. */
interface AbortSignalLike {
  readonly aborted: boolean
  addEventListener(type: 'abort', listener: () => void): void
}

/** The SDK's `HttpHeaders`. */
interface HttpClientHeaders extends Iterable<[string, string]> {
  get(name: string): string | undefined
  has(name: string): boolean
  set(name: string, value: string | number | boolean): void
  delete(name: string): void
  toJSON(options?: { preserveCase?: boolean }): Record<string, string>
}

/** The SDK's `HttpClient`, structurally, so that the emulator depends on no version of it. */
export interface EmulatorHttpClient {
  /** Sends one request; rejects with an `AbortError` when its signal is aborted. */
  sendRequest<R extends HttpClientRequest>(
    request: R,
  ): Promise<{ request: R; status: number; headers: HttpClientHeaders; bodyAsText: string }>
}

/** Adapts a handler to the SDK's pipeline. */
export function createHttpClient(
  handle: (request: ServiceRequest) => Promise<ServiceResponse>,
): EmulatorHttpClient {
  return {
    async sendRequest(request) {
      const response = await unlessAborted(
        request.abortSignal,
        handle({
          method: request.method,
          url: new URL(request.url),
          headers: Object.fromEntries(
            [...request.headers].map(([name, value]) => [name.toLowerCase(), value]),
          ),
          body: bodyBytes(request.body),
        }),
      )
      switch (response.disruption) {
        case null:
          break
        case 'hang':
          return unlessAborted(request.abortSignal, new Promise<never>(() => {}))
        case 'reset':
        case 'truncate':
          throw connectionReset()
      }
      const bodyAsText = response.body === null ? '' : Buffer.from(response.body).toString()
      return { request, status: response.status, headers: new Headers(response.headers), bodyAsText }
    },
  }
}

function bodyBytes(body: unknown): Uint8Array {
  if (typeof body === 'string') return Buffer.from(body)
  return body instanceof Uint8Array ? body : new Uint8Array()
}

/** The error of node:https, under the name that the SDK knows transport errors by. */
function connectionReset(): Error {
  const error = Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' })
  error.name = 'RestError'
  return error
}

function unlessAborted<T>(signal: AbortSignalLike | undefined, promise: Promise<T>): Promise<T> {
  if (signal === undefined) return promise
  return new Promise((resolve, reject) => {
    const abort = (): void => {
      const error = new Error('The operation was aborted.')
      error.name = 'AbortError'
      reject(error)
    }
    if (signal.aborted) abort()
    signal.addEventListener('abort', abort)
    promise.then(resolve, reject)
  })
}

class Headers implements HttpClientHeaders {
  readonly #values: Map<string, string>

  constructor(values: Readonly<Record<string, string>>) {
    this.#values = new Map(Object.entries(values))
  }

  get(name: string): string | undefined {
    return this.#values.get(name.toLowerCase())
  }

  has(name: string): boolean {
    return this.#values.has(name.toLowerCase())
  }

  set(name: string, value: string | number | boolean): void {
    this.#values.set(name.toLowerCase(), String(value))
  }

  delete(name: string): void {
    this.#values.delete(name.toLowerCase())
  }

  toJSON(): Record<string, string> {
    return Object.fromEntries(this.#values)
  }

  [Symbol.iterator](): Iterator<[string, string]> {
    return this.#values.entries()
  }
}
