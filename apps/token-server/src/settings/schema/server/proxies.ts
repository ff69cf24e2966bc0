import { z } from 'zod'
import { trustedProxyProblem } from '../../../proxies/trusted-proxies.ts'
import { orNull, type Section } from '../section.ts'
import { listOf } from './lists.ts'

/** null where nothing is known of proxies. */
export const trustedProxies: Section<readonly string[] | null> = {
  schema: orNull(listOf(trustedProxyProblem)),
  variables: { TRUSTED_PROXIES: [] },
}

export const corsOrigins: Section<readonly string[]> = {
  schema: listOf((origin) =>
    URL.canParse(origin) && new URL(origin).origin === origin && origin !== 'null'
      ? null
      : 'must be an origin such as https://app.example.com',
  ).default([]),
  variables: { CORS_ORIGINS: [] },
}

/** Seconds. */
export const drainDelay: Section<number> = {
  schema: z.int().min(0).max(300).default(0),
  variables: { DRAIN_DELAY: [] },
}
