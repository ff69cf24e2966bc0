import {
  attributesBody,
  deletedBody,
  newAttributes,
  newVersionId,
  updateAttributes,
} from '../vault/attributes.ts'
import { readBackup, writeBackup } from '../vault/backup.ts'
import { badParameter, forbidden } from '../protocol/errors.ts'
import {
  booleanMember,
  integerMember,
  isJsonObject,
  objectMember,
  requiredString,
  stringArrayMember,
  stringMember,
  tagsMember,
} from '../protocol/json-input.ts'
import { generateKeyMaterial, importKeyMaterial, isHsm, isRsa, keySize, publicMembers } from './material.ts'
import {
  moveObjects,
  notFound,
  presenceOf,
  requireActive,
  requireCreatable,
  requireDeleted,
} from '../vault/soft-delete.ts'
import { noContent, ok, seconds, type Answer, type Call, type Operation } from '../vault/operation.ts'
import { page } from '../vault/paging.ts'
import type { KeyMaterial, KeyRecord, KeyVersion, VaultDocument } from '../vault/records.ts'

/** Keys but for what is done with them, which is in key-operations.ts, and their rotation, in key-rotation.ts. */
export const keyOperations: readonly Operation[] = [
  {
    name: 'keys/create',
    method: 'POST',
    path: 'keys/{name}/create',
    permission: ['keys', 'create'],
    quota: 'create',
    handle: createKey,
  },
  {
    name: 'keys/import',
    method: 'PUT',
    path: 'keys/{name}',
    permission: ['keys', 'import'],
    quota: 'create',
    handle: importKey,
  },
  {
    name: 'keys/get',
    method: 'GET',
    path: 'keys/{name}/{version}',
    permission: ['keys', 'get'],
    quota: 'key',
    handle: (call) => ok(keyBody(call, ...requireKeyVersion(call))),
  },
  {
    name: 'keys/update',
    method: 'PATCH',
    path: 'keys/{name}/{version}',
    permission: ['keys', 'update'],
    quota: 'key',
    handle: updateKey,
  },
  {
    name: 'keys/list',
    method: 'GET',
    path: 'keys',
    permission: ['keys', 'list'],
    quota: 'other',
    handle: listKeys,
  },
  {
    name: 'keys/listVersions',
    method: 'GET',
    path: 'keys/{name}/versions',
    permission: ['keys', 'list'],
    quota: 'other',
    handle: listKeyVersions,
  },
  {
    name: 'keys/delete',
    method: 'DELETE',
    path: 'keys/{name}',
    permission: ['keys', 'delete'],
    quota: 'key',
    handle: deleteKey,
  },
  {
    name: 'keys/getDeleted',
    method: 'GET',
    path: 'deletedkeys/{name}',
    permission: ['keys', 'get'],
    quota: 'key',
    handle: (call) => ok(deletedKeyBody(call, requireDeletedKey(call, call.vault.read(call.name)))),
  },
  {
    name: 'keys/listDeleted',
    method: 'GET',
    path: 'deletedkeys',
    permission: ['keys', 'list'],
    quota: 'other',
    handle: listDeletedKeys,
  },
  {
    name: 'keys/recover',
    method: 'POST',
    path: 'deletedkeys/{name}/recover',
    permission: ['keys', 'recover'],
    quota: 'key',
    handle: recoverKey,
  },
  {
    name: 'keys/purge',
    method: 'DELETE',
    path: 'deletedkeys/{name}',
    permission: ['keys', 'purge'],
    quota: 'key',
    handle: purgeKey,
  },
  {
    name: 'keys/backup',
    method: 'POST',
    path: 'keys/{name}/backup',
    permission: ['keys', 'backup'],
    quota: 'key',
    handle: backupKey,
  },
  {
    name: 'keys/restore',
    method: 'POST',
    path: 'keys/restore',
    permission: ['keys', 'restore'],
    quota: 'create',
    handle: restoreKey,
  },
]

const rsaOperations = ['encrypt', 'decrypt', 'sign', 'verify', 'wrapKey', 'unwrapKey']
const ecOperations = ['sign', 'verify']

async function createKey(call: Call): Promise<Answer> {
  const { body } = call
  requireNewVersion(call, call.vault.read(call.name))
  const kty = requiredString(body, 'kty')
  const keyOps = requestedOperations(stringArrayMember(body, 'key_ops'), kty)
  const attributes = newAttributes(call)
  const tags = tagsMember(body)
  refuseExportable(booleanMember(objectMember(body, 'attributes'), 'exportable'))
  const material = await generateKeyMaterial({
    kty,
    keySize: integerMember(body, 'key_size'),
    curve: stringMember(body, 'crv'),
    publicExponent: integerMember(body, 'public_exponent'),
  })
  return addKeyVersion(call, {
    version: newVersionId(),
    attributes,
    keyOps,
    material,
    exportable: false,
    managed: false,
    ...(tags === undefined ? {} : { tags }),
  })
}

function importKey(call: Call): Answer {
  const jwk = call.body['key']
  if (!isJsonObject(jwk)) throw badParameter("Property 'key' is required.")
  requireNewVersion(call, call.vault.read(call.name))
  const material = importedMaterial(jwk, booleanMember(call.body, 'Hsm') ?? false)
  const tags = tagsMember(call.body)
  refuseExportable(booleanMember(objectMember(call.body, 'attributes'), 'exportable'))
  return addKeyVersion(call, {
    version: newVersionId(),
    attributes: newAttributes(call),
    keyOps: requestedOperations(stringArrayMember(jwk, 'key_ops'), material.kty),
    material,
    exportable: false,
    managed: false,
    ...(tags === undefined ? {} : { tags }),
  })
}

function importedMaterial(jwk: Readonly<Record<string, unknown>>, hsm: boolean): KeyMaterial {
  const material = importKeyMaterial(jwk)
  if (!hsm || isHsm(material.kty)) return material
  return { ...material, kty: isRsa(material.kty) ? 'RSA-HSM' : 'EC-HSM' }
}

function addKeyVersion(call: Call, version: KeyVersion): Answer {
  return call.vault.update(call.name, (draft) => {
    // Checked once more: making an RSA key takes long enough for somebody else to have been here.
    requireNewVersion(call, draft)
    draft.key ??= newKeyRecord(call.name)
    draft.key.versions.push(version)
    return ok(keyBody(call, draft.key, version))
  })
}

export function newKeyRecord(name: string): KeyRecord {
  return { name, lifecycle: { state: 'active', visibleAt: 0 }, versions: [], rotationPolicy: null }
}

function requireNewVersion(call: Call, document: VaultDocument): void {
  requireCreatable(document.key, 'key', call.name, call.settings.now())
  if (document.key?.versions.at(-1)?.managed === true) throw managedKey('create', call.name)
}

function updateKey(call: Call): Answer {
  return call.vault.update(call.name, (draft) => {
    const [record, version] = requireKeyVersion(call, draft)
    const keyOps = stringArrayMember(call.body, 'key_ops')
    if (keyOps !== undefined) version.keyOps = requestedOperations(keyOps, version.material.kty)
    updateAttributes(version.attributes, call)
    const tags = tagsMember(call.body)
    if (tags !== undefined) version.tags = tags
    return ok(keyBody(call, record, version))
  })
}

function listKeys(call: Call): Answer {
  const now = call.settings.now()
  const records = call.vault
    .readAll()
    .flatMap(({ key }) => (key !== null && presenceOf(key, now) === 'active' ? [key] : []))
  return page(call, 'keys', records, nameKey, (record) => keyItem(call, record, current(record), false))
}

function listKeyVersions(call: Call): Answer {
  const record = call.vault.read(call.name).key
  const visible = record !== null && presenceOf(record, call.settings.now()) === 'active' ? record : null
  // Not by age: clients that want the newest have to look at `created`.
  const versions = visible?.versions.toSorted((a, b) => (a.version < b.version ? -1 : 1)) ?? []
  return page(
    call,
    `keys/${call.name}/versions`,
    versions,
    (version) => version.version,
    (version) => keyItem(call, { name: visible?.name ?? call.name }, version, true),
  )
}

function listDeletedKeys(call: Call): Answer {
  const now = call.settings.now()
  const records = call.vault
    .readAll()
    .flatMap(({ key }) => (key !== null && presenceOf(key, now) === 'deleted' ? [key] : []))
  return page(call, 'deletedkeys', records, nameKey, (record) => ({
    ...deletedMembers(call, record),
    ...keyItem(call, record, current(record), false),
  }))
}

function deleteKey(call: Call): Answer {
  return call.vault.update(call.name, (draft) => {
    const record = requireActive(draft.key, 'key', call.name, call.settings.now())
    if (current(record).managed) throw managedKey('delete', call.name)
    moveObjects(draft, 'key', {
      state: 'deleted',
      visibleAt: call.settings.now() + call.settings.timing.deletion,
      deletedDate: seconds(call.settings),
    })
    return ok(deletedKeyBody(call, record))
  })
}

function recoverKey(call: Call): Answer {
  return call.vault.update(call.name, (draft) => {
    const record = requireDeletedKey(call, draft)
    if (current(record).managed) throw managedKey('recover', call.name)
    moveObjects(draft, 'key', {
      state: 'active',
      visibleAt: call.settings.now() + call.settings.timing.recovery,
    })
    return ok(keyBody(call, record, current(record)))
  })
}

function purgeKey(call: Call): Answer {
  return call.vault.update(call.name, (draft) => {
    const record = requireDeletedKey(call, draft)
    if (current(record).managed) throw managedKey('purge', call.name)
    moveObjects(draft, 'key', {
      state: 'purged',
      goneAt: call.settings.now() + call.settings.timing.deletion,
    })
    return noContent
  })
}

function backupKey(call: Call): Answer {
  const record = requireActive(call.vault.read(call.name).key, 'key', call.name, call.settings.now())
  if (current(record).managed) throw managedKey('backup', call.name)
  return ok({ value: writeBackup({ kind: 'key', record }) })
}

function restoreKey(call: Call): Answer {
  const { record } = readBackup(call.body, 'key')
  return call.vault.update(record.name, (draft) => {
    requireCreatable(draft.key, 'key', record.name, call.settings.now())
    if (draft.key !== null) throw alreadyExists('key', record.name)
    draft.key = { ...record, lifecycle: { state: 'active', visibleAt: 0 } }
    return ok(keyBody(call, record, current(record)))
  })
}

/**
 * The key and the version that the request names, or its current version.
 *
 * @throws ServiceError 404
 */
export function requireKeyVersion(
  call: Call,
  document: VaultDocument = call.vault.read(call.name),
): [KeyRecord, KeyVersion] {
  const id = call.version === '' ? call.name : `${call.name}/${call.version}`
  const record = requireActive(document.key, 'key', id, call.settings.now())
  const version =
    call.version === ''
      ? record.versions.at(-1)
      : record.versions.find((candidate) => candidate.version === call.version)
  if (version === undefined) throw notFound('key', id)
  return [record, version]
}

/** A `KeyBundle`. */
export function keyBody(call: Call, record: { readonly name: string }, version: KeyVersion): object {
  return {
    key: {
      kid: keyId(call, record, version),
      kty: version.material.kty,
      key_ops: version.keyOps,
      ...publicMembers(version.material),
    },
    ...keyMembers(call, version),
  }
}

export function keyId(call: Call, record: { readonly name: string }, version: KeyVersion): string {
  return `${call.baseUrl}/keys/${record.name}/${version.version}`
}

/** A `KeyItem`: in a list of keys without a version in its id. */
function keyItem(
  call: Call,
  record: { readonly name: string },
  version: KeyVersion,
  versioned: boolean,
): object {
  return {
    kid: versioned ? keyId(call, record, version) : `${call.baseUrl}/keys/${record.name}`,
    ...keyMembers(call, version),
  }
}

function keyMembers(call: Call, version: KeyVersion): object {
  const { material } = version
  return {
    attributes: attributesBody(version.attributes, call.settings, {
      before: isRsa(material.kty) ? { key_size: keySize(material) } : {},
      after: { exportable: version.exportable, hsmPlatform: isHsm(material.kty) ? '2' : '0' },
    }),
    ...(version.tags === undefined ? {} : { tags: version.tags }),
    ...(version.managed ? { managed: true } : {}),
  }
}

function deletedKeyBody(call: Call, record: KeyRecord): object {
  return { ...deletedMembers(call, record), ...keyBody(call, record, current(record)) }
}

function deletedMembers(call: Call, record: KeyRecord): object {
  const deletedDate = record.lifecycle.state === 'deleted' ? record.lifecycle.deletedDate : 0
  return deletedBody(call, 'keys', record.name, deletedDate)
}

function requireDeletedKey(call: Call, document: VaultDocument): KeyRecord {
  return requireDeleted(document.key, 'key', call.name, call.settings.now())
}

function current(record: KeyRecord): KeyVersion {
  const version = record.versions.at(-1)
  if (version === undefined) throw new Error(`the key ${record.name} has no version`)
  return version
}

function nameKey(record: { readonly name: string }): string {
  return record.name.toLowerCase()
}

/** What the key may be used for: what was asked, or everything its type can. */
function requestedOperations(asked: readonly string[] | undefined, kty: string): string[] {
  const possible = kty.startsWith('EC') ? ecOperations : rsaOperations
  const impossible = asked?.find((name) => !possible.includes(name))
  if (impossible !== undefined) {
    throw badParameter(`Operation '${impossible}' is not supported by keys of type ${kty}.`)
  }
  return [...(asked ?? possible)]
}

/** Exportable keys need a release policy and attested hardware, which the emulator has not. */
function refuseExportable(exportable: boolean | undefined): void {
  if (exportable === true) throw badParameter('Exportable keys must have a release policy.')
}

function managedKey(operation: string, name: string): Error {
  return forbidden(
    `Operation ${operation} is not allowed on key ${name}: it belongs to a certificate.`,
    'KeyManagedByCertificate',
  )
}

export function alreadyExists(collection: string, name: string): Error {
  return badParameter(`The ${collection} ${name} already exists in this key vault.`)
}
