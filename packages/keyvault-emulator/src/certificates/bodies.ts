import { attributesBody } from '../vault/attributes.ts'
import { plannedValidity, thumbprint } from './issuance.ts'
import { isSince } from './platform-managed.ts'
import { policyBody } from './policy.ts'
import { notFound, requireActive } from '../vault/soft-delete.ts'
import type { Call } from '../vault/operation.ts'
import type {
  CertificateRecord,
  CertificateVersion,
  PendingCertificate,
  VaultDocument,
} from '../vault/records.ts'

/** @throws ServiceError 404 */
export function requireCertificate(call: Call, document: VaultDocument): CertificateRecord {
  return requireActive(document.certificate, 'certificate', call.name, call.settings.now())
}

/** The version that the request names; null for a certificate without versions. */
export function requireCertificateVersion(
  call: Call,
  document: VaultDocument = call.vault.read(call.name),
): [CertificateRecord, CertificateVersion | null] {
  const record = requireCertificate(call, document)
  if (call.version === '' || call.version === record.unissued?.version) {
    return [record, record.versions.at(-1) ?? null]
  }
  const version = record.versions.find((candidate) => candidate.version === call.version)
  if (version === undefined) throw notFound('certificate', `${call.name}/${call.version}`)
  return [record, version]
}

/**
 * A `CertificateBundle`.
 *
 * @param parts the members beside those of the version. A read or update of one version has no policy; a read of one
 *   version does not tell what is pending either.
 */
export function certificateBody(
  call: Call,
  record: CertificateRecord,
  version: CertificateVersion | null,
  parts: { readonly policy: boolean; readonly pending: boolean } = { policy: true, pending: true },
): object {
  return {
    ...(version === null ? placeholder(call, record) : versionMembers(call, record.name, version)),
    ...(parts.policy ? { policy: policyBody(call, record.name, record.policy) } : {}),
    ...(parts.pending && record.pending !== null
      ? { pending: { id: `${call.baseUrl}/certificates/${record.name}/pending` } }
      : {}),
    ...orderBody(call, record),
  }
}

/** The first api-version that tells whether the order of the chain is kept. */
const orderSince = '2025-06-01'

function orderBody({ apiVersion }: Call, { preserveCertOrder = false }: CertificateRecord): object {
  return isSince(apiVersion, orderSince) ? { preserveCertOrder } : {}
}

function versionMembers(call: Call, name: string, version: CertificateVersion): object {
  const id = `${name}/${version.version}`
  const der = endEntity(version)
  return {
    id: `${call.baseUrl}/certificates/${id}`,
    kid: `${call.baseUrl}/keys/${id}`,
    sid: `${call.baseUrl}/secrets/${id}`,
    x5t: thumbprint(der),
    cer: der.toString('base64'),
    attributes: attributesBody(version.attributes, call.settings),
    ...(version.tags === undefined ? {} : { tags: version.tags }),
  }
}

/** The members of a certificate without versions: disabled, without key, secret and content. */
function placeholder(call: Call, { name, policy, unissued }: CertificateRecord): object {
  if (unissued === null) throw notFound('certificate', name)
  const created = unissued.attributes.created * 1000
  return {
    id: `${call.baseUrl}/certificates/${name}/${unissued.version}`,
    attributes: attributesBody(
      { ...unissued.attributes, enabled: false, ...plannedValidity(policy, created) },
      call.settings,
    ),
    ...(unissued.tags === undefined ? {} : { tags: unissued.tags }),
  }
}

/** A `CertificateItem`: in a list of certificates without a version in its id. */
export function certificateItem(
  call: Call,
  name: string,
  version: CertificateVersion | null,
  versioned: boolean,
): object {
  const id = `${call.baseUrl}/certificates/${name}`
  if (version === null) return { id }
  const { enabled, nbf, exp, created, updated } = version.attributes
  return {
    id: versioned ? `${id}/${version.version}` : id,
    x5t: thumbprint(endEntity(version)),
    attributes: { enabled, nbf, exp, created, updated },
    ...(version.tags === undefined ? {} : { tags: version.tags }),
    // Empty in every recording.
    subject: '',
  }
}

/** An item of the list of deleted certificates, whose attributes tell how it can be recovered. */
export function deletedCertificateItem(call: Call, record: CertificateRecord): object {
  const version = record.versions.at(-1) ?? null
  const id = `${call.baseUrl}/certificates/${record.name}`
  if (version === null) return { ...placeholder(call, record), id }
  return {
    id,
    x5t: thumbprint(endEntity(version)),
    attributes: attributesBody(version.attributes, call.settings),
    ...(version.tags === undefined ? {} : { tags: version.tags }),
  }
}

/** DER of the certificate itself. */
function endEntity(version: CertificateVersion): Buffer {
  return Buffer.from(version.chain[0] ?? '', 'base64')
}

/** A `CertificateOperation`. */
export function pendingBody(call: Call, record: CertificateRecord, pending: PendingCertificate): object {
  const { name } = record
  const isNew = isSince(call.apiVersion, orderSince)
  const shows = pending.status === 'inProgress' || (pending.status === 'failed' && isNew)
  return {
    id: `${call.baseUrl}/certificates/${name}/pending`,
    issuer: { name: pending.issuer },
    csr: pending.csr,
    cancellation_requested: pending.cancellationRequested,
    status: pending.status,
    ...(shows ? { status_details: statusDetails(pending) } : {}),
    ...orderBody(call, record),
    ...(pending.error === undefined ? {} : { error: pending.error }),
    ...(pending.status === 'completed' ? { target: `${call.baseUrl}/certificates/${name}` } : {}),
    request_id: pending.requestId,
  }
}

/** The service always asks for ten seconds. The SDK's pollers have their own interval. */
export function pendingHeaders(pending: PendingCertificate): Record<string, string> {
  return pending.status === 'inProgress' ? { 'retry-after': '10' } : {}
}

function statusDetails(pending: PendingCertificate): string {
  return pending.endsAt === null
    ? 'Pending certificate created. Please Perform Merge to complete the request.'
    : 'Pending certificate created. Certificate request is in progress. This may take some time based on the issuer ' +
        'provider. Please check again later.'
}
