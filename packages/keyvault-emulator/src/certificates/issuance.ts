import { createHash, X509Certificate } from 'node:crypto'
import { newVersionId } from '../vault/attributes.ts'
import { buildCertificate } from '../x509/builder.ts'
import { keyIdentifiers } from '../x509/extensions.ts'
import { keyOperationsFor, policyExtensions } from './policy.ts'
import { privateKeyOf } from '../keys/material.ts'
import { newKeyRecord } from '../keys/keys.ts'
import { platformRefusal } from './platform-managed.ts'
import { isRenewalDue, requestRenewal } from './renewal.ts'
import { presenceOf } from '../vault/soft-delete.ts'
import type { ServiceSettings } from '../vault/operation.ts'
import { writePkcs12 } from '../x509/pkcs12.ts'
import type {
  Attributes,
  CertificatePolicy,
  CertificateRecord,
  KeyMaterial,
  PendingCertificate,
  VaultDocument,
} from '../vault/records.ts'
import { pem, pemContentType } from '../x509/pem.ts'
import type { Settlement } from '../vault/vault.ts'
import { parseName } from '../x509/distinguished-name.ts'

/** The service's certificates begin ten minutes before they are made. */
const backdating = 600_000

/** The parts of a finished version of a certificate. */
export interface NewCertificate {
  readonly policy: CertificatePolicy
  readonly material: KeyMaterial
  /** DER, the end entity first. */
  readonly chain: readonly Uint8Array[]
  /** The same certificates in the order in which the secret gives them. Default: that of `chain`. */
  readonly secretChain?: readonly Uint8Array[] | undefined
  readonly enabled: boolean
  readonly tags?: Record<string, string> | undefined
}

/** Ends the operations whose time has come, and renews the certificates whose policy says so. */
export function certificateSettlement(settings: ServiceSettings): Settlement {
  return {
    isDue: ({ certificate }) =>
      certificate !== null &&
      presenceOf(certificate, settings.now()) === 'active' &&
      (isEnding(certificate.pending, settings.now()) || isRenewalDue(certificate, settings.now())),
    settle(draft) {
      const record = draft.certificate
      if (record === null) return
      if (isRenewalDue(record, settings.now())) requestRenewal(draft, record, settings)
      if (isEnding(record.pending, settings.now()))
        endOperation(draft, record, record.pending, settings.issuanceFailure)
    },
  }
}

function isEnding(pending: PendingCertificate | null, now: number): pending is PendingCertificate {
  return pending?.status === 'inProgress' && pending.endsAt !== null && now >= pending.endsAt
}

function endOperation(
  draft: VaultDocument,
  record: CertificateRecord,
  pending: PendingCertificate,
  failure: ServiceSettings['issuanceFailure'],
): void {
  const refusal = pending.cancellationRequested ? null : (failure() ?? platformRefusal(record.policy))
  if (pending.cancellationRequested) {
    pending.status = 'cancelled'
  } else if (refusal !== null) {
    pending.status = 'failed'
    pending.error = refusal
  } else {
    const { policy } = record
    // The time it was due, which may be long before it is read.
    const time = pending.endsAt ?? 0
    addCertificateVersion(draft, record, time, {
      policy,
      material: pending.material,
      chain: [selfSigned(policy, pending.material, time)],
      enabled: pending.attributes.enabled,
      tags: pending.tags,
    })
    pending.status = 'completed'
  }
}

/**
 * Adds a version to a certificate, its key and its secret, which share name and version.
 *
 * @param draft is changed
 * @param time when it was made, in milliseconds since the epoch
 * @returns the version id
 */
export function addCertificateVersion(
  draft: VaultDocument,
  record: CertificateRecord,
  time: number,
  made: NewCertificate,
): string {
  const version = newVersionId()
  const certificate = new X509Certificate(made.chain[0] ?? new Uint8Array())
  const now = Math.floor(time / 1000)
  const attributes = (): Attributes => ({
    enabled: made.enabled,
    nbf: epochSeconds(certificate.validFrom),
    exp: epochSeconds(certificate.validTo),
    created: now,
    updated: now,
  })
  const tags = made.tags === undefined ? {} : { tags: made.tags }
  record.versions.push({
    version,
    attributes: attributes(),
    chain: made.chain.map((der) => Buffer.from(der).toString('base64')),
    ...tags,
  })
  draft.key ??= newKeyRecord(record.name)
  draft.key.versions.push({
    version,
    attributes: attributes(),
    keyOps: keyOperationsFor(made.policy),
    material: made.material,
    exportable: false,
    managed: true,
    ...tags,
  })
  draft.secret ??= { name: record.name, lifecycle: { state: 'active', visibleAt: 0 }, versions: [] }
  draft.secret.versions.push({
    version,
    attributes: attributes(),
    value: secretValue(made),
    contentType: made.policy.secret_props.contentType,
    managed: true,
    ...tags,
  })
  return version
}

/** `x5t`: the SHA-1 thumbprint, base64url. */
export function thumbprint(der: Uint8Array): string {
  return createHash('sha1').update(der).digest('base64url')
}

/** When a certificate made now by this policy would begin and end, in seconds. */
export function plannedValidity(policy: CertificatePolicy, now: number): { nbf: number; exp: number } {
  const end = new Date(now)
  end.setUTCMonth(end.getUTCMonth() + policy.x509_props.validity_months)
  return { nbf: Math.floor((now - backdating) / 1000), exp: Math.floor(end.getTime() / 1000) }
}

function selfSigned(policy: CertificatePolicy, material: KeyMaterial, now: number): Buffer {
  const subject = parseName(policy.x509_props.subject)
  const key = privateKeyOf(material)
  const { nbf, exp } = plannedValidity(policy, now)
  return buildCertificate({
    subject,
    issuer: subject,
    subjectKey: key,
    issuerKey: key,
    notBefore: new Date(nbf * 1000),
    notAfter: new Date(exp * 1000),
    extensions: [...policyExtensions(policy), ...keyIdentifiers(key, key)],
  })
}

/** The value that `secrets/get` shows: PKCS#12 in base64, or PEM. Without the key when that is not exportable. */
function secretValue({
  policy,
  material,
  chain: ownFirst,
  secretChain: chain = ownFirst,
}: NewCertificate): string {
  const key = policy.key_props.exportable ? privateKeyOf(material) : null
  if (policy.secret_props.contentType !== pemContentType) return writePkcs12(key, chain).toString('base64')
  const keyPem = key === null ? '' : key.export({ format: 'pem', type: 'pkcs8' }).toString()
  return keyPem + chain.map((der) => pem('CERTIFICATE', der)).join('')
}

function epochSeconds(date: string): number {
  return Math.floor(Date.parse(date) / 1000)
}
