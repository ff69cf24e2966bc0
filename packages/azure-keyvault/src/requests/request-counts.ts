import { isSealwrightError } from '@sealwright/core'
import type { Permission } from '../errors/service-errors.ts'
import type { CallCount, KeyVaultStatus, RetryCount } from './vault-status.ts'

/** Counts calls and retries. Adding one costs two look-ups. */
export class RequestCounts {
  readonly #calls = new Map<Permission, Map<CallCount['error'], number>>()
  readonly #retries = new Map<string, number>()
  #throttled = 0

  succeeded(operation: Permission): void {
    this.#ended(operation, null)
  }

  /** @param error what the caller gets: the reason of its signal when that has aborted */
  failed(operation: Permission, error: unknown): void {
    this.#ended(operation, isSealwrightError(error) ? error.code : 'ABORTED')
  }

  retried(reason: string): void {
    this.#retries.set(reason, (this.#retries.get(reason) ?? 0) + 1)
  }

  throttled(): void {
    this.#throttled++
  }

  status(): Pick<KeyVaultStatus, 'calls' | 'retries' | 'throttled'> {
    const calls = [...this.#calls].flatMap(([operation, results]) =>
      [...results].map(([error, count]): CallCount => ({ operation, error, count })),
    )
    const retries = [...this.#retries].map(([reason, count]): RetryCount => ({ reason, count }))
    return { calls, retries, throttled: this.#throttled }
  }

  #ended(operation: Permission, error: CallCount['error']): void {
    let results = this.#calls.get(operation)
    if (results === undefined) this.#calls.set(operation, (results = new Map()))
    results.set(error, (results.get(error) ?? 0) + 1)
  }
}
