/** A request, free of any transport. */
export interface ServiceRequest {
  /** In upper case. */
  readonly method: string
  /** Absolute; its host names the vault. */
  readonly url: URL
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>
  /** Empty if absent. */
  readonly body: Uint8Array
}

/** A response, free of any transport. */
export interface ServiceResponse {
  /** The HTTP status. */
  readonly status: number
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>
  /** Null for answers without a body, such as 204. */
  readonly body: Uint8Array | null
  /**
   * How the transport spoils it, for injected faults: `reset` drops the connection instead of answering, `hang`
   * never answers, `truncate` drops the connection half-way through the body. Null: not at all.
   */
  readonly disruption: Disruption | null
}

type Disruption = 'reset' | 'hang' | 'truncate'

/** A response with a JSON body. */
export function jsonResponse(
  status: number,
  value: unknown,
  headers: Readonly<Record<string, string>> = {},
): ServiceResponse {
  return {
    status,
    headers: { 'content-type': 'application/json; charset=utf-8', ...headers },
    body: Buffer.from(JSON.stringify(value)),
    disruption: null,
  }
}
