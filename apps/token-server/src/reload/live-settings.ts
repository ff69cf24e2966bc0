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
   * Builds something from the settings, and builds it again before each replacement takes effect.
   *
   * @returns a function that returns what was built from the settings in effect. A request that calls it once gets all
   *   of its parts from the same settings.
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

  /** Replaces all settings at the same moment. If building anything from them fails, it rejects and nothing changes. */
  async replace(next: Settings): Promise<void> {
    const commits = await Promise.all(this.#preparations.map((prepare) => prepare(next)))
    this.#current = next
    for (const commit of commits) commit()
  }
}
