import { isSealwrightError, SealwrightError } from '@sealwright/core'
import { provesAbsence, type Failure } from './failure.ts'

/** The purpose of a request, for messages. */
export interface Purpose {
  /** In the words of access policies, such as `keys/sign`. */
  readonly permission: Permission
  /** The object it concerns, such as `the key my-app/0123…`. */
  readonly object: string
  readonly vaultUrl: string
}

/** A permission that this package uses, in the words of access policies. */
export type Permission =
  | 'keys/get'
  | 'keys/list'
  | 'keys/sign'
  | 'keys/create'
  | 'keys/import'
  | 'keys/update'
  | 'keys/rotate'
  | 'keys/delete'
  | 'keys/recover'
  | 'keys/purge'
  | 'certificates/get'
  | 'certificates/list'
  | 'certificates/create'
  | 'certificates/import'
  | 'certificates/update'
  | 'certificates/delete'
  | 'certificates/recover'
  | 'certificates/purge'

/** The least privileged built-in role that has each permission. */
const roles: Readonly<Record<Permission, string>> = {
  'keys/get': 'Key Vault Crypto User',
  'keys/list': 'Key Vault Crypto User',
  'keys/sign': 'Key Vault Crypto User',
  'keys/create': 'Key Vault Crypto Officer',
  'keys/import': 'Key Vault Crypto Officer',
  'keys/update': 'Key Vault Crypto Officer',
  'keys/rotate': 'Key Vault Crypto Officer',
  'keys/delete': 'Key Vault Crypto Officer',
  'keys/recover': 'Key Vault Crypto Officer',
  'keys/purge': 'Key Vault Crypto Officer',
  'certificates/get': 'Key Vault Certificate User',
  'certificates/list': 'Key Vault Certificate User',
  'certificates/create': 'Key Vault Certificates Officer',
  'certificates/import': 'Key Vault Certificates Officer',
  'certificates/update': 'Key Vault Certificates Officer',
  'certificates/delete': 'Key Vault Certificates Officer',
  'certificates/recover': 'Key Vault Certificates Officer',
  'certificates/purge': 'Key Vault Certificates Officer',
}

const deletedNames = new WeakSet<Error>()

/** The one translation from the service's errors to Sealwright's. */
export function toSealwrightError(failure: Failure, purpose: Purpose): SealwrightError {
  if (isSealwrightError(failure.cause)) return failure.cause
  const { permission, object, vaultUrl } = purpose
  const where = `${permission} of ${object} in ${vaultUrl}`
  const options = {
    cause: failure.cause,
    retryAfter: failure.retryAfter === null ? undefined : Math.ceil(failure.retryAfter / 1_000),
  }
  switch (failure.status) {
    case 400:
      return new SealwrightError(
        'INVALID_ARGUMENT',
        `Key Vault refused ${where}: ${quoted(failure)}`,
        options,
      )
    case 401:
      return new SealwrightError(
        'ACCESS_DENIED',
        `${vaultUrl} did not accept the identity’s token for ${permission}: ${quoted(failure)}; ` +
          'check that the identity belongs to the tenant of the vault',
        { cause: options.cause },
      )
    case 403:
      return new SealwrightError('ACCESS_DENIED', forbidden(failure, purpose), options)
    case 404:
      return provesAbsence(failure)
        ? new SealwrightError(
            'NOT_FOUND',
            `there is no ${object.replace(/^the /, '')} in ${vaultUrl}`,
            options,
          )
        : new SealwrightError(
            'UNAVAILABLE',
            `${where} got a 404 that did not come from Key Vault; check the host and any proxy in between`,
            options,
          )
    case 409: {
      const error = new SealwrightError('ALREADY_EXISTS', conflict(failure, purpose), options)
      if (/^ObjectIs(DeletedButRecoverable|BeingDeleted)$/.test(failure.innerCode ?? ''))
        deletedNames.add(error)
      return error
    }
    case 429:
      return new SealwrightError('UNAVAILABLE', `${vaultUrl} throttles ${permission}`, {
        ...options,
        retryAfter: options.retryAfter ?? 1,
      })
    default:
      return new SealwrightError('UNAVAILABLE', `${where} failed: ${quoted(failure)}`, options)
  }
}

/** Whether the name of a new object belongs to a deleted one. */
export function isDeletedName(error: unknown): boolean {
  return isSealwrightError(error, 'ALREADY_EXISTS') && deletedNames.has(error)
}

/** Whether the vault refuses because the identity lacks a permission. A firewall and a disabled key are 403s as well. */
export function lacksPermission({ status, innerCode, message }: Failure): boolean {
  return (
    status === 403 &&
    (/^(AccessDenied|ForbiddenByRbac|ForbiddenByPolicy)$/.test(innerCode ?? '') ||
      /does not have .{1,100} permission|not authorized to perform action/i.test(message))
  )
}

function forbidden(failure: Failure, { permission, object, vaultUrl }: Purpose): string {
  if (!lacksPermission(failure)) return `${vaultUrl} refuses ${permission} of ${object}: ${quoted(failure)}`
  return (
    `${identityIn(failure.message)} lacks the permission ${permission} on ${object} in ${vaultUrl}; ` +
    `grant it in the vault's access policies, or with the role "${roles[permission]}"`
  )
}

/** The caller as the service names it, `appid=…;oid=…`. An administrator looks for these ids. */
function identityIn(message: string): string {
  const ids = ['appid', 'oid'].flatMap((name) => {
    const value = new RegExp(`\\b${name}=([0-9a-fA-F-]{1,64})`).exec(message)?.[1]
    return value === undefined ? [] : [`${name} ${value}`]
  })
  return ids.length === 0 ? 'the identity' : `the identity with ${ids.join(' and ')}`
}

function conflict(failure: Failure, { object, vaultUrl }: Purpose): string {
  switch (failure.innerCode) {
    case 'ObjectIsDeletedButRecoverable':
      return (
        `${object} in ${vaultUrl} is deleted but can be recovered, so its name is taken: recover it ` +
        '(the option recoverDeleted does that), or purge it'
      )
    case 'ObjectIsBeingDeleted':
      return `${object} in ${vaultUrl} is being deleted, so its name is still taken: try again in a few seconds`
    default:
      return `${object} already exists in ${vaultUrl}, or is being created there: ${quoted(failure)}`
  }
}

function quoted(failure: Failure): string {
  const text = failure.message.replaceAll(/\s+/g, ' ').trim().slice(0, 400)
  return failure.status === null ? text : `${text} (HTTP ${failure.status}${codes(failure)})`
}

function codes({ code, innerCode }: Failure): string {
  return [code, innerCode].flatMap((each) => (each === null ? [] : [`, ${each}`])).join('')
}
