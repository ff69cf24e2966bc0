import { z } from 'zod'
import type { OfWorker, Peers } from '../peers/peers.ts'
import type { Channel } from './channel.ts'

/** The topics of the messages. */
const collect = 'collect'
const prefix = 'peers/'

/** Milliseconds. */
const timeout = 1_000

const collected: z.ZodType<OfWorker[]> = z.array(z.object({ worker: z.int(), value: z.unknown() }))

/** A worker, which asks the others through the primary. */
export function peersThrough(primary: Channel): Peers {
  return {
    answer: (topic, value) => primary.on(prefix + topic, value),
    collect: async (topic) => collected.parse(await primary.ask(collect, topic, 2 * timeout)),
  }
}

/** Lets the primary query all workers on behalf of one. */
export function answerCollections(worker: Channel, workers: () => ReadonlyMap<number, Channel>): void {
  worker.on(collect, async (topic) => {
    const answers = [...workers()].map(async ([number, each]): Promise<readonly OfWorker[]> => {
      try {
        return [{ worker: number, value: await each.ask(prefix + String(topic), undefined, timeout) }]
      } catch {
        return []
      }
    })
    return (await Promise.all(answers)).flat().toSorted((a, b) => a.worker - b.worker)
  })
}
