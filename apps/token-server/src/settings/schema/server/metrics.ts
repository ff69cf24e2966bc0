import { z } from 'zod'
import { orNull, type Section } from '../section.ts'

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
