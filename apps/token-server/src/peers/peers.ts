/** What one process knows, of all. */
export interface OfWorker {
  /** 1 where there is one process. */
  readonly worker: number
  /** JSON. */
  readonly value: unknown
}

/** All processes of this server, this one included. */
export interface Peers {
  /** Has this process answer all of them about a topic, with JSON or a promise of it. */
  answer(topic: string, value: () => unknown): void
  /** Asks all of them. Those that do not answer within a second are left out. */
  collect(topic: string): Promise<readonly OfWorker[]>
}

/** A server of one process. */
export function alone(): Peers {
  const values = new Map<string, () => unknown>()
  return {
    answer: (topic, value) => void values.set(topic, value),
    async collect(topic) {
      const value = values.get(topic)
      return value === undefined ? [] : [{ worker: 1, value: await value() }]
    },
  }
}
