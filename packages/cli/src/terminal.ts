/** Where a command reads and writes. */
export interface Terminal {
  readonly stdin: AsyncIterable<Uint8Array>
  /** Results. */
  readonly out: (text: string) => void
  /** What is wrong, and help that nobody asked for. */
  readonly error: (text: string) => void
}

/**
 * One line with text in it that anybody may have written, such as a name in a file: what would move the cursor, or turn the
 * direction of writing, is shown as in JSON, `\u001b`. A line of JSON stays what it is.
 */
export function printable(line: string): string {
  return line.replaceAll(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu, (character) =>
    character
      .split('')
      .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
      .join(''),
  )
}

/** In JSON for people, and for a terminal. */
export function printableJson(value: unknown): string {
  const lines = JSON.stringify(value, null, 2).split('\n')
  return `${lines.map(printable).join('\n')}\n`
}
