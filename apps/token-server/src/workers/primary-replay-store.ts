import { z } from 'zod'
import type { ReplayStore, Use } from '../replay/replay-store.ts'
import type { Channel } from './channel.ts'

const topic = 'replay'

const question: z.ZodType<[clientId: string, id: string, expires: number]> = z.tuple([
  z.string(),
  z.string(),
  z.number(),
])

const answer: z.ZodType<Use> = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('first') }),
  z.object({ kind: z.literal('replay') }),
  z.object({ kind: z.literal('full'), retryAfter: z.number() }),
])

/** The identifiers that any worker has seen, in the memory of the primary. Rejects when it does not answer in time. */
export class PrimaryReplayStore implements ReplayStore {
  readonly #primary: Channel

  constructor(primary: Channel) {
    this.#primary = primary
  }

  async use(clientId: string, id: string, expires: number): Promise<Use> {
    return answer.parse(await this.#primary.ask(topic, [clientId, id, expires]))
  }
}

/** Lets the primary answer a worker's {@link PrimaryReplayStore}. */
export function answerReplays(worker: Channel, store: ReplayStore): void {
  worker.on(topic, (data) => store.use(...question.parse(data)))
}
