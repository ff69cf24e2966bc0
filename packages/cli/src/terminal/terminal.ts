/** Where a command reads and writes. */
export interface Terminal {
  readonly stdin: AsyncIterable<Uint8Array>
  /** Results. */
  readonly out: (content: string | Uint8Array) => void
  /** Errors, warnings, progress, and help that was not asked for. */
  readonly error: (text: string) => void
  /** The environment variables. */
  readonly env: Readonly<Record<string, string | undefined>>
  /** Prompts at the terminal; null without a terminal, as in a pipe or a cron job. */
  readonly questions: Questions | null
  /** Whether {@link out} may have colours. */
  readonly colors: boolean
  /** Whether {@link out} is a screen, which binary files would spoil. */
  readonly screen: boolean
}

/** Questions for the user at the terminal. */
export interface Questions {
  /** Hidden while it is typed. */
  password(message: string): Promise<string>
  /** Whether the answer is yes. */
  confirm(message: string): Promise<boolean>
  /** Whether a question waits for its answer, so that nothing else is written there. */
  readonly isAsking?: boolean
}

/** Thrown when a question is left with Ctrl-C. */
export class Cancelled extends Error {
  constructor() {
    super('cancelled; nothing was done')
    this.name = 'Cancelled'
  }
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

/** Puts a message on one line. Some have a list with one item a line. */
export function oneLine(message: string): string {
  const [first = '', ...others] = message.split(/\n\s*/)
  return others.length === 0 ? first : `${first} ${others.join('; ')}`
}

/** JSON with indentation, safe for a terminal. */
export function printableJson(value: unknown): string {
  const lines = JSON.stringify(value, null, 2).split('\n')
  return `${lines.map(printable).join('\n')}\n`
}
