import {
  attributesBody,
  deletedBody,
  newAttributes,
  newVersionId,
  updateAttributes,
} from '../vault/attributes.ts'
import { readBackup, writeBackup } from '../vault/backup.ts'
import { badParameter, forbidden } from '../protocol/errors.ts'
import { requiredString, stringMember, tagsMember } from '../protocol/json-input.ts'
import { alreadyExists } from '../keys/keys.ts'
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
import { readPkcs12 } from '../x509/pkcs12.ts'
import type { SecretRecord, SecretVersion, VaultDocument } from '../vault/records.ts'
import { pem, pemContentType } from '../x509/pem.ts'

/** Secrets: those of certificates, and plain ones. */
export const secretOperations: readonly Operation[] = [
  {
    name: 'secrets/set',
    method: 'PUT',
    path: 'secrets/{name}',
    permission: ['secrets', 'set'],
    quota: 'other',
    handle: setSecret,
  },
  {
    name: 'secrets/get',
    method: 'GET',
    path: 'secrets/{name}/{version}',
    permission: ['secrets', 'get'],
    quota: 'other',
    handle: getSecret,
  },
  {
    name: 'secrets/update',
    method: 'PATCH',
    path: 'secrets/{name}/{version}',
    permission: ['secrets', 'set'],
    quota: 'other',
    handle: updateSecret,
  },
  {
    name: 'secrets/list',
    method: 'GET',
    path: 'secrets',
    permission: ['secrets', 'list'],
    quota: 'other',
    handle: (call) => listSecrets(call, 'secrets', 'active'),
  },
  {
    name: 'secrets/listVersions',
    method: 'GET',
    path: 'secrets/{name}/versions',
    permission: ['secrets', 'list'],
    quota: 'other',
    handle: listSecretVersions,
  },
  {
    name: 'secrets/delete',
    method: 'DELETE',
    path: 'secrets/{name}',
    permission: ['secrets', 'delete'],
    quota: 'other',
    handle: deleteSecret,
  },
  {
    name: 'secrets/getDeleted',
    method: 'GET',
    path: 'deletedsecrets/{name}',
    permission: ['secrets', 'get'],
    quota: 'other',
    handle: (call) => ok(deletedSecretBody(call, requireDeletedSecret(call, call.vault.read(call.name)))),
  },
  {
    name: 'secrets/listDeleted',
    method: 'GET',
    path: 'deletedsecrets',
    permission: ['secrets', 'list'],
    quota: 'other',
    handle: (call) => listSecrets(call, 'deletedsecrets', 'deleted'),
  },
  {
    name: 'secrets/recover',
    method: 'POST',
    path: 'deletedsecrets/{name}/recover',
    permission: ['secrets', 'recover'],
    quota: 'other',
    handle: recoverSecret,
  },
  {
    name: 'secrets/purge',
    method: 'DELETE',
    path: 'deletedsecrets/{name}',
    permission: ['secrets', 'purge'],
    quota: 'other',
    handle: purgeSecret,
  },
  {
    name: 'secrets/backup',
    method: 'POST',
    path: 'secrets/{name}/backup',
    permission: ['secrets', 'backup'],
    quota: 'other',
    handle: backupSecret,
  },
  {
    name: 'secrets/restore',
    method: 'POST',
    path: 'secrets/restore',
    permission: ['secrets', 'restore'],
    quota: 'other',
    handle: restoreSecret,
  },
]

/** Longest secret in bytes. */
const maximumLength = 25 * 1024

function setSecret(call: Call): Answer {
  const value = requiredString(call.body, 'value')
  if (Buffer.byteLength(value) > maximumLength) {
    throw badParameter(`The secret value is too long: at most ${maximumLength} bytes are allowed.`)
  }
  const contentType = stringMember(call.body, 'contentType')
  const tags = tagsMember(call.body)
  const version: SecretVersion = {
    version: newVersionId(),
    attributes: newAttributes(call),
    value,
    ...(contentType === undefined ? {} : { contentType }),
    managed: false,
    ...(tags === undefined ? {} : { tags }),
  }
  return call.vault.update(call.name, (draft) => {
    requireCreatable(draft.secret, 'secret', call.name, call.settings.now())
    draft.secret ??= { name: call.name, lifecycle: { state: 'active', visibleAt: 0 }, versions: [] }
    refuseManaged('set', draft.secret)
    draft.secret.versions.push(version)
    return ok({ value, ...secretMembers(call, draft.secret, version, true) })
  })
}

function getSecret(call: Call): Answer {
  const [record, version] = requireSecretVersion(call)
  if (!version.attributes.enabled) {
    throw forbidden('Operation get is not allowed on a disabled secret.', 'SecretDisabled')
  }
  const members = secretMembers(call, record, version, true)
  const asked = call.query.get('outContentType')
  if (asked === null || asked === version.contentType) return ok({ value: version.value, ...members })
  if (asked !== pemContentType || !version.managed) {
    throw badParameter(
      "The 'Unsupported' to 'PEM' transformation is not supported. Only PFX to PEM transformation is supported.",
    )
  }
  return ok({ value: pemOf(version.value), ...members, contentType: pemContentType })
}

/** PEM of a PKCS#12 that a certificate's secret holds. */
function pemOf(pkcs12: string): string {
  const { privateKeys, certificates } = readPkcs12(Buffer.from(pkcs12, 'base64'), '')
  return [
    ...privateKeys.map((key) => key.export({ format: 'pem', type: 'pkcs8' }).toString()),
    ...certificates.map((der) => pem('CERTIFICATE', der)),
  ].join('')
}

function updateSecret(call: Call): Answer {
  return call.vault.update(call.name, (draft) => {
    const [record, version] = requireSecretVersion(call, draft)
    const contentType = stringMember(call.body, 'contentType')
    if (contentType !== undefined) version.contentType = contentType
    updateAttributes(version.attributes, call)
    const tags = tagsMember(call.body)
    if (tags !== undefined) version.tags = tags
    return ok(secretMembers(call, record, version, true))
  })
}

function listSecrets(call: Call, path: string, presence: 'active' | 'deleted'): Answer {
  const now = call.settings.now()
  const records = call.vault
    .readAll()
    .flatMap(({ secret }) => (secret !== null && presenceOf(secret, now) === presence ? [secret] : []))
  return page(
    call,
    path,
    records,
    (record) => record.name.toLowerCase(),
    (record) => ({
      ...(presence === 'deleted' ? deletedMembers(call, record) : {}),
      ...secretMembers(call, record, current(record), false),
    }),
  )
}

function listSecretVersions(call: Call): Answer {
  const { secret } = call.vault.read(call.name)
  const active = secret !== null && presenceOf(secret, call.settings.now()) === 'active'
  const versions = active ? secret.versions.toSorted((a, b) => (a.version < b.version ? -1 : 1)) : []
  return page(
    call,
    `secrets/${call.name}/versions`,
    versions,
    (version) => version.version,
    (version) => secretMembers(call, { name: secret?.name ?? call.name }, version, true),
  )
}

function deleteSecret(call: Call): Answer {
  return call.vault.update(call.name, (draft) => {
    const record = requireActive(draft.secret, 'secret', call.name, call.settings.now())
    refuseManaged('delete', record)
    moveObjects(draft, 'secret', {
      state: 'deleted',
      visibleAt: call.settings.now() + call.settings.timing.deletion,
      deletedDate: seconds(call.settings),
    })
    return ok(deletedSecretBody(call, record))
  })
}

function recoverSecret(call: Call): Answer {
  return call.vault.update(call.name, (draft) => {
    const record = requireDeletedSecret(call, draft)
    refuseManaged('recover', record)
    moveObjects(draft, 'secret', {
      state: 'active',
      visibleAt: call.settings.now() + call.settings.timing.recovery,
    })
    return ok(secretMembers(call, record, current(record), true))
  })
}

function purgeSecret(call: Call): Answer {
  return call.vault.update(call.name, (draft) => {
    refuseManaged('purge', requireDeletedSecret(call, draft))
    moveObjects(draft, 'secret', {
      state: 'purged',
      goneAt: call.settings.now() + call.settings.timing.deletion,
    })
    return noContent
  })
}

function backupSecret(call: Call): Answer {
  const record = requireActive(call.vault.read(call.name).secret, 'secret', call.name, call.settings.now())
  refuseManaged('backup', record)
  return ok({ value: writeBackup({ kind: 'secret', record }) })
}

function restoreSecret(call: Call): Answer {
  const { record } = readBackup(call.body, 'secret')
  return call.vault.update(record.name, (draft) => {
    requireCreatable(draft.secret, 'secret', record.name, call.settings.now())
    if (draft.secret !== null) throw alreadyExists('secret', record.name)
    draft.secret = { ...record, lifecycle: { state: 'active', visibleAt: 0 } }
    return ok(secretMembers(call, record, current(record), true))
  })
}

/** @throws ServiceError 404 */
function requireSecretVersion(
  call: Call,
  document: VaultDocument = call.vault.read(call.name),
): [SecretRecord, SecretVersion] {
  const id = call.version === '' ? call.name : `${call.name}/${call.version}`
  const record = requireActive(document.secret, 'secret', id, call.settings.now())
  const version =
    call.version === ''
      ? record.versions.at(-1)
      : record.versions.find((candidate) => candidate.version === call.version)
  if (version === undefined) throw notFound('secret', id)
  return [record, version]
}

function requireDeletedSecret(call: Call, document: VaultDocument): SecretRecord {
  return requireDeleted(document.secret, 'secret', call.name, call.settings.now())
}

/** A `SecretBundle` but for its value, which is a `SecretItem` when its id has no version. */
function secretMembers(
  call: Call,
  record: { readonly name: string },
  version: SecretVersion,
  versioned: boolean,
): object {
  const id = versioned ? `${record.name}/${version.version}` : record.name
  return {
    ...(version.contentType === undefined ? {} : { contentType: version.contentType }),
    id: `${call.baseUrl}/secrets/${id}`,
    ...(version.managed ? { managed: true } : {}),
    attributes: attributesBody(version.attributes, call.settings),
    ...(version.tags === undefined ? {} : { tags: version.tags }),
    ...(version.managed && versioned ? { kid: `${call.baseUrl}/keys/${id}` } : {}),
  }
}

function deletedSecretBody(call: Call, record: SecretRecord): object {
  return { ...deletedMembers(call, record), ...secretMembers(call, record, current(record), true) }
}

function deletedMembers(call: Call, { name, lifecycle }: SecretRecord): object {
  return deletedBody(call, 'secrets', name, lifecycle.state === 'deleted' ? lifecycle.deletedDate : 0)
}

function current(record: SecretRecord): SecretVersion {
  const version = record.versions.at(-1)
  if (version === undefined) throw new Error(`the secret ${record.name} has no version`)
  return version
}

function refuseManaged(operation: string, record: SecretRecord): void {
  if (record.versions.at(-1)?.managed !== true) return
  throw forbidden(
    `Operation ${operation} is not allowed on secret ${record.name}: it belongs to a certificate.`,
    'SecretManagedByCertificate',
  )
}
