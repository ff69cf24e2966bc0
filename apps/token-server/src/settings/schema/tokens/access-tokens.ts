import { z } from 'zod'
import type { Section } from '../section.ts'

const defaultLifetime = 3600

/** One day. Tokens cannot be revoked, so a client requests a new one instead. */
const maximumLifetime = 86_400

const lifetimeRule = `must be a whole number of seconds from 1 to ${maximumLifetime}`

/** The lifetime of access tokens, in seconds. */
export const lifetime: z.ZodType<number> = z
  .int(lifetimeRule)
  .min(1, lifetimeRule)
  .max(maximumLifetime, lifetimeRule)

/** That of clients without their own. */
export const accessTokenLifetime: Section<number> = { schema: lifetime.default(defaultLifetime) }
