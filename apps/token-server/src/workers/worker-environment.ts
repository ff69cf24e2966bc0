import { z } from 'zod'

/** What the primary tells a worker when it starts it. */
export interface Place {
  /** From 1 to the number of workers. The replacement of a worker has its number. */
  readonly number: number
  /** Whether it is the first one of this server: it creates the key if there is none, and reports that the server listens. */
  readonly isFirst: boolean
  /** Whether a person reads the log of the primary. */
  readonly isTerminal: boolean
}

/** The environment variable it is in. */
const variable = 'TOKEN_SERVER_WORKER'

export function placeInEnvironment(place: Place): Readonly<Record<string, string>> {
  return { [variable]: JSON.stringify(place) }
}

const place: z.ZodType<Place> = z.object({ number: z.int(), isFirst: z.boolean(), isTerminal: z.boolean() })

/** The place of this worker. */
export function readPlace(env: Readonly<Record<string, string | undefined>>): Place {
  return place.parse(JSON.parse(env[variable] ?? ''))
}
