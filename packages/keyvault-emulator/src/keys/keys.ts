import { z } from 'zod'
import { attributesBody, newAttributes, newVersionId, updateAttributes } from '../vault/attributes.ts'
import { collectionOperations, refuseManaged, requireVersion } from '../vault/collection.ts'
import { badParameter } from '../protocol/errors.ts'
import { caseless, commonMembers, type GivenAttributes } from '../protocol/body.ts'
import {
  curves,
  generateKeyMaterial,
  importKeyMaterial,
  isHsm,
  isOct,
  isRsa,
  keySize,
  publicMembers,
} from './material.ts'
import { requireCreatable } from '../vault/soft-delete.ts'
import { ok, withBody, type Answer, type Call, type Operation } from '../vault/operation.ts'
import { normalizedPolicy } from './release-policy.ts'
import type { KeyMaterial, KeyRecord, KeyVersion, ReleasePolicy, VaultDocument } from '../vault/records.ts'

const rsaOperations = ['encrypt', 'decrypt', 'sign', 'verify', 'wrapKey', 'unwrapKey']
const ecOperations = ['sign', 'verify']
const octOperations = ['wrapKey', 'unwrapKey', 'encrypt', 'decrypt', 'sign', 'verify', 'deriveKey']
const keyType = caseless(['RSA', 'RSA-HSM', 'EC', 'EC-HSM', 'oct', 'oct-HSM', 'AES'])
const operations = z.array(caseless([...rsaOperations, 'deriveKey'])).optional()
const releasePolicySchema = z
  .object({
    contentType: z.string().default('application/json; charset=utf-8'),
    data: z.string().transform(normalizedPolicy),
    immutable: z.boolean().default(false),
  })
  .optional()

const createSchema = z.object({
  ...commonMembers,
  kty: keyType,
  key_size: z.int().optional(),
  crv: caseless(Object.keys(curves)).optional(),
  public_exponent: z.int().optional(),
  key_ops: operations,
  release_policy: releasePolicySchema,
})

const importSchema = z.object({
  ...commonMembers,
  key: z.looseObject({ kty: keyType, key_ops: operations }),
  release_policy: releasePolicySchema,
  Hsm: z.boolean().optional(),
})

const updateSchema = z.object({ ...commonMembers, key_ops: operations, release_policy: releasePolicySchema })

/** Operations on keys. Cryptography is in cryptography.ts, rotation in rotation.ts. */
export const keyOperations: readonly Operation[] = [
  ...collectionOperations<KeyRecord>({
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
    handle: withBody(createSchema, createKey),
  },
  {
    name: 'keys/import',
    method: 'PUT',
    path: 'keys/{name}',
    permission: ['keys', 'import'],
    quota: 'create',
    handle: withBody(importSchema, importKey),
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
    handle: withBody(updateSchema, updateKey),
  },
]

async function createKey(call: Call<z.output<typeof createSchema>>): Promise<Answer> {
  const { body } = call
  requireNewVersion(call, call.vault.read(call.name))
  const kty = servedKeyType(call, body.kty)
  const keyOps = requestedOperations(body.key_ops, kty)
  const attributes = newAttributes(call.settings, body.attributes)
  const exportable = requireReleasable(body)
  const material = await generateKeyMaterial({
    kty,
    keySize: body.key_size,
    curve: body.crv,
    publicExponent: body.public_exponent,
  })
  return addKeyVersion(call, {
    version: newVersionId(),
    attributes,
    keyOps,
    material,
    exportable,
    managed: false,
    ...(body.tags === undefined ? {} : { tags: body.tags }),
    ...(body.release_policy === undefined ? {} : { releasePolicy: body.release_policy }),
  })
}

function importKey(call: Call<z.output<typeof importSchema>>): Answer {
  const { body } = call
  requireNewVersion(call, call.vault.read(call.name))
  const kty = servedKeyType(call, body.key.kty)
  const material = importedMaterial({ ...body.key, kty }, body.Hsm ?? false)
  const exportable = requireReleasable(body)
  return addKeyVersion(call, {
    version: newVersionId(),
    attributes: newAttributes(call.settings, body.attributes),
    keyOps: requestedOperations(body.key.key_ops, material.kty),
    material,
    exportable,
    managed: false,
    ...(body.tags === undefined ? {} : { tags: body.tags }),
    ...(body.release_policy === undefined ? {} : { releasePolicy: body.release_policy }),
  })
}

function importedMaterial(jwk: Readonly<Record<string, unknown>>, hsm: boolean): KeyMaterial {
  const material = importKeyMaterial(jwk)
  if (!hsm || isHsm(material.kty)) return material
  return { ...material, kty: isRsa(material.kty) ? 'RSA-HSM' : 'EC-HSM' }
}

/** The type that a key gets: in a managed HSM always one in hardware. @throws ServiceError 400 for oct in a vault */
function servedKeyType({ service }: Call, asked: string): string {
  const kty = asked === 'AES' ? 'oct' : asked
  if (service === 'managedHsm') return kty.endsWith('-HSM') ? kty : `${kty}-HSM`
  if (!isOct(kty)) return kty
  throw badParameter(`Key type '${asked}' is not supported. A vault has RSA, RSA-HSM, EC and EC-HSM.`)
}

function addKeyVersion(call: Call, version: KeyVersion): Answer {
  return call.vault.update(call.name, (draft) => {
    // Checked once more: another request may have come while an RSA key was made.
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

function updateKey(call: Call<z.output<typeof updateSchema>>): Answer {
  const { key_ops, attributes, tags, release_policy } = call.body
  return call.vault.update(call.name, (draft) => {
    const [record, version] = requireVersion('key', call, draft.key)
    if (key_ops !== undefined) version.keyOps = requestedOperations(key_ops, version.material.kty)
    if (release_policy !== undefined) {
      requireReleasable({ attributes: { exportable: version.exportable }, release_policy })
      if (version.releasePolicy?.immutable === true) {
        throw badParameter('AKV.SKR.1020: Immutable Key Release Policy cannot be modified.')
      }
      version.releasePolicy = release_policy
    }
    updateAttributes(version.attributes, call.settings, attributes)
    if (tags !== undefined) version.tags = tags
    return ok(keyBody(call, record, version))
  })
}

/** A `KeyBundle`. */
interface KeyBody {
  readonly key: { readonly kid: string; readonly kty: string; readonly key_ops: readonly string[] }
}

export function keyBody(call: Call, record: { readonly name: string }, version: KeyVersion): KeyBody {
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
  const hasSize = call.service === 'managedHsm' ? isOct(material.kty) : isRsa(material.kty)
  const platform = call.service === 'managedHsm' ? {} : { hsmPlatform: isHsm(material.kty) ? '2' : '0' }
  return {
    attributes: attributesBody(version.attributes, call.settings, {
      before: hasSize ? { key_size: keySize(material) } : {},
      after: { exportable: version.exportable, ...platform },
    }),
    ...(version.tags === undefined ? {} : { tags: version.tags }),
    ...(version.managed ? { managed: true } : {}),
    ...(version.releasePolicy === undefined ? {} : { release_policy: version.releasePolicy }),
  }
}

function current(record: KeyRecord): KeyVersion {
  const version = record.versions.at(-1)
  if (version === undefined) throw new Error(`the key ${record.name} has no version`)
  return version
}

/** The `key_ops` of a key: those that were asked for, or all that its type has. */
function requestedOperations(asked: readonly string[] | undefined, kty: string): string[] {
  const possible = kty.startsWith('EC') ? ecOperations : isOct(kty) ? octOperations : rsaOperations
  const impossible = asked?.find((name) => !possible.includes(name))
  if (impossible !== undefined) {
    throw badParameter(`Operation '${impossible}' is not supported by keys of type ${kty}.`)
  }
  return [...(asked ?? possible)]
}

/** Whether the key is exportable. @throws ServiceError 400 unless exactly the exportable keys have a release policy */
function requireReleasable(body: {
  readonly attributes?: GivenAttributes | undefined
  readonly release_policy?: ReleasePolicy | undefined
}): boolean {
  const exportable = body.attributes?.exportable === true
  if (exportable && body.release_policy === undefined) {
    throw badParameter('AKV.SKR.1004: Exportable keys must have release policy.')
  }
  if (!exportable && body.release_policy !== undefined) {
    throw badParameter('AKV.SKR.1005: Non-exportable keys must not have release policy.')
  }
  return exportable
}
