import { isSealwrightError, SealwrightError } from '@sealwright/core'
import { aWholeNumber, optionsOf } from '@sealwright/core/internal'

/**
 * A limit that one item of a file exceeds, such as a key. The other items can still be read. Limits on the file as a whole are
 * plain errors, and end the reading.
 */
export class ItemLimitExceeded extends SealwrightError {
  constructor(message: string, cause?: unknown) {
    super('LIMIT_EXCEEDED', message, { cause })
  }
}

/**
 * @param found such as `the file has 2000 bytes`
 * @param name of the limit, as the caller sets it
 */
export function fileLimitExceeded(found: string, limit: number, name: string): SealwrightError {
  return new SealwrightError('LIMIT_EXCEEDED', messageOf(found, limit, name))
}

/** The same for one item. */
export function itemLimitExceeded(found: string, limit: number, name: string): ItemLimitExceeded {
  return new ItemLimitExceeded(messageOf(found, limit, name))
}

/** Reads an item that has limits of its own. */
export function readItem<T>(read: () => T): T {
  try {
    return read()
  } catch (error) {
    throw itemError(error)
  }
}

/** The same, for an item that is read in slices. */
export async function readItemInSlices<T>(read: () => Promise<T>): Promise<T> {
  try {
    return await read()
  } catch (error) {
    throw itemError(error)
  }
}

function itemError(error: unknown): unknown {
  return isSealwrightError(error, 'LIMIT_EXCEEDED') ? new ItemLimitExceeded(error.message, error) : error
}

function messageOf(found: string, limit: number, name: string): string {
  return `${found}; at most ${limit} are allowed; limits.${name} raises the limit`
}

/**
 * The given limits, with the default for each that is absent.
 *
 * @throws SealwrightError `INVALID_ARGUMENT` for unknown names, and all but whole numbers: NaN would limit nothing
 */
export function resolveLimits<T extends object>(defaults: T, limits: Partial<T> = {}): T {
  const names = Object.keys(defaults)
  optionsOf(Object.fromEntries(names.map((name) => [name, aLimit])))('limits', limits)
  const given = Object.entries(limits).filter(([, value]) => value !== undefined)
  return { ...defaults, ...Object.fromEntries(given) }
}

const aLimit = aWholeNumber(0, Number.MAX_SAFE_INTEGER)
