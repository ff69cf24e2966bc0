import { isSealwrightError, type SealwrightError } from '@sealwright/core'
import { ItemLimitExceeded } from './limits.ts'

/** An item of a file that was skipped, so that the rest can be read. */
export interface SkippedItem {
  /** Such as `the private key "old"` or `the PEM block DSA PRIVATE KEY`. */
  readonly what: string
  /** Why it was passed over, and what to do about it where something can be done. */
  readonly reason: string
}

/**
 * What one file holds that cannot be read. An item that is malformed, of an unknown kind or too large is passed over. Limits on
 * the file, a wrong password and the caller's signal end the reading: they concern the file and not the item.
 */
export class SkippedItems {
  readonly #items: SkippedItem[] = []
  #firstError: SealwrightError | null = null

  get items(): readonly SkippedItem[] {
    return this.#items
  }

  /** @throws the error, where it is not about one item */
  add(part: string, error: unknown): void {
    if (!isAboutOneItem(error)) throw error
    this.#items.push({ what: part, reason: error.message })
    this.#firstError ??= error
  }

  /** Adds an item that is left out on purpose, which is not an error. */
  note(part: string, reason: string): void {
    this.#items.push({ what: part, reason })
  }

  /** @throws the first error, for a caller that has read nothing else from the file */
  throwFirst(): void {
    if (this.#firstError !== null) throw this.#firstError
  }
}

function isAboutOneItem(error: unknown): error is SealwrightError {
  return (
    isSealwrightError(error, 'INVALID_ENCODING') ||
    isSealwrightError(error, 'UNSUPPORTED_KEY') ||
    isSealwrightError(error, 'UNSUPPORTED_ALGORITHM') ||
    error instanceof ItemLimitExceeded
  )
}
