import type { Agent } from 'node:https'
import type { TokenCredential } from '@azure/identity'
import {
  aBoolean,
  anObject,
  aWholeNumber,
  hasMethod,
  must,
  optionsOf,
  type Check,
} from '@sealwright/core/internal'
import { defaultQuota } from './requests/quota-costs.ts'
import type { RequestLimits } from './requests/request-limits.ts'

/** How a vault is reached. Times are milliseconds. */
export interface KeyVaultOptions {
  /** The identity that signs in. Default: a `DefaultAzureCredential` of @azure/identity, which is loaded only then. */
  readonly credential?: TokenCredential | undefined
  /**
   * The agent for every connection to the vault. It should keep connections alive. Default: the SDK's own agent, which the
   * process shares. That one honours HTTPS_PROXY; an agent given here does not.
   */
  readonly agent?: Agent | undefined
  /** For one signature, including all attempts and waits. Default 3,000. */
  readonly deadline?: number | undefined
  /**
   * For the first attempt at a signature, until the head of the answer. Each further attempt gets twice as long, and
   * the last one gets the remaining time. Attempts get more time when the vault has been slow lately, and attempts to
   * read get three times as long. Default 1,000.
   */
  readonly attemptTimeout?: number | undefined
  /** For reading, creating or changing a key, with all attempts and waits. Default 30,000. */
  readonly managementDeadline?: number | undefined
  /** The time for the vault to issue a certificate, or to delete one before it is recovered. Default 120,000. */
  readonly creationTimeout?: number | undefined
  /** The time between two checks whether a certificate is finished. Default 1,000. */
  readonly pollInterval?: number | undefined
  /**
   * The time after which `create` checks that no other process made the key too. The service has no "create if absent"
   * and gives creation times in whole seconds, so one creator wins only with a second or more. Default 1,000.
   */
  readonly settleTime?: number | undefined
  /**
   * Whether `getOrCreate`, and so `openSigningKey` with `create`, recovers a deleted key that still has the name. Needs
   * the permission to recover. Default false: a deleted key is an error.
   */
  readonly recoverDeleted?: boolean | undefined
  /**
   * The maximum number of concurrent requests, apart from those that create something. Default 128, enough for the
   * whole quota at 300 ms an answer.
   */
  readonly maxInFlight?: number | undefined
  /** The maximum number of requests in the queue; further ones are refused at once. Default 10,000. */
  readonly maxQueued?: number | undefined
  /**
   * The most that this process uses of the vault's quota, in signatures of an RSA-2048 or EC key in software per ten
   * seconds. Other keys cost more. Processes that share a vault divide its quota without configuration; this caps the share of
   * this process. New keys have their own quota, 20 in ten seconds, and the cap applies to it in proportion. Default 4,000, the
   * service's limit.
   */
  readonly quota?: number | undefined
  /** Circuit breaker settings: when to stop sending requests to a vault that does not answer. */
  readonly circuitBreaker?:
    | {
        /** Failures in a row. Default 5. */
        readonly failures?: number | undefined
        /** The least time from the first failure to the last. Default 1,000. */
        readonly failingFor?: number | undefined
        /** How long nothing is sent before one request tries again. Default 2,000. */
        readonly coolDown?: number | undefined
      }
    | undefined
}

/** The options with their defaults. */
export interface Settings extends RequestLimits {
  readonly attemptTimeout: number
  readonly managementDeadline: number
  readonly creationTimeout: number
  readonly pollInterval: number
  readonly settleTime: number
  readonly recoverDeleted: boolean
}

/** Node's timers take 31 bits; longer ones fire at once. */
const longest = 2 ** 31 - 1
const count = aWholeNumber(1, longest)
const milliseconds = aWholeNumber(1, longest, 'milliseconds')
const anyMilliseconds = aWholeNumber(0, longest, 'milliseconds')

/** A check for each member of {@link KeyVaultOptions}. */
export const keyVaultMembers: Readonly<Record<string, Check>> = {
  credential: must('a TokenCredential; new DefaultAzureCredential() of @azure/identity is one', (value) =>
    hasMethod(value, 'getToken'),
  ),
  agent: anObject,
  deadline: milliseconds,
  attemptTimeout: milliseconds,
  managementDeadline: milliseconds,
  creationTimeout: milliseconds,
  pollInterval: milliseconds,
  settleTime: anyMilliseconds,
  recoverDeleted: aBoolean,
  maxInFlight: count,
  maxQueued: aWholeNumber(0, longest),
  quota: count,
  circuitBreaker: optionsOf({ failures: count, failingFor: anyMilliseconds, coolDown: milliseconds }),
}

/** Completes options that have been checked. */
export function settingsOf(options: KeyVaultOptions): Settings {
  const breaker = options.circuitBreaker ?? {}
  return {
    deadline: options.deadline ?? 3_000,
    attemptTimeout: options.attemptTimeout ?? 1_000,
    managementDeadline: options.managementDeadline ?? 30_000,
    creationTimeout: options.creationTimeout ?? 120_000,
    pollInterval: options.pollInterval ?? 1_000,
    settleTime: options.settleTime ?? 1_000,
    recoverDeleted: options.recoverDeleted ?? false,
    maxInFlight: options.maxInFlight ?? 128,
    maxQueued: options.maxQueued ?? 10_000,
    quota: options.quota ?? defaultQuota,
    failuresToOpen: breaker.failures ?? 5,
    failingFor: breaker.failingFor ?? 1_000,
    coolDown: breaker.coolDown ?? 2_000,
  }
}
