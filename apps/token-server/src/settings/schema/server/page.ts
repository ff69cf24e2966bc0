import { z } from 'zod'
import { orNull, type Section } from '../section.ts'

/** null where it follows from the addresses of the server. */
export const welcomePage: Section<boolean | null> = {
  schema: orNull(z.boolean()),
  variables: { WELCOME_PAGE: [] },
}
