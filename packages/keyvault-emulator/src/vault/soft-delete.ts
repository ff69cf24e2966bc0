import { conflict, ServiceError } from '../protocol/errors.ts'
import type { CollectionName, Lifecycle, VaultDocument } from './records.ts'

/** The state of an object at one instant. While `deleting` or `recovering`, no read finds it. */
export type Presence = 'absent' | 'active' | 'recovering' | 'deleting' | 'deleted' | 'purging'

/** @param now milliseconds since the epoch */
export function presenceOf(record: { readonly lifecycle: Lifecycle } | null, now: number): Presence {
  if (record === null) return 'absent'
  const { lifecycle } = record
  if (lifecycle.state === 'active') return now < lifecycle.visibleAt ? 'recovering' : 'active'
  if (lifecycle.state === 'deleted') return now < lifecycle.visibleAt ? 'deleting' : 'deleted'
  return now < lifecycle.goneAt ? 'purging' : 'absent'
}

/** @throws ServiceError 404 unless the object can be read */
export function requireActive<R extends { readonly lifecycle: Lifecycle }>(
  record: R | null,
  collection: CollectionName,
  id: string,
  now: number,
): R {
  if (record === null || presenceOf(record, now) !== 'active') throw notFound(collection, id)
  return record
}

/** @throws ServiceError 404 unless the object has been deleted and can be recovered */
export function requireDeleted<R extends { readonly lifecycle: Lifecycle }>(
  record: R | null,
  collection: CollectionName,
  name: string,
  now: number,
): R & { lifecycle: { state: 'deleted'; deletedDate: number } } {
  if (record === null || presenceOf(record, now) !== 'deleted' || !isDeleted(record)) {
    throw new ServiceError(
      404,
      `${titles[collection]}NotFound`,
      `Deleted ${titles[collection]} not found: ${name}`,
    )
  }
  return record
}

/** @throws ServiceError 409 while the deletion of the object is under way */
export function requireNotDeleting(
  record: { readonly lifecycle: Lifecycle } | null,
  collection: CollectionName,
  now: number,
): void {
  if (presenceOf(record, now) !== 'deleting') return
  throw conflict(`${titles[collection]} is currently being deleted.`, 'ObjectIsBeingDeleted')
}

/**
 * Whether a new version can be created under this name.
 *
 * @throws ServiceError 409 while an object of that name is deleted or on its way
 */
export function requireCreatable(
  record: { readonly lifecycle: Lifecycle } | null,
  collection: CollectionName,
  name: string,
  now: number,
): void {
  switch (presenceOf(record, now)) {
    case 'absent':
    case 'active':
      return
    case 'deleted':
      throw conflict(
        `${titles[collection]} ${name} is currently in a deleted but recoverable state, and its name cannot be reused; in ` +
          `this state, the ${collection} can only be recovered or purged.`,
        'ObjectIsDeletedButRecoverable',
      )
    case 'recovering':
      throw conflict(
        `${titles[collection]} ${name} is currently being recovered and cannot be re-created; retry later.`,
        'ObjectIsBeingRecovered',
      )
    case 'deleting':
    case 'purging':
      throw conflict(
        `${titles[collection]} ${name} is currently being deleted and cannot be re-created; retry later.`,
        'ObjectIsBeingDeleted',
      )
  }
}

export function notFound(collection: CollectionName, id: string): ServiceError {
  return new ServiceError(
    404,
    `${titles[collection]}NotFound`,
    `A ${collection} with (name/id) ${id} was not found in this key vault. If you recently deleted this ${collection} you ` +
      'may be able to recover it using the correct recovery command. For help resolving this issue, please see ' +
      'https://go.microsoft.com/fwlink/?linkid=2125182',
  )
}

/** The records that change along with an object: a certificate takes its key and its secret along. */
export function collectionsOf(collection: CollectionName): readonly CollectionName[] {
  return collection === 'certificate' ? collections : [collection]
}

/**
 * Moves the object of that collection. A certificate takes its key and its secret with it.
 *
 * @param document is changed
 */
export function moveObjects(document: VaultDocument, collection: CollectionName, to: Lifecycle): void {
  for (const name of collectionsOf(collection)) {
    const record = document[name]
    if (record !== null) record.lifecycle = { ...to }
  }
}

/** Whether a purge has ended. */
export function isPurgeDue(document: VaultDocument, now: number): boolean {
  return collections.some((name) => document[name] !== null && presenceOf(document[name], now) === 'absent')
}

/** Drops the objects that have been purged. */
export function dropPurged(draft: VaultDocument, now: number): void {
  for (const name of collections) {
    if (presenceOf(draft[name], now) === 'absent') draft[name] = null
  }
}

const collections = ['key', 'secret', 'certificate'] as const
const titles = { key: 'Key', secret: 'Secret', certificate: 'Certificate' } as const

function isDeleted<R extends { readonly lifecycle: Lifecycle }>(
  record: R,
): record is R & { lifecycle: { state: 'deleted'; visibleAt: number; deletedDate: number } } {
  return record.lifecycle.state === 'deleted'
}
