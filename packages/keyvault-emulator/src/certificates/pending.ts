import { z } from 'zod'
import { X509Certificate } from 'node:crypto'
import { certificateBody, pendingBody, pendingHeaders, requireCertificate } from './bodies.ts'
import { addCertificateVersion } from './issuance.ts'
import { badParameter, conflict, ServiceError } from '../protocol/errors.ts'
import { commonMembers } from '../protocol/body.ts'
import { publicKeyOf, sameKey } from '../keys/material.ts'
import { ok, withBody, type Answer, type Call, type Operation } from '../vault/operation.ts'
import type { CertificateRecord, PendingCertificate, VaultDocument } from '../vault/records.ts'

const cancelSchema = z.object({ cancellation_requested: z.boolean().optional() })
const mergeSchema = z.object({ ...commonMembers, x5c: z.array(z.string()) })

/** Operations on a certificate that is not issued yet. */
export const pendingOperations: readonly Operation[] = [
  {
    name: 'certificates/getPending',
    method: 'GET',
    path: 'certificates/{name}/pending',
    permission: ['certificates', 'get'],
    quota: 'other',
    handle(call) {
      const { record, pending } = requirePending(call, call.vault.read(call.name))
      return { status: 200, body: pendingBody(call, record, pending), headers: pendingHeaders(pending) }
    },
  },
  {
    name: 'certificates/updatePending',
    method: 'PATCH',
    path: 'certificates/{name}/pending',
    permission: ['certificates', 'update'],
    quota: 'other',
    handle: withBody(cancelSchema, cancelPending),
  },
  {
    name: 'certificates/deletePending',
    method: 'DELETE',
    path: 'certificates/{name}/pending',
    permission: ['certificates', 'update'],
    quota: 'other',
    handle: deletePending,
  },
  {
    name: 'certificates/merge',
    method: 'POST',
    path: 'certificates/{name}/pending/merge',
    permission: ['certificates', 'create'],
    quota: 'other',
    handle: withBody(mergeSchema, mergeCertificate),
  },
]

/** A cancellation takes as long as an issuance would have: until then the operation stays in progress. */
function cancelPending(call: Call<z.output<typeof cancelSchema>>): Answer {
  return call.vault.update(call.name, (draft) => {
    const { record, pending } = requirePending(call, draft)
    const requested = call.body.cancellation_requested ?? false
    if (requested && pending.status !== 'inProgress') {
      throw conflict(
        `The certificate operation of ${call.name} is ${pending.status} and cannot be cancelled.`,
      )
    }
    pending.cancellationRequested = requested
    if (requested) pending.endsAt ??= call.settings.now() + call.settings.timing.issuance
    // The recorded answer has no Retry-After, unlike those of GET.
    return ok(pendingBody(call, record, pending))
  })
}

/** Removes the operation. A certificate that has no version stays, disabled. */
function deletePending(call: Call): Answer {
  return call.vault.update(call.name, (draft) => {
    const { record, pending } = requirePending(call, draft)
    if (pending.status === 'inProgress' && pending.endsAt !== null && !pending.cancellationRequested) {
      throw conflict(
        `There was a conflict while deleting the pending certificate ${call.name}; please retry.`,
      )
    }
    record.pending = null
    return ok(pendingBody(call, record, pending))
  })
}

function mergeCertificate(call: Call<z.output<typeof mergeSchema>>): Answer {
  const { x5c, attributes, tags } = call.body
  return call.vault.update(call.name, (draft) => {
    const { record, pending } = requirePending(call, draft)
    if (pending.status !== 'inProgress') {
      throw conflict(
        `The certificate operation of ${call.name} is ${pending.status}; there is nothing to merge.`,
      )
    }
    const certificates = x5c.map(certificateBytes)
    if (certificates.length === 0) throw badParameter("Property 'x5c' is required.")
    const publicKey = publicKeyOf(pending.material)
    const own = certificates.find((der) => sameKey(new X509Certificate(der).publicKey, publicKey))
    if (own === undefined) {
      throw badParameter(
        'The public key of the end-entity certificate in the specified X.509 certificate content does not match the public ' +
          'part of the specified private key. Please check if certificate is valid.',
      )
    }
    addCertificateVersion(draft, record, call.settings.now(), {
      policy: record.policy,
      material: pending.material,
      chain: [own, ...certificates.filter((der) => der !== own)],
      ...(record.preserveCertOrder === true && { secretChain: certificates }),
      enabled: attributes?.enabled ?? pending.attributes.enabled,
      tags: tags ?? pending.tags,
    })
    pending.status = 'completed'
    return { status: 201, body: certificateBody(call, record, record.versions.at(-1) ?? null) }
  })
}

/** @throws ServiceError 404 */
function requirePending(
  call: Call,
  document: VaultDocument,
): { record: CertificateRecord; pending: PendingCertificate } {
  const record = requireCertificate(call, document)
  if (record.pending === null) {
    throw new ServiceError(404, 'PendingCertificateNotFound', `Pending Certificate not found: ${call.name}`)
  }
  return { record, pending: record.pending }
}

/**
 * A member of `x5c`: base64 of DER. The SDK for JavaScript passes on its input unchanged. Its own sample passes the
 * bytes of a base64 text or of PEM, so those are accepted too, as in the service.
 */
function certificateBytes(member: string): Buffer {
  const bytes = Buffer.from(member, 'base64')
  const der = bytes[0] === 0x30 ? bytes : Buffer.from(withoutArmour(bytes.toString()), 'base64')
  try {
    return new X509Certificate(der).raw
  } catch {
    throw badParameter('The specified X.509 certificate content can not be read.')
  }
}

function withoutArmour(text: string): string {
  return text.replace(/-----(BEGIN|END) CERTIFICATE-----/g, '')
}
