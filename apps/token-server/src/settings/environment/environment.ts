/** `process.env`, or that of a test. */
export type Environment = Readonly<Record<string, string | undefined>>

/** The problem of a variable that is set to nothing. */
export function emptyVariable(name: string): string {
  return `${name} is empty; set a value or remove it`
}
