import type { Logger } from 'pino'
import type { LogLevel } from '../settings/settings.ts'
import { LogOutput, standardOutput } from './log-output.ts'
import { createLogger } from './logger.ts'
import { terminalLine } from './terminal-line.ts'

export interface Log {
  readonly logger: Logger
  readonly output: LogOutput
  /** Whether a person reads the output. */
  readonly isTerminal: boolean
}

/** The log on standard output: lines of text at a terminal, lines of JSON in a file or a pipe. */
export function openLog(level: LogLevel): Log {
  const isTerminal = process.stdout.isTTY
  const output = new LogOutput(standardOutput())
  const write = (line: string): void => output.write(isTerminal ? terminalLine(line) : line)
  return { logger: createLogger(level, { write }), output, isTerminal }
}
