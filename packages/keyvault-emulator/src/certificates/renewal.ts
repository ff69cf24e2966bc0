import { newVersionId } from '../vault/attributes.ts'
import { buildCertificationRequest } from '../x509/builder.ts'
import { parseName } from '../x509/distinguished-name.ts'
import { generateKeyMaterialSync, privateKeyOf } from '../keys/material.ts'
import type { ServiceSettings } from '../vault/operation.ts'
import type { CertificatePolicy, CertificateRecord, KeyMaterial, VaultDocument } from '../vault/records.ts'
import { policyExtensions } from './policy.ts'

const day = 86_400_000

/** The certification request of a pending certificate, DER. */
export function certificationRequest(policy: CertificatePolicy, material: KeyMaterial): Buffer {
  return buildCertificationRequest(
    parseName(policy.x509_props.subject),
    privateKeyOf(material),
    policyExtensions(policy),
  )
}

/**
 * When the policy's AutoRenew action is due for the current version, in milliseconds since the epoch; null when it never
 * is. A failed renewal is not tried again.
 */
function renewalTime({ versions, policy, pending }: CertificateRecord): number | null {
  const version = versions.at(-1)
  if (version === undefined || !version.attributes.enabled || policy.issuer.name === 'Unknown') return null
  const { nbf = 0, exp = 0, created } = version.attributes
  const isBusy = pending !== null && (pending.status === 'inProgress' || pending.attributes.created > created)
  const times = isBusy ? [] : renewalTimes(policy, nbf * 1000, exp * 1000)
  return times.length === 0 ? null : Math.min(...times)
}

export function isRenewalDue(record: CertificateRecord, now: number): boolean {
  return now >= (renewalTime(record) ?? Infinity)
}

/** Starts a renewal, which ends at once. In the service it is not visible. */
export function requestRenewal(
  draft: VaultDocument,
  record: CertificateRecord,
  settings: ServiceSettings,
): void {
  const { policy } = record
  const { kty, key_size: keySize, crv: curve, reuse_key } = policy.key_props
  const previous = reuse_key ? draft.key?.versions.at(-1)?.material : undefined
  const material = previous ?? generateKeyMaterialSync({ kty, keySize, curve })
  const time = renewalTime(record) ?? settings.now()
  const now = Math.floor(time / 1000)
  const tags = record.versions.at(-1)?.tags
  record.pending = {
    requestId: newVersionId(),
    issuer: policy.issuer.name,
    csr: certificationRequest(policy, material).toString('base64'),
    material,
    attributes: { enabled: true, created: now, updated: now },
    ...(tags === undefined ? {} : { tags }),
    status: 'inProgress',
    cancellationRequested: false,
    endsAt: time,
  }
}

/** When each AutoRenew action of a policy fires, in milliseconds since the epoch. */
function renewalTimes(policy: CertificatePolicy, notBefore: number, notAfter: number): number[] {
  return policy.lifetime_actions.flatMap(({ trigger, action }) => {
    if (action?.action_type?.toLowerCase() !== 'autorenew') return []
    const { lifetime_percentage: percentage, days_before_expiry: days } = trigger ?? {}
    return [
      ...(percentage === undefined ? [] : [notBefore + ((notAfter - notBefore) * percentage) / 100]),
      ...(days === undefined ? [] : [notAfter - days * day]),
    ]
  })
}
