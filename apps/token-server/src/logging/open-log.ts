import { isatty } from 'node:tty'
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

/** The log on standard output. */
export function openLog(level: LogLevel): Log {
  return logTo(new LogOutput(standardOutput()), level, isatty(process.stdout.fd))
}

/**
 * The log of a worker, which goes to its primary: lines of JSON, with the number of the worker.
 *
 * @param isTerminal whether a person reads the output of the primary
 */
export function openWorkerLog(level: LogLevel, worker: number, isTerminal: boolean): Log {
  const { logger, output } = logTo(new LogOutput(standardOutput()), level, false)
  return { logger: logger.child({ worker }), output, isTerminal }
}

/** A log on this output: lines of text for a person, otherwise lines of JSON. */
export function logTo(output: LogOutput, level: LogLevel, isTerminal: boolean): Log {
  const write = (line: string): void => output.write(isTerminal ? terminalLine(line) : line)
  return { logger: createLogger(level, { write }), output, isTerminal }
}

/** Writes whole lines of the logs of workers. */
export function linesOfWorkers({ output, isTerminal }: Log): (lines: Buffer) => void {
  if (!isTerminal) return (lines) => output.write(lines)
  return (lines) => {
    for (const line of lines.toString('utf8').split('\n')) if (line !== '') output.write(terminalLine(line))
  }
}
