import { attributesBody, newAttributes, newVersionId, updateAttributes } from '../vault/attributes.ts'
import { collectionOperations, refuseManaged, requireVersion } from '../vault/collection.ts'
import { badParameter } from '../protocol/errors.ts'
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
import { requireCreatable } from '../vault/soft-delete.ts'
import { ok, type Answer, type Call, type Operation } from '../vault/operation.ts'
import type { KeyMaterial, KeyRecord, KeyVersion, VaultDocument } from '../vault/records.ts'

/** Keys but for what is done with them, which is in key-operations.ts, and their rotation, in key-rotation.ts. */
export const keyOperations: readonly Operation[] = [
  ...collectionOperations({
    kind: 'key',
    record: (document) => document.key,
    quota: 'key',
    restoreQuota: 'create',
    body: (call, record) => keyBody(call, record, current(record)),
    item: (call, name, version, versioned) => ({
      kid: `${call.baseUrl}/keys/${name}${versioned && version !== null ? `/${version.version}` : ''}`,
      ...(version === null ? {} : keyMembers(call, version)),
    }),
  }),
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
    handle: (call) => ok(keyBody(call, ...requireVersion('key', call, call.vault.read(call.name).key))),
  },
  {
    name: 'keys/update',
    method: 'PATCH',
    path: 'keys/{name}/{version}',
    permission: ['keys', 'update'],
    quota: 'key',
    handle: updateKey,
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
  refuseManaged('key', 'create', document.key)
}

function updateKey(call: Call): Answer {
  return call.vault.update(call.name, (draft) => {
    const [record, version] = requireVersion('key', call, draft.key)
    const keyOps = stringArrayMember(call.body, 'key_ops')
    if (keyOps !== undefined) version.keyOps = requestedOperations(keyOps, version.material.kty)
    updateAttributes(version.attributes, call)
    const tags = tagsMember(call.body)
    if (tags !== undefined) version.tags = tags
    return ok(keyBody(call, record, version))
  })
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

function current(record: KeyRecord): KeyVersion {
  const version = record.versions.at(-1)
  if (version === undefined) throw new Error(`the key ${record.name} has no version`)
  return version
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
