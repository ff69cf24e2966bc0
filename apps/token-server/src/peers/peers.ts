/** What one worker knows. */
export interface OfWorker {
  readonly worker: number
  /** JSON. */
  readonly value: unknown
}

/** All workers of this server, this one included. */
export interface Peers {
  /** Makes this worker answer all of them about a topic, with JSON or a promise of it. */
  answer(topic: string, value: () => unknown): void
  /** Asks all of them. Those that do not answer within a second are ignored. */
  collect(topic: string): Promise<readonly OfWorker[]>
}
