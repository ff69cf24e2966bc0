import { z } from 'zod'
import type { Audience, Resource } from '../../settings.ts'
import { signingAlgorithm } from '../keys/names.ts'
import { orNull, type Section } from '../section.ts'

/** A scope-token, RFC 6749 §3.3. */
export const scope: z.ZodType<string> = z
  .string()
  .regex(
    /^[\x21\x23-\x5b\x5d-\x7e]{1,200}$/,
    'must be printable ASCII without space, " and \\ (RFC 6749 §3.3)',
  )

/** A lone surrogate, which JSON can escape, has no UTF-8 encoding. */
const oneAudience = z
  .string()
  .min(1)
  .max(2000)
  .refine((text) => !/\p{Surrogate}/u.test(text), 'must be well-formed text, without lone surrogates')

const audience = z
  .union([oneAudience, z.array(oneAudience).min(1).max(10)])
  // A list of one is written as a string, which more APIs understand.
  .transform((value): Audience => {
    if (typeof value === 'string') return value
    const [first = '', ...others] = new Set(value)
    return others.length === 0 ? first : [first, ...others]
  })

export const resources: Section<readonly Resource[]> = {
  schema: z
    .array(
      z.strictObject({
        audience,
        scopes: z.array(scope).min(1),
        signingAlgorithm: orNull(signingAlgorithm),
      }),
    )
    .min(1),
  isLive: true,
}
