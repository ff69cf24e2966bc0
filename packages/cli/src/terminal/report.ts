import { highlight } from './colors.ts'
import { printable, printableJson, type Terminal } from './terminal.ts'

/** Prints a result: as JSON where `--json` is given, otherwise the lines, which may hold untrusted text. */
export function report(
  terminal: Pick<Terminal, 'out' | 'colors'>,
  json: boolean | undefined,
  result: unknown,
  lines: readonly string[],
): void {
  const shown = lines.map((line) => highlight(printable(line), terminal))
  terminal.out(json === true ? printableJson(result) : `${shown.join('\n')}\n`)
}

/** Prints lines beside a document that is on standard output. */
export function remark(terminal: Pick<Terminal, 'error'>, lines: readonly string[]): void {
  terminal.error(`${lines.map(printable).join('\n')}\n`)
}
