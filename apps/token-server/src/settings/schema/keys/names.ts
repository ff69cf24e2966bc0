import { algorithm, keyType, type KeyTypeName } from '@sealwright/core'
import { z } from 'zod'
import { messageOf } from '../../invalid-setting.ts'

/** Calls a function that throws for a wrong value, and makes its message an issue of the setting. */
function checkedBy<T>(check: (value: string) => T): z.ZodType<T> {
  return z.string().transform((value, context): T => {
    try {
      return check(value)
    } catch (error) {
      context.addIssue(messageOf(error))
      return z.NEVER
    }
  })
}

/** A JOSE `alg`, by its own name. */
export const signingAlgorithm: z.ZodType<string> = checkedBy((name): string => algorithm(name).name)

/** A type of key that can be created. */
export const keyTypeName: z.ZodType<KeyTypeName> = checkedBy((name) => keyType(name).name)
