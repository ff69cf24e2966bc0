import { isSealwrightError, SealwrightError, type SigningKey } from '@sealwright/core'
import { untilAborted } from '@sealwright/core/internal'
import type { Settings } from '../options.ts'
import { sleep } from '../sleep.ts'
import type { Collection } from '../vault/collection.ts'
import type { ListedVersion } from '../vault/listed-version.ts'
import { newestFirst } from './newest-first.ts'

/**
 * Decides which of several creators made a key. The service has no "create if absent": a second request makes a second
 * version. So each creator looks back: the first version wins, and the other creators disable theirs. Creation times
 * are whole seconds. After a second, all creators see the same versions. If several were created in the same second, the
 * smallest id wins.
 */
export class FirstCreatorWins {
  readonly #collection: Collection
  readonly #location: string
  readonly #settings: Settings

  constructor(collection: Collection, location: string, settings: Settings) {
    this.#collection = collection
    this.#location = location
    this.#settings = settings
  }

  /**
   * Call this after a version was created. An abort ends the wait, and not the work: a second version that stayed enabled would be the
   * newest, and so the one that all others read.
   *
   * @throws SealwrightError `ALREADY_EXISTS` when another creator was first; the version is then disabled
   */
  async settle(name: string, version: string, signal: AbortSignal | undefined): Promise<void> {
    const settled = this.#settle(name, version)
    if (signal === undefined) return settled
    settled.catch(() => undefined)
    signal.throwIfAborted()
    return untilAborted(settled, signal)
  }

  async #settle(name: string, version: string): Promise<void> {
    await sleep(this.#settings.settleTime, undefined)
    let versions: readonly ListedVersion[]
    try {
      versions = await this.#collection.versions(name, { signal: undefined })
    } catch (error) {
      // Without permission to list, we rely on the service: it refuses a request while another is pending.
      if (isSealwrightError(error, 'ACCESS_DENIED')) return
      throw error
    }
    const first = versions.toSorted(newestFirst).at(-1)
    if (first === undefined || first.version === version) return
    try {
      await this.#collection.disable(name, version)
    } catch (cause) {
      throw new SealwrightError(
        'ALREADY_EXISTS',
        `another process created ${name} in ${this.#location} at the same time; disabling version ${version} failed: disable it yourself`,
        { cause },
      )
    }
    throw alreadyExists(name, this.#location)
  }

  /**
   * Reads the key of the winner. The creator of a version that is only seconds old may be about to disable it.
   *
   * @param find reads the key; `pending` while the vault is still making it
   * @returns null when the key does not exist
   */
  async read(
    name: string,
    find: () => Promise<SigningKey | 'pending' | null>,
    signal: AbortSignal | undefined,
  ): Promise<SigningKey | null> {
    const { settleTime } = this.#settings
    let found = await this.#readWhenIssued(name, find, signal)
    // Twice, because its creator may be slow to look back: two processes with different keys are worse than a wait.
    for (let look = 0; look < 2 && isYoung(found, settleTime); look++) {
      // eslint-disable-next-line no-await-in-loop -- looks again after a while
      await sleep(2 * settleTime, signal)
      // eslint-disable-next-line no-await-in-loop
      found = await this.#readWhenIssued(name, find, signal)
    }
    return found
  }

  async #readWhenIssued(
    name: string,
    find: () => Promise<SigningKey | 'pending' | null>,
    signal: AbortSignal | undefined,
  ): Promise<SigningKey | null> {
    const { creationTimeout, pollInterval } = this.#settings
    const giveUpAt = performance.now() + creationTimeout
    for (;;) {
      // eslint-disable-next-line no-await-in-loop -- asks until the answer changes
      const found = await find()
      if (found !== 'pending') return found
      if (performance.now() > giveUpAt) throw stillPending(name, this.#location)
      // eslint-disable-next-line no-await-in-loop
      await sleep(pollInterval, signal)
    }
  }
}

/** Whether its creator may still be about to disable it. The service's times are whole seconds, and its clock is not ours. */
function isYoung(key: SigningKey | null, settleTime: number): boolean {
  return (key?.createdAt?.getTime() ?? 0) > Date.now() - 3 * settleTime - 1_000
}

/** The error for a name that is taken. */
export function alreadyExists(name: string, location: string): SealwrightError {
  return new SealwrightError('ALREADY_EXISTS', `${name} already exists in ${location} and was not changed`)
}

/** The error for a certificate that the vault has not finished. */
export function stillPending(name: string, location: string): SealwrightError {
  return new SealwrightError(
    'UNAVAILABLE',
    `${name} in ${location} is pending: the vault has not finished creating it`,
    { retryAfter: 10 },
  )
}
