import type { z } from 'zod'

/** A top-level setting of the settings file: a single value, a list or an object. */
export interface Section<T> {
  /**
   * Checks it and fills in the defaults. Its own messages complete the sentence "the setting …", such as `must be a port`, and
   * quote no values. It accepts undefined if the setting is optional.
   */
  readonly schema: z.ZodType<T>
  /**
   * Environment variables with names of their own, and the path in the section that each of them sets. The others follow from
   * the names in the file.
   */
  readonly variables?: Readonly<Record<string, readonly string[]>>
  /** Whether a reload changes it in a running server, so that each request asks `service.settings`. Default: no. */
  readonly isLive?: true
}

/** null for a setting that is absent. */
export function orNull<T>(
  schema: z.ZodType<T>,
): z.ZodPipe<z.ZodOptional<z.ZodType<T>>, z.ZodTransform<T | null, T | undefined>> {
  return schema.optional().transform((value) => value ?? null)
}
