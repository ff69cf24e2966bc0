/** Intervals, and seconds more, after which a seal is missing: the key may have been away for a while. */
const allowedIntervals = 10
const allowedSeconds = 60

/** Counts the tokens that no seal covers yet, and for how long. */
export class SealGap {
  /** Seconds between two seals. */
  interval = 1
  /** The time of the first token that no seal covers; null if there is none. */
  since: string | null = null
  /** How many tokens no seal covers. */
  unsealed = 0
  #sinceMark: string | null = null
  #afterMark = 0
  #isTooLong = false

  addTokens(count: number, time: string): void {
    this.unsealed += count
    this.#afterMark += count
    this.since ??= time
    this.#sinceMark ??= time
  }

  /** The next seal covers what was added so far. */
  mark(): void {
    this.#afterMark = 0
    this.#sinceMark = null
  }

  /** The tokens before the last mark are sealed. */
  seal(): void {
    this.unsealed = this.#afterMark
    this.since = this.#sinceMark
    this.#isTooLong = false
  }

  /** The stream has reached this time. */
  reach(time: string): void {
    if (this.since === null) return
    const seconds = (Date.parse(time) - Date.parse(this.since)) / 1000
    this.#isTooLong ||= seconds > allowedIntervals * this.interval + allowedSeconds
  }

  /** Whether a seal is missing. A late one covers all that was added before it: the key was away, or the machine was suspended. */
  get isTooLong(): boolean {
    return this.#isTooLong
  }
}
