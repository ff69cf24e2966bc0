import { z } from 'zod'
import { isLoopback, isWildcard } from '../../loopback.ts'
import { orNull, type Section } from '../section.ts'
import type { ReferenceProblem } from '../tokens/references.ts'

/** Where the metrics are served. */
export interface MetricsSettings {
  /** The port; 0 for any free port, null for no metrics. */
  readonly port: number | null
  /** The address. Default `localhost`. */
  readonly host: string
}

const portRule = 'must be a whole number from 0 to 65535'

export const metrics: Section<MetricsSettings> = {
  schema: z
    .strictObject({
      port: orNull(z.int(portRule).min(0, portRule).max(65_535, portRule)),
      host: z.string().min(1).default('localhost'),
    })
    .prefault({}),
  variables: { METRICS_PORT: ['port'], METRICS_HOST: ['host'] },
}

/** The metrics have a port of their own. With 0 each gets another one. */
export function metricsProblems(sections: {
  readonly host?: string | undefined
  readonly port?: number | undefined
  readonly metrics?: MetricsSettings | undefined
}): readonly ReferenceProblem[] {
  const { host, port, metrics: own } = sections
  if (host === undefined || own === undefined || port === 0 || own.port !== port) return []
  const isShared = [host, own.host].some(isWildcard) || host === own.host
  if (!isShared && !(isLoopback(host) && isLoopback(own.host))) return []
  return [{ path: ['metrics', 'port'], message: 'must be another port than PORT' }]
}
