/** One request as the emulator saw it. */
export interface RequestRecord {
  /** Milliseconds since the epoch, when it arrived. */
  readonly at: number
  /** Such as `keys/sign`, `challenge`, `token` or `identity`; `unknown` for a path that is no operation. */
  readonly operation: string
  /** The vault's name; null for the authority and the managed identity endpoints. */
  readonly vault: string | null
  /** The path of the URL, without the query. */
  readonly path: string
  /** The status sent, or how the connection was broken. */
  readonly outcome: number | 'reset' | 'hang' | 'truncate'
}

const capacity = 100_000

/** The requests, for tests to count. Keeps the last 100,000 requests. */
export class RequestLog {
  #records: RequestRecord[] = []

  /** Adds a request. */
  add(record: RequestRecord): void {
    this.#records.push(record)
    if (this.#records.length > capacity) this.#records = this.#records.slice(capacity / 2)
  }

  /** The requests, oldest first, of all operations or of one. */
  list(operation?: string): readonly RequestRecord[] {
    return operation === undefined
      ? [...this.#records]
      : this.#records.filter((record) => record.operation === operation)
  }

  /** How many requests there were of that operation. */
  count(operation: string): number {
    return this.list(operation).length
  }

  /** Forgets all requests. */
  clear(): void {
    this.#records = []
  }
}
