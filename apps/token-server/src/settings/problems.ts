import { isSealwrightError, type SealwrightError } from '@sealwright/core'
import { printable } from '../printable.ts'
import { invalidSetting } from './invalid-setting.ts'

/** The rest is counted. One mistake in a generated file can be a thousand problems. */
const maximumProblems = 50

/** Characters. A setting that does not exist can have a name of any length. */
const maximumLength = 1000

/** Collects all problems of the settings, so that an administrator can correct them at once. */
export class Problems {
  readonly #found: string[] = []

  get count(): number {
    return this.#found.length
  }

  /** @param message names the setting and quotes no values */
  add(message: string): void {
    const line = printable(message)
    this.#found.push(line.length > maximumLength ? `${line.slice(0, maximumLength)}…` : line)
  }

  /** The result of a function; null if it throws for a setting, which is a problem. */
  attempt<T>(read: () => T): T | null {
    try {
      return read()
    } catch (error) {
      if (!isSealwrightError(error)) throw error
      this.add(error.message)
      return null
    }
  }

  /**
   * One error for all problems. Its message has one line for each.
   *
   * @see problemsOf
   */
  toError(): SealwrightError {
    const more = this.#found.length - maximumProblems
    return invalidSetting(
      [...this.#found.slice(0, maximumProblems), ...(more > 0 ? [`and ${more} more`] : [])].join('\n'),
    )
  }
}

/** The problems that the message of an error has, one a line. */
export function problemsOf(error: unknown): readonly string[] {
  return (error instanceof Error ? error.message : String(error)).split('\n').map(printable)
}
