import { z } from 'zod'
import type { AccessTokenSettings } from '../../settings.ts'
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
export const accessTokenLifetime: Section<number> = {
  schema: lifetime.default(defaultLifetime),
  isLive: true,
}

/** Ten minutes. Clocks that are further off need to be set. */
const maximumLeeway = 600

const leewayRule = `must be a whole number of seconds from 0 to ${maximumLeeway}`

export const accessTokens: Section<AccessTokenSettings> = {
  schema: z
    .strictObject({
      // A subtype of a media type (RFC 6838 §4.2), or all of it.
      typ: z
        .string()
        .regex(
          /^(?:application\/)?[A-Za-z0-9][\w!#$&^.+-]{0,126}$/,
          'must be a media type without parameters, such as at+jwt (RFC 7515 §4.1.9)',
        )
        .default('at+jwt'),
      nbfLeeway: z.int(leewayRule).min(0, leewayRule).max(maximumLeeway, leewayRule).default(0),
    })
    .prefault({}),
  isLive: true,
}
