import { z } from 'zod'
import type { Section } from '../section.ts'

export const watchSettings: Section<boolean> = {
  schema: z.boolean().default(false),
  variables: { WATCH_SETTINGS: [] },
}
