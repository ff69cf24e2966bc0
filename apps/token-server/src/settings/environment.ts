import { invalidSetting } from './invalid-setting.ts'
import { issuerProblem } from './issuer.ts'
import type { LogLevel } from './settings.ts'

/** `process.env`, or that of a test. */
export type Environment = Readonly<Record<string, string | undefined>>

export interface EnvironmentSettings {
  readonly host: string
  readonly port: number
  readonly logLevel: LogLevel
  readonly issuer: string | null
  readonly settingsFile: string | null
  /** null if it is not set. */
  readonly hasPage: boolean | null
  readonly isProduction: boolean
}

const logLevels: readonly LogLevel[] = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']

/** Port 5000 belongs to macOS's AirPlay receiver; 3000 and 8080 are often taken. */
const defaultPort = 5001

/**
 * The settings of the environment, except those of the signing key.
 *
 * @throws SealwrightError `INVALID_ARGUMENT`
 */
export function readEnvironment(env: Environment): EnvironmentSettings {
  return {
    host: variable(env, 'HOST') ?? 'localhost',
    port: readPort(variable(env, 'PORT')),
    logLevel: readLogLevel(variable(env, 'LOG_LEVEL')),
    issuer: readIssuer(variable(env, 'ISSUER')),
    settingsFile: variable(env, 'TOKEN_SERVER_SETTINGS') ?? null,
    hasPage: readSwitch(env, 'WELCOME_PAGE'),
    isProduction: env['NODE_ENV'] === 'production',
  }
}

/**
 * The value of a variable; undefined if it is not set. An empty value is refused: it is what a failed substitution leaves.
 * Treated as "not set", it could replace the real key by a development key.
 */
export function variable(env: Environment, name: string): string | undefined {
  const value = env[name]
  if (value === '') throw invalidSetting(`${name} is empty; set a value or remove it`)
  return value
}

function readSwitch(env: Environment, name: string): boolean | null {
  const value = variable(env, name)
  if (value === undefined) return null
  if (value !== 'true' && value !== 'false') {
    throw invalidSetting(`${name} is ${JSON.stringify(value)}; it must be true or false`)
  }
  return value === 'true'
}

function readPort(value: string | undefined): number {
  if (value === undefined) return defaultPort
  const port = /^\d{1,5}$/.test(value) ? Number(value) : Number.NaN
  if (!(port <= 65_535))
    throw invalidSetting(`PORT is ${JSON.stringify(value)}; it must be a number from 0 to 65535`)
  return port
}

function readLogLevel(value: string | undefined): LogLevel {
  const level = logLevels.find((each) => each === (value ?? 'info'))
  if (level === undefined) {
    throw invalidSetting(`LOG_LEVEL is ${JSON.stringify(value)}; it must be one of ${logLevels.join(', ')}`)
  }
  return level
}

function readIssuer(value: string | undefined): string | null {
  if (value === undefined) return null
  const problem = issuerProblem(value)
  if (problem !== null) throw invalidSetting(`ISSUER ${problem}`)
  return value
}

/** Whether an address or host name is that of this machine. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || host === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(host)
}
