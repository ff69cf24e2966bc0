import { z } from 'zod'
import { redisUrlProblem, type RedisSettings } from '../../../redis/redis-url.ts'
import { orNull, type Section } from '../section.ts'

export const redis: Section<RedisSettings | null> = {
  schema: orNull(
    z.strictObject({
      url: z.string().superRefine((url, context) => {
        const problem = redisUrlProblem(url)
        if (problem !== null) context.addIssue(problem)
      }),
      keyPrefix: z
        .string()
        .regex(/^[\w.:/-]{1,100}$/, 'must be 1 to 100 letters, digits and . _ : / -')
        .default('token-server:'),
    }),
  ),
  variables: { REDIS_URL: ['url'], REDIS_KEY_PREFIX: ['keyPrefix'] },
}
