import { printable } from '../printable.ts'

/** The levels of pino. */
const levels: Readonly<Record<number, string>> = {
  10: 'TRACE',
  20: 'DEBUG',
  30: 'INFO',
  40: 'WARN',
  50: 'ERROR',
  60: 'FATAL',
}

/** Members that every line has and a person at the terminal does not need. */
const hidden = new Set(['level', 'time', 'pid', 'hostname', 'msg', 'err', 'reqId'])

/**
 * A line of the log for a person at a terminal, made from the JSON for files and pipes:
 * `12:30:05 INFO  answered  req=POST /connect/token statusCode=200`. Other text stays as it is: a killed worker leaves
 * half a line, and a library may print.
 */
export function terminalLine(json: string): string {
  const parsed = parseObject(json)
  if (parsed === null) return `${printable(json.trimEnd())}\n`
  const record = new Map<string, unknown>(Object.entries(parsed))
  const [level, time, msg, err] = ['level', 'time', 'msg', 'err'].map((name) => record.get(name))
  const clock = new Date(Number(time)).toTimeString().slice(0, 8)
  const details = [...record]
    .filter(([name]) => !hidden.has(name))
    .map(([name, value]) => ` ${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`)
  const line = `${clock} ${(levels[Number(level)] ?? String(level)).padEnd(5)} ${String(msg)}${details.join('')}`
  return [line.trimEnd(), ...errorLines(err), ''].map(printable).join('\n')
}

function parseObject(json: string): object | null {
  try {
    const value: unknown = JSON.parse(json)
    return typeof value === 'object' ? value : null
  } catch {
    return null
  }
}

function errorLines(error: unknown): readonly string[] {
  if (typeof error !== 'object' || error === null) return []
  const { stack, message } = error as { readonly stack?: unknown; readonly message?: unknown }
  return String(stack ?? message)
    .split('\n')
    .map((line) => `    ${line}`)
}
