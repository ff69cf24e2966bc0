import { z } from 'zod'
import type { LogLevel } from '../../settings.ts'
import type { Section } from '../section.ts'

export const host: Section<string> = {
  schema: z.string().min(1).default('localhost'),
  variables: { HOST: [] },
}

/** Port 5000 belongs to macOS's AirPlay receiver; 3000 and 8080 are often taken. */
const defaultPort = 5001

const portRule = 'must be a whole number from 0 to 65535'

export const port: Section<number> = {
  schema: z.int(portRule).min(0, portRule).max(65_535, portRule).default(defaultPort),
  variables: { PORT: [] },
}

const logLevels: readonly LogLevel[] = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']

export const logLevel: Section<LogLevel> = {
  schema: z.enum(logLevels, `must be one of ${logLevels.join(', ')}`).default('info'),
  variables: { LOG_LEVEL: [] },
}
