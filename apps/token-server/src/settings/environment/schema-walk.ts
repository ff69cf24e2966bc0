import { z } from 'zod'

/** A place in a schema; null where the schema accepts anything. */
export type Place = z.core.$ZodType | null

/** A member or an item, and its place. */
interface Step {
  readonly name: string | number
  readonly place: Place
}

/** Names that no setting has: objects inherit them from their prototype. */
const inherited: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype'])

/**
 * The member or item of a place that a part of a variable's name means; null if there is none. Names are case-insensitive, and
 * numbers are indexes of lists.
 */
export function stepInto(place: Place, part: string): Step | null {
  if (part === '' || inherited.has(part.toLowerCase())) return null
  const index = /^(?:0|[1-9]\d{0,5})$/.test(part) ? Number(part) : null
  if (place === null) return { name: index ?? part, place: null }
  for (const schema of alternatives(place)) {
    if (schema instanceof z.ZodArray && index !== null) return { name: index, place: schema.element }
    if (schema instanceof z.ZodRecord) return { name: part, place: schema.valueType }
    if (!(schema instanceof z.ZodObject)) continue
    const member = Object.entries(schema.shape).find(([name]) => name.toLowerCase() === part.toLowerCase())
    if (member !== undefined) return { name: member[0], place: member[1] }
    if (schema.def.catchall instanceof z.ZodUnknown) return { name: part, place: null }
  }
  return null
}

/** The value that the text of a variable stands for at a place. A text that fits no number stays a text, which is refused. */
export function valueOf(text: string, place: Place): string | number | boolean {
  const accepted = place === null ? [] : alternatives(place)
  if (accepted.some((each) => each instanceof z.ZodNumber) && /^-?\d{1,15}(?:\.\d{1,15})?$/.test(text)) {
    return Number(text)
  }
  if (accepted.some((each) => each instanceof z.ZodBoolean) && /^(?:true|false)$/i.test(text)) {
    return text.toLowerCase() === 'true'
  }
  return text
}

/** The schemas that a value is checked by, one of them, without what may be around them. */
function alternatives(schema: z.core.$ZodType): readonly z.core.$ZodType[] {
  if (
    schema instanceof z.ZodOptional ||
    schema instanceof z.ZodNullable ||
    schema instanceof z.ZodDefault ||
    schema instanceof z.ZodPrefault ||
    schema instanceof z.ZodReadonly
  ) {
    return alternatives(schema.unwrap())
  }
  if (schema instanceof z.ZodPipe) return alternatives(schema.in)
  if (schema instanceof z.ZodUnion) return schema.options.flatMap(alternatives)
  return [schema]
}
