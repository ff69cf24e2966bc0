import { z } from 'zod'
import { attributesBody, newAttributes, newVersionId, updateAttributes } from '../vault/attributes.ts'
import { collectionOperations, refuseManaged, requireVersion } from '../vault/collection.ts'
import { badParameter, forbidden } from '../protocol/errors.ts'
import { commonMembers } from '../protocol/body.ts'
import { requireCreatable } from '../vault/soft-delete.ts'
import { ok, withBody, type Answer, type Call, type Operation } from '../vault/operation.ts'
import { readPkcs12 } from '../x509/pkcs12.ts'
import type { SecretRecord, SecretVersion } from '../vault/records.ts'
import { pem, pemContentType } from '../x509/pem.ts'

const updateSchema = z.object({ ...commonMembers, contentType: z.string().optional() })
const setSchema = updateSchema.extend({ value: z.string() })

/** Secrets: those of certificates, and plain ones. */
export const secretOperations: readonly Operation[] = [
  ...collectionOperations<SecretRecord>({
    kind: 'secret',
    record: (document) => document.secret,
    quota: 'other',
    restoreQuota: 'other',
    checkRead: (record) => refuseDisabled(current(record)),
    body: (call, record) => secretMembers(call, record.name, current(record), true),
    item: (call, name, version, versioned) =>
      version === null ? {} : secretMembers(call, name, version, versioned),
  }),
  {
    name: 'secrets/set',
    method: 'PUT',
    path: 'secrets/{name}',
    permission: ['secrets', 'set'],
    quota: 'other',
    handle: withBody(setSchema, setSecret),
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
    handle: withBody(updateSchema, updateSecret),
  },
]

/** Longest secret in bytes. */
const maximumLength = 25 * 1024

function setSecret(call: Call<z.output<typeof setSchema>>): Answer {
  const { value, contentType, attributes, tags } = call.body
  if (Buffer.byteLength(value) > maximumLength) {
    throw badParameter(`The secret value is too long: at most ${maximumLength} bytes are allowed.`)
  }
  const version: SecretVersion = {
    version: newVersionId(),
    attributes: newAttributes(call.settings, attributes),
    value,
    ...(contentType === undefined ? {} : { contentType }),
    managed: false,
    ...(tags === undefined ? {} : { tags }),
  }
  return call.vault.update(call.name, (draft) => {
    requireCreatable(draft.secret, 'secret', call.name, call.settings.now())
    draft.secret ??= { name: call.name, lifecycle: { state: 'active', visibleAt: 0 }, versions: [] }
    refuseManaged('secret', 'set', draft.secret)
    draft.secret.versions.push(version)
    return ok({ value, ...secretMembers(call, draft.secret.name, version, true) })
  })
}

function getSecret(call: Call): Answer {
  const [record, version] = requireVersion('secret', call, call.vault.read(call.name).secret)
  refuseDisabled(version)
  const members = secretMembers(call, record.name, version, true)
  const asked = call.query.get('outContentType')
  if (asked === null || asked === version.contentType) return ok({ value: version.value, ...members })
  if (asked !== pemContentType || !version.managed) {
    throw badParameter(
      "The 'Unsupported' to 'PEM' transformation is not supported. Only PFX to PEM transformation is supported.",
    )
  }
  return ok({ value: pemOf(version.value), ...members, contentType: pemContentType })
}

function refuseDisabled(version: SecretVersion): void {
  if (version.attributes.enabled) return
  throw forbidden('Operation get is not allowed on a disabled secret.', 'SecretDisabled')
}

/** PEM of a PKCS#12 that a certificate's secret holds. */
function pemOf(pkcs12: string): string {
  const { privateKeys, certificates } = readPkcs12(Buffer.from(pkcs12, 'base64'), '')
  return [
    ...privateKeys.map((key) => key.export({ format: 'pem', type: 'pkcs8' }).toString()),
    ...certificates.map((der) => pem('CERTIFICATE', der)),
  ].join('')
}

function updateSecret(call: Call<z.output<typeof updateSchema>>): Answer {
  const { contentType, attributes, tags } = call.body
  return call.vault.update(call.name, (draft) => {
    const [record, version] = requireVersion('secret', call, draft.secret)
    if (contentType !== undefined) version.contentType = contentType
    updateAttributes(version.attributes, call.settings, attributes)
    if (tags !== undefined) version.tags = tags
    return ok(secretMembers(call, record.name, version, true))
  })
}

/** A `SecretBundle` but for its value, which is a `SecretItem` when its id has no version. */
function secretMembers(call: Call, name: string, version: SecretVersion, versioned: boolean): object {
  const id = versioned ? `${name}/${version.version}` : name
  return {
    ...(version.contentType === undefined ? {} : { contentType: version.contentType }),
    id: `${call.baseUrl}/secrets/${id}`,
    ...(version.managed ? { managed: true } : {}),
    attributes: attributesBody(version.attributes, call.settings),
    ...(version.tags === undefined ? {} : { tags: version.tags }),
    ...(version.managed && versioned ? { kid: `${call.baseUrl}/keys/${id}` } : {}),
  }
}

function current(record: SecretRecord): SecretVersion {
  const version = record.versions.at(-1)
  if (version === undefined) throw new Error(`the secret ${record.name} has no version`)
  return version
}
