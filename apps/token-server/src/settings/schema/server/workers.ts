import { availableParallelism } from 'node:os'
import { z } from 'zod'
import type { Section } from '../section.ts'

/** Far more than there are cores. */
const most = 256

const rule = `must be a whole number from 1 to ${most}, or "auto" for one on each core`

export const workers: Section<number> = {
  schema: z
    .union([z.int().min(1).max(most), z.literal('auto')], rule)
    .default(1)
    .transform((value) => (value === 'auto' ? availableParallelism() : value)),
  variables: { WORKERS: [] },
}
