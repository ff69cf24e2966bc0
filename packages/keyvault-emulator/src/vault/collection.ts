import { z } from 'zod'
import { deletedBody } from './attributes.ts'
import { readBackup, writeBackup } from './backup.ts'
import { conflict, forbidden } from '../protocol/errors.ts'
import { noContent, ok, seconds, withBody, type Answer, type Call, type Operation } from './operation.ts'
import { page } from './paging.ts'
import type { CollectionName, Lifecycle, VaultDocument } from './records.ts'
import {
  collectionsOf,
  notFound,
  moveObjects,
  presenceOf,
  requireActive,
  requireDeleted,
  requireNotDeleting,
} from './soft-delete.ts'

/** What the records of keys, secrets and certificates have in common. */
interface ObjectRecord {
  readonly name: string
  lifecycle: Lifecycle
  readonly versions: readonly { readonly version: string; readonly managed?: boolean }[]
}

/** How keys, secrets and certificates differ in the operations that all three have. */
export interface Collection<R extends ObjectRecord> {
  readonly kind: CollectionName
  /** The object of this collection in a document. */
  readonly record: (document: VaultDocument) => R | null
  /** The quota that reading and deleting draw on. */
  readonly quota: Operation['quota']
  readonly restoreQuota: Operation['quota']
  /** The bundle of the current version. */
  readonly body: (call: Call, record: R) => object
  /** Refuses to show a deleted object by throwing; default: all are shown. */
  readonly checkRead?: (record: R) => void
  /** One entry of the list of deleted objects; default: as in the other lists. */
  readonly deletedItem?: (call: Call, record: R) => object
  /**
   * One entry of a list.
   *
   * @param version null for a certificate that has only a pending version
   * @param versioned whether the id ends in the version
   */
  readonly item: (
    call: Call,
    name: string,
    version: R['versions'][number] | null,
    versioned: boolean,
  ) => object
}

/** The operations that keys, secrets and certificates have in common: listing, soft delete, backup and restore. */
export function collectionOperations<R extends ObjectRecord>(collection: Collection<R>): Operation[] {
  const { kind, quota, restoreQuota } = collection
  const plural = `${kind}s` as const
  return [
    {
      name: `${plural}/list`,
      method: 'GET',
      path: plural,
      permission: [plural, 'list'],
      quota: 'other',
      handle: (call) => listObjects(collection, call, 'active'),
    },
    {
      name: `${plural}/listVersions`,
      method: 'GET',
      path: `${plural}/{name}/versions`,
      permission: [plural, 'list'],
      quota: 'other',
      handle: (call) => listVersions(collection, call),
    },
    {
      name: `${plural}/delete`,
      method: 'DELETE',
      path: `${plural}/{name}`,
      permission: [plural, 'delete'],
      quota,
      handle: (call) => deleteObject(collection, call),
    },
    {
      name: `${plural}/getDeleted`,
      method: 'GET',
      path: `deleted${plural}/{name}`,
      permission: [plural, 'get'],
      quota,
      handle(call) {
        const record = deletedRecord(collection, call, call.vault.read(call.name))
        collection.checkRead?.(record)
        return ok(deletedObjectBody(collection, call, record))
      },
    },
    {
      name: `${plural}/listDeleted`,
      method: 'GET',
      path: `deleted${plural}`,
      permission: [plural, 'list'],
      quota: 'other',
      handle: (call) => listObjects(collection, call, 'deleted'),
    },
    {
      name: `${plural}/recover`,
      method: 'POST',
      path: `deleted${plural}/{name}/recover`,
      permission: [plural, 'recover'],
      quota,
      handle: (call) => recoverObject(collection, call),
    },
    {
      name: `${plural}/purge`,
      method: 'DELETE',
      path: `deleted${plural}/{name}`,
      permission: [plural, 'purge'],
      quota,
      handle: (call) => purgeObject(collection, call),
    },
    {
      name: `${plural}/backup`,
      method: 'POST',
      path: `${plural}/{name}/backup`,
      permission: [plural, 'backup'],
      quota,
      handle: (call) => backUpObject(collection, call),
    },
    {
      name: `${plural}/restore`,
      method: 'POST',
      path: `${plural}/restore`,
      permission: [plural, 'restore'],
      quota: restoreQuota,
      handle: withBody(z.object({ value: z.string() }), (call) => restoreObject(collection, call)),
    },
  ]
}

/**
 * The version that the request names, or the current one.
 *
 * @throws ServiceError 404
 */
export function requireVersion<R extends ObjectRecord>(
  kind: CollectionName,
  call: Call,
  record: R | null,
): [R, R['versions'][number]] {
  const id = call.version === '' ? call.name : `${call.name}/${call.version}`
  const active = requireActive(record, kind, id, call.settings.now())
  const version = call.version === '' ? active.versions.at(-1) : findVersion(active, call.version)
  if (version === undefined) throw notFound(kind, id)
  return [active, version]
}

export function findVersion<R extends ObjectRecord>(
  record: R | null,
  version: string,
): R['versions'][number] | undefined {
  return record?.versions.find((candidate) => candidate.version === version)
}

/** @throws ServiceError 403 for the key or secret of a certificate, which only the certificate's operations change */
export function refuseManaged(kind: CollectionName, operation: string, record: ObjectRecord | null): void {
  if (record?.versions.at(-1)?.managed !== true) return
  const title = kind === 'key' ? 'Key' : 'Secret'
  throw forbidden(
    `Operation "${operation}" is not allowed as this object's lifetime is managed by Key Vault.`,
    `${title}ManagedByKeyVault`,
  )
}

function listObjects<R extends ObjectRecord>(
  { kind, record: recordOf, item, deletedItem }: Collection<R>,
  call: Call,
  presence: 'active' | 'deleted',
): Answer {
  const now = call.settings.now()
  const includePending = call.query.get('includePending') === 'true'
  const records = call.vault.readAll().flatMap((document): R[] => {
    const record = recordOf(document)
    if (record === null || presenceOf(record, now) !== presence) return []
    return record.versions.length > 0 || includePending || presence === 'deleted' ? [record] : []
  })
  return page(
    call,
    presence === 'deleted' ? `deleted${kind}s` : `${kind}s`,
    records,
    (record) => record.name.toLowerCase(),
    (record) => ({
      ...(presence === 'deleted' ? deletedBody(call, kind, record) : {}),
      ...(presence === 'deleted' && deletedItem !== undefined
        ? deletedItem(call, record)
        : item(call, record.name, record.versions.at(-1) ?? null, false)),
    }),
  )
}

function listVersions<R extends ObjectRecord>(
  { kind, record: recordOf, item }: Collection<R>,
  call: Call,
): Answer {
  const record = recordOf(call.vault.read(call.name))
  const active = record !== null && presenceOf(record, call.settings.now()) === 'active'
  const versions: R['versions'][number][] = active ? [...record.versions] : []
  return page(
    call,
    `${kind}s/${call.name}/versions`,
    // The service sorts by id, not by age: clients that want the newest compare `created`.
    versions.toSorted((a, b) => (a.version < b.version ? -1 : 1)),
    (version) => version.version,
    (version) => item(call, record?.name ?? call.name, version, true),
  )
}

function deleteObject<R extends ObjectRecord>(collection: Collection<R>, call: Call): Answer {
  const { kind } = collection
  return call.vault.update(call.name, (draft) => {
    const record = requireActive(collection.record(draft), kind, call.name, call.settings.now())
    refuseManaged(kind, 'delete', record)
    moveObjects(draft, kind, {
      state: 'deleted',
      visibleAt: call.settings.now() + call.settings.timing.deletion,
      deletedDate: seconds(call.settings),
    })
    return ok(deletedObjectBody(collection, call, record))
  })
}

function recoverObject<R extends ObjectRecord>(collection: Collection<R>, call: Call): Answer {
  const { kind, body } = collection
  return call.vault.update(call.name, (draft) => {
    requireNotDeleting(collection.record(draft), kind, call.settings.now())
    const record = deletedRecord(collection, call, draft)
    refuseManaged(kind, 'recover', record)
    moveObjects(draft, kind, {
      state: 'active',
      visibleAt: call.settings.now() + call.settings.timing.recovery,
    })
    return ok(body(call, record))
  })
}

function purgeObject<R extends ObjectRecord>(collection: Collection<R>, call: Call): Answer {
  const { kind } = collection
  return call.vault.update(call.name, (draft) => {
    requireNotDeleting(collection.record(draft), kind, call.settings.now())
    refuseManaged(kind, 'purge', deletedRecord(collection, call, draft))
    moveObjects(draft, kind, {
      state: 'purged',
      goneAt: call.settings.now() + call.settings.timing.deletion,
    })
    return noContent
  })
}

function backUpObject<R extends ObjectRecord>(collection: Collection<R>, call: Call): Answer {
  const { kind } = collection
  const document = call.vault.read(call.name)
  const record = requireActive(collection.record(document), kind, call.name, call.settings.now())
  refuseManaged(kind, 'backup', record)
  return ok({ value: writeBackup(kind, document) })
}

function restoreObject<R extends ObjectRecord>(
  collection: Collection<R>,
  call: Call<{ value: string }>,
): Answer {
  const { kind, body } = collection
  const { name, document } = readBackup(call.body.value, kind)
  return call.vault.update(name, (draft) => {
    for (const part of collectionsOf(kind)) {
      const existing = draft[part]
      if (existing === null) continue
      const version = existing.versions.at(-1)?.version ?? ''
      throw restoreConflict(part, `${call.baseUrl}/${part}s/${name}/${version}`)
    }
    Object.assign(draft, document)
    if (draft.certificate !== null) draft.certificate.pending = null
    moveObjects(draft, kind, { state: 'active', visibleAt: 0 })
    return ok(body(call, requireActive(collection.record(draft), kind, name, call.settings.now())))
  })
}

function deletedRecord<R extends ObjectRecord>(
  { kind, record }: Collection<R>,
  call: Call,
  document: VaultDocument,
): R {
  return requireDeleted(record(document), kind, call.name, call.settings.now())
}

function restoreConflict(kind: CollectionName, id: string): Error {
  return conflict(
    `There was a conflict restoring the ${kind} '${id}'. This can happen if either: a second ${kind} with the same name ` +
      `was created after the first ${kind} was deleted; thus trying to restore a ${kind} whose name is already in use. To ` +
      `fix this, rename the second ${kind} to something else so that the restore works. The second probable cause of this ` +
      `exception is when multiple operations are performed in parallel against the ${kind}. To avoid this error, perform ` +
      `operations against a ${kind} in a sequential manner.`,
  )
}

/** The bundle of a deleted object: the members of its deletion, then those of the object. */
function deletedObjectBody<R extends ObjectRecord>(
  { kind, body }: Collection<R>,
  call: Call,
  record: R,
): object {
  // A deleted key has no release policy in the recordings.
  return { ...deletedBody(call, kind, record), ...body(call, record), release_policy: undefined }
}
