import { z } from 'zod'

/**
 * A list of texts, or one text with commas between them, as a variable has it. There `none` is an empty list.
 *
 * @param problemOf the problem with an entry, which completes "the setting …"; null for a valid one
 */
export function listOf(problemOf: (entry: string) => string | null): z.ZodType<readonly string[]> {
  return z.union([z.string(), z.array(z.string())], 'must be a list of texts').transform((value, context) => {
    if (value === 'none') return []
    const entries = typeof value === 'string' ? value.split(',').map((entry) => entry.trim()) : value
    for (const [index, entry] of entries.entries()) {
      const message = problemOf(entry)
      if (message === null) continue
      const path = typeof value === 'string' ? [] : [index]
      context.addIssue({ code: 'custom', path, message })
    }
    return entries
  })
}
