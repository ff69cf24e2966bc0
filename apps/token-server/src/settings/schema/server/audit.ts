import { z } from 'zod'
import { orNull, type Section } from '../section.ts'

/** Where the tokens that were issued are recorded. */
export interface AuditSettings {
  /** The folder of the audit log; null for none. */
  readonly folder: string | null
  /** Whether a token waits until its line is on disk. Default false. */
  readonly durable: boolean
  /** Seconds between two seals. Default 10. */
  readonly sealInterval: number
  /** Bytes after which the next file begins. Default 64 MiB. */
  readonly maximumFileSize: number
  /** Seconds after which the next file begins. Default a day. */
  readonly maximumFileAge: number
}

export const audit: Section<AuditSettings> = {
  schema: z
    .strictObject({
      folder: orNull(z.string().min(1)),
      durable: z.boolean().default(false),
      sealInterval: z.int().min(1).max(3600).default(10),
      maximumFileSize: z
        .int()
        .min(1024)
        .max(2 ** 40)
        .default(64 * 2 ** 20),
      maximumFileAge: z
        .int()
        .min(1)
        .max(366 * 86_400)
        .default(86_400),
    })
    .prefault({}),
  variables: { AUDIT_LOG: ['folder'] },
}
