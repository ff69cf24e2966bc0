import { randomUUID } from 'node:crypto'
import { badParameter } from '../protocol/errors.ts'
import type { GivenAttributes } from '../protocol/body.ts'
import { seconds, type Call, type ServiceSettings } from './operation.ts'
import type { Attributes, CollectionName, Lifecycle } from './records.ts'

/** Version and request ids: 32 lower-case hex digits. */
export function newVersionId(): string {
  return randomUUID().replaceAll('-', '')
}

/** The attributes of a new object from the `attributes` of the request. */
export function newAttributes(settings: ServiceSettings, given: GivenAttributes | undefined): Attributes {
  const now = seconds(settings)
  const attributes: Attributes = { enabled: true, created: now, updated: now }
  applyAttributes(attributes, given)
  return attributes
}

/** Applies the `attributes` of an update, and sets the time of change. */
export function updateAttributes(
  attributes: Attributes,
  settings: ServiceSettings,
  given: GivenAttributes | undefined,
): void {
  applyAttributes(attributes, given)
  attributes.updated = seconds(settings)
}

/** The attributes as the service writes them, in its order. */
export function attributesBody(
  attributes: Attributes,
  settings: ServiceSettings,
  extra: { before?: object; after?: object } = {},
): object {
  return {
    enabled: attributes.enabled,
    ...(attributes.nbf === undefined ? {} : { nbf: attributes.nbf }),
    ...(attributes.exp === undefined ? {} : { exp: attributes.exp }),
    ...extra.before,
    created: attributes.created,
    updated: attributes.updated,
    ...recoveryBody(settings),
    ...extra.after,
  }
}

function recoveryBody(settings: ServiceSettings): object {
  const days = settings.recoverableDays
  return {
    recoveryLevel: days === 90 ? 'Recoverable+Purgeable' : 'CustomizedRecoverable+Purgeable',
    recoverableDays: days,
  }
}

/** The members that every deleted object starts with. */
export function deletedBody(
  call: Call,
  kind: CollectionName,
  { name, lifecycle }: { readonly name: string; readonly lifecycle: Lifecycle },
): object {
  const deletedDate = lifecycle.state === 'deleted' ? lifecycle.deletedDate : 0
  return {
    recoveryId: `${call.baseUrl}/deleted${kind}s/${name}`,
    deletedDate,
    scheduledPurgeDate: deletedDate + call.settings.recoverableDays * 86_400,
  }
}

function applyAttributes(attributes: Attributes, { enabled, nbf, exp }: GivenAttributes = {}): void {
  attributes.enabled = enabled ?? attributes.enabled
  if (nbf !== undefined) attributes.nbf = nbf
  if (exp !== undefined) attributes.exp = exp
  if (attributes.nbf !== undefined && attributes.exp !== undefined && attributes.nbf >= attributes.exp) {
    throw badParameter("The 'nbf' attribute must be earlier than the 'exp' attribute.")
  }
}
