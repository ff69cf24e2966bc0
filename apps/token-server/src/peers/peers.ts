/** What one worker knows. */
export interface OfWorker {
  readonly worker: number
  /** JSON. */
  readonly value: unknown
}

/** All workers of this server, this one included. */
export interface Peers {
  /** Sets the answer of this worker to queries on a topic: JSON, or a promise of it. */
  answer(topic: string, value: () => unknown): void
  /** Queries all of them. Those that do not answer within a second are ignored. */
  collect(topic: string): Promise<readonly OfWorker[]>
}
