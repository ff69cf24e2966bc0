/** Where a command reads and writes. */
export interface Terminal {
  readonly stdin: AsyncIterable<Uint8Array>
  /** Results. */
  readonly out: (text: string) => void
  /** Errors, and help that was not asked for. */
  readonly error: (text: string) => void
}

/**
 * A line that may contain untrusted text, such as a name from a file. Characters that move the cursor or change the
 * direction of text are shown as in JSON, such as `\u001b`. A line of JSON stays valid.
 */
export function printable(line: string): string {
  return line.replaceAll(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu, (character) =>
    character
      .split('')
      .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
      .join(''),
  )
}

/** JSON with indentation, safe for a terminal. */
export function printableJson(value: unknown): string {
  const lines = JSON.stringify(value, null, 2).split('\n')
  return `${lines.map(printable).join('\n')}\n`
}
