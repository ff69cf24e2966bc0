import { z } from 'zod'
import { newAttributes, newVersionId, updateAttributes } from '../vault/attributes.ts'
import { collectionOperations, findVersion } from '../vault/collection.ts'
import {
  certificateBody,
  certificateItem,
  deletedCertificateItem,
  pendingBody,
  pendingHeaders,
  requireCertificate,
  requireCertificateVersion,
} from './bodies.ts'
import { readCertificateFile } from './import-file.ts'
import { addCertificateVersion } from './issuance.ts'
import { certificationRequest } from './renewal.ts'
import { completePolicy, isGiven, policyBody, policySchema, type GivenPolicy } from './policy.ts'
import { policyOfFile } from './imported-policy.ts'
import { badParameter, conflict } from '../protocol/errors.ts'
import { commonMembers } from '../protocol/body.ts'
import { generateKeyMaterial, materialOf, softwareKeyType } from '../keys/material.ts'
import { requireCreatable } from '../vault/soft-delete.ts'
import { ok, withBody, type Answer, type Call, type Operation } from '../vault/operation.ts'
import type { CertificateRecord, KeyMaterial, VaultDocument } from '../vault/records.ts'

const createSchema = z.object({
  ...commonMembers,
  policy: policySchema.optional(),
  preserveCertOrder: z.boolean().optional(),
})
const importSchema = createSchema.extend({ value: z.string(), pwd: z.string().optional() })

/**
 * Certificates. Pending ones are in pending.ts, contacts and issuers in
 * contacts-and-issuers.ts.
 */
export const certificateOperations: readonly Operation[] = [
  ...collectionOperations<CertificateRecord>({
    kind: 'certificate',
    record: (document) => document.certificate,
    quota: 'other',
    restoreQuota: 'create',
    body: (call, record) => certificateBody(call, record, record.versions.at(-1) ?? null),
    item: certificateItem,
    deletedItem: deletedCertificateItem,
  }),
  {
    name: 'certificates/create',
    method: 'POST',
    path: 'certificates/{name}/create',
    permission: ['certificates', 'create'],
    quota: 'create',
    handle: withBody(createSchema, createCertificate),
  },
  {
    name: 'certificates/import',
    method: 'POST',
    path: 'certificates/{name}/import',
    permission: ['certificates', 'import'],
    quota: 'create',
    handle: withBody(importSchema, importCertificate),
  },
  {
    name: 'certificates/get',
    method: 'GET',
    path: 'certificates/{name}/{version}',
    permission: ['certificates', 'get'],
    quota: 'other',
    handle(call) {
      const current = call.version === ''
      return ok(
        certificateBody(call, ...requireCertificateVersion(call), { policy: current, pending: current }),
      )
    },
  },
  {
    name: 'certificates/update',
    method: 'PATCH',
    path: 'certificates/{name}/{version}',
    permission: ['certificates', 'update'],
    quota: 'other',
    handle: withBody(createSchema, updateCertificate),
  },
  {
    name: 'certificates/getPolicy',
    method: 'GET',
    path: 'certificates/{name}/policy',
    permission: ['certificates', 'get'],
    quota: 'other',
    handle(call) {
      const record = requireCertificate(call, call.vault.read(call.name))
      return ok(policyBody(call, record.name, record.policy))
    },
  },
  {
    name: 'certificates/updatePolicy',
    method: 'PATCH',
    path: 'certificates/{name}/policy',
    permission: ['certificates', 'update'],
    quota: 'other',
    handle: withBody(policySchema, updatePolicy),
  },
]

async function createCertificate(call: Call<z.output<typeof createSchema>>): Promise<Answer> {
  const { policy: given, attributes, tags } = call.body
  const before = call.vault.read(call.name)
  requireNewVersion(call, before)
  if (!isGiven(given) && before.certificate === null) throw badParameter("Property 'policy' is required.")
  const policy = completePolicy(call, given ?? {}, before.certificate?.policy ?? null)
  const material = reusedMaterial(policy, before) ?? (await newMaterial(policy))
  const signedByVault = policy.issuer.name !== 'Unknown'
  return call.vault.update(call.name, (draft) => {
    // Checked once more: another request may have come while an RSA key was made.
    requireNewVersion(call, draft)
    const record = (draft.certificate ??= newCertificateRecord(call.name, policy))
    record.policy = policy
    record.preserveCertOrder = call.body.preserveCertOrder ?? false
    const shared = {
      attributes: newAttributes(call.settings, attributes),
      ...(tags === undefined ? {} : { tags }),
    }
    record.unissued = { version: newVersionId(), ...structuredClone(shared) }
    record.pending = {
      requestId: newVersionId(),
      issuer: policy.issuer.name,
      csr: certificationRequest(policy, material).toString('base64'),
      material,
      ...shared,
      status: 'inProgress',
      cancellationRequested: false,
      endsAt: signedByVault ? call.settings.now() + call.settings.timing.issuance : null,
    }
    return {
      status: 202,
      body: pendingBody(call, record, record.pending),
      headers: {
        ...pendingHeaders(record.pending),
        location:
          `${call.baseUrl}/certificates/${record.name}/pending?api-version=${call.apiVersion}` +
          `&request_id=${record.pending.requestId}`,
      },
    }
  })
}

function importCertificate(call: Call<z.output<typeof importSchema>>): Answer {
  const { value, pwd = '', policy: given = {}, attributes, tags } = call.body
  const before = call.vault.read(call.name)
  requireNewVersion(call, before)
  const file = readCertificateFile(value, pwd)
  const policy = policyOfFile(call, file, given)
  const material = materialOf(softwareKeyType(file.privateKey), file.privateKey)
  return call.vault.update(call.name, (draft) => {
    const record = (draft.certificate ??= newCertificateRecord(call.name, policy))
    record.policy = policy
    record.preserveCertOrder = call.body.preserveCertOrder ?? false
    const version = addCertificateVersion(draft, record, call.settings.now(), {
      policy,
      material,
      chain: file.chain,
      ...(record.preserveCertOrder && { secretChain: file.inFileOrder }),
      enabled: attributes?.enabled ?? true,
      tags,
    })
    return ok(certificateBody(call, ...requireCertificateVersion({ ...call, version }, draft)))
  })
}

function updateCertificate(call: Call<z.output<typeof createSchema>>): Answer {
  const { policy, attributes, tags } = call.body
  return call.vault.update(call.name, (draft) => {
    const [record, version] = requireCertificateVersion(call, draft)
    const parts =
      version === null
        ? [record.pending, record.unissued]
        : [version, findVersion(draft.key, version.version), findVersion(draft.secret, version.version)]
    for (const part of parts) {
      if (part === null || part === undefined) continue
      updateAttributes(part.attributes, call.settings, attributes)
      if (tags !== undefined) part.tags = tags
    }
    if (isGiven(policy)) record.policy = completePolicy(call, policy, record.policy)
    return ok(
      certificateBody(call, record, version, {
        policy: call.version === '',
        pending: true,
      }),
    )
  })
}

function updatePolicy(call: Call<GivenPolicy>): Answer {
  return call.vault.update(call.name, (draft) => {
    const record = requireCertificate(call, draft)
    record.policy = completePolicy(call, call.body, record.policy)
    return ok(policyBody(call, record.name, record.policy))
  })
}

/** @throws ServiceError 409 where the name is taken or an operation is in progress */
function requireNewVersion(call: Call, document: VaultDocument): void {
  const now = call.settings.now()
  requireCreatable(document.certificate, 'certificate', call.name, now)
  if (document.certificate?.pending?.status === 'inProgress') {
    throw conflict(
      "A new key vault certificate can not be created or imported while a pending key vault certificate's status is " +
        'inProgress.',
    )
  }
  if (document.certificate !== null) return
  requireCreatable(document.key, 'key', call.name, now)
  requireCreatable(document.secret, 'secret', call.name, now)
  if (document.key !== null || document.secret !== null) {
    throw conflict(
      `A key or a secret of the name ${call.name} exists, which a certificate of that name would need.`,
    )
  }
}

function newCertificateRecord(name: string, policy: CertificateRecord['policy']): CertificateRecord {
  return {
    name,
    lifecycle: { state: 'active', visibleAt: 0 },
    versions: [],
    policy,
    pending: null,
    unissued: null,
  }
}

function newMaterial({
  key_props: { kty, key_size, crv },
}: CertificateRecord['policy']): Promise<KeyMaterial> {
  return generateKeyMaterial({ kty, keySize: key_size, curve: crv })
}

function reusedMaterial(policy: CertificateRecord['policy'], document: VaultDocument): KeyMaterial | null {
  return policy.key_props.reuse_key ? (document.key?.versions.at(-1)?.material ?? null) : null
}
