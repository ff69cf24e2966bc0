import type { Agent } from 'node:https'
import type { TokenCredential } from '@azure/identity'
import { SealwrightError } from '@sealwright/core'
import { defaultQuota } from './requests/quota-costs.ts'

/** How a vault is reached. Times are milliseconds. */
export interface KeyVaultOptions {
  /** Who asks. Default a `DefaultAzureCredential` of @azure/identity, which is loaded only then. */
  readonly credential?: TokenCredential | undefined
  /**
   * The agent for every connection to the vault; it should keep connections alive. Default the SDK's own, one for the
   * process, which does, and which honours HTTPS_PROXY where a given one does not.
   */
  readonly agent?: Agent | undefined
  /** For one signature, with all its attempts and waits. Default 3,000. */
  readonly deadline?: number | undefined
  /**
   * For one attempt at a signature, from request to the head of the answer; one that reads may take three times as long.
   * Default 1,000.
   */
  readonly attemptTimeout?: number | undefined
  /** For reading, creating or changing a key, with all attempts and waits. Default 30,000. */
  readonly managementDeadline?: number | undefined
  /** For the vault to finish a certificate. Default 120,000. */
  readonly creationTimeout?: number | undefined
  /** Between questions whether the certificate is finished. Default 1,000. */
  readonly pollInterval?: number | undefined
  /**
   * How long `create` waits before it looks whether it was alone. The service gives times of creation in whole seconds
   * and has no "create if absent", so no less than a second makes sure that of several creators one wins. Default 1,000.
   */
  readonly settleTime?: number | undefined
  /**
   * Requests under way at once, not counting those that make something, which are few. Default 128: enough for the full
   * quota at 300 ms an answer.
   */
  readonly maxInFlight?: number | undefined
  /** Requests that wait for their turn; more, and those that it comes too late for, are refused at once. Default 10,000. */
  readonly maxQueued?: number | undefined
  /**
   * What may be used of the vault's quota, in signatures of an RSA-2048 or EC key in software per ten seconds; others
   * weigh more. Default 4,000, the service's limit for a vault. Give each of n instances on one vault an n-th of it. New
   * keys have a quota of their own, 20 in ten seconds, of which the same part is used.
   */
  readonly quota?: number | undefined
  /** When to stop asking a vault that does not answer. */
  readonly circuitBreaker?:
    | {
        /** Failures in a row. Default 5. */
        readonly failures?: number | undefined
        /** For at least so long. Default 1,000. */
        readonly failingFor?: number | undefined
        /** How long nothing is sent before one request tries again. Default 2,000. */
        readonly coolDown?: number | undefined
      }
    | undefined
}

/** The options with their defaults. */
export interface Settings {
  readonly deadline: number
  readonly attemptTimeout: number
  readonly managementDeadline: number
  readonly creationTimeout: number
  readonly pollInterval: number
  readonly settleTime: number
  readonly maxInFlight: number
  readonly maxQueued: number
  readonly quota: number
  readonly failuresToOpen: number
  readonly failingFor: number
  readonly coolDown: number
}

/** @throws SealwrightError `INVALID_ARGUMENT` for a number that is none, or out of range */
export function settingsOf(options: KeyVaultOptions): Settings {
  const breaker = options.circuitBreaker ?? {}
  return {
    deadline: checked('deadline', options.deadline ?? 3_000, 1),
    attemptTimeout: checked('attemptTimeout', options.attemptTimeout ?? 1_000, 1),
    managementDeadline: checked('managementDeadline', options.managementDeadline ?? 30_000, 1),
    creationTimeout: checked('creationTimeout', options.creationTimeout ?? 120_000, 1),
    pollInterval: checked('pollInterval', options.pollInterval ?? 1_000, 1),
    settleTime: checked('settleTime', options.settleTime ?? 1_000, 0),
    maxInFlight: checked('maxInFlight', options.maxInFlight ?? 128, 1),
    maxQueued: checked('maxQueued', options.maxQueued ?? 10_000, 0),
    quota: checked('quota', options.quota ?? defaultQuota, 1),
    failuresToOpen: checked('circuitBreaker.failures', breaker.failures ?? 5, 1),
    failingFor: checked('circuitBreaker.failingFor', breaker.failingFor ?? 1_000, 0),
    coolDown: checked('circuitBreaker.coolDown', breaker.coolDown ?? 2_000, 1),
  }
}

/** Timers of Node take 31 bits, and fire at once for more. */
const longest = 2 ** 31 - 1

function checked(name: string, value: number, least: number): number {
  if (Number.isInteger(value) && value >= least && value <= longest) return value
  throw new SealwrightError(
    'INVALID_ARGUMENT',
    `${name} is ${value}; a whole number from ${least} to ${longest} is expected`,
  )
}
