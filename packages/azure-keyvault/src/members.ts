/** A member of an answer or an error; null when it is absent or not text. */
export function textMember(value: unknown, name: string): string | null {
  const text = member(value, name)
  return typeof text === 'string' ? text : null
}

/** A member of an answer or an error; undefined when it is absent. */
export function member(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined
}
