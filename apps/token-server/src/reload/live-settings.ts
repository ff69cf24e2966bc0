import type { Settings } from '../settings/settings.ts'

/** The settings in effect, which a reload replaces while the server runs. */
export class LiveSettings {
  #current: Settings
  readonly #preparations: ((next: Settings) => Promise<() => void>)[] = []

  constructor(settings: Settings) {
    this.#current = settings
  }

  get current(): Settings {
    return this.#current
  }

  /**
   * Makes something of the settings, and makes it again for each replacement before that takes effect.
   *
   * @returns a function that gives what was made of the settings in effect. A request that asks once has all of its parts from
   *   the same settings.
   */
  async derive<T>(make: (settings: Settings) => Promise<T>): Promise<() => T> {
    let made = await make(this.#current)
    this.#preparations.push(async (next) => {
      const replacement = await make(next)
      return () => {
        made = replacement
      }
    })
    return () => made
  }

  /** Puts other settings into effect, all at the same moment. If anything cannot be made of them, it rejects and nothing changes. */
  async replace(next: Settings): Promise<void> {
    const commits = await Promise.all(this.#preparations.map((prepare) => prepare(next)))
    this.#current = next
    for (const commit of commits) commit()
  }
}
