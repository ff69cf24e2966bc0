import type { SubjectAlternativeNames } from '../x509/extensions.ts'

/**
 * The records of the emulator, as plain JSON values: in memory, and in the files of `--data`.
 * Times called `…At` are milliseconds since the epoch; those named as the service names them (created, updated,
 * nbf, exp, deletedDate) are seconds.
 */

/**
 * Everything under one name of a vault. A certificate, its key and its secret share the name and their versions.
 */
export interface VaultDocument {
  key: KeyRecord | null
  secret: SecretRecord | null
  certificate: CertificateRecord | null
}

/** The three collections; `keys` and so on in a path. */
export type CollectionName = 'key' | 'secret' | 'certificate'

export interface KeyRecord {
  /** As the first request spelled it: names are compared without case. */
  name: string
  lifecycle: Lifecycle
  /** Oldest first; the last one is the current version. */
  versions: KeyVersion[]
  rotationPolicy: RotationPolicy | null
}

export interface KeyVersion {
  version: string
  attributes: Attributes
  keyOps: string[]
  material: KeyMaterial
  exportable: boolean
  /** Whether a certificate owns it. */
  managed: boolean
  tags?: Record<string, string>
  /** Of an exportable key. */
  releasePolicy?: ReleasePolicy
}

/** When a key may be released, its members named as on the wire. */
export interface ReleasePolicy {
  contentType: string
  /** base64url. */
  data: string
  immutable: boolean
}

export interface KeyMaterial {
  kty: KeyTypeName
  /** PKCS#8 DER in base64; for oct the secret itself. */
  privateKey: string
}

export type KeyTypeName = 'RSA' | 'RSA-HSM' | 'EC' | 'EC-HSM' | 'oct' | 'oct-HSM'

export interface SecretRecord {
  name: string
  lifecycle: Lifecycle
  versions: SecretVersion[]
}

export interface SecretVersion {
  version: string
  attributes: Attributes
  value: string
  contentType?: string
  managed: boolean
  tags?: Record<string, string>
}

export interface CertificateRecord {
  name: string
  lifecycle: Lifecycle
  versions: CertificateVersion[]
  policy: CertificatePolicy
  pending: PendingCertificate | null
  /** As the last request that made a version said. */
  preserveCertOrder?: boolean
  /** Of the latest request; reads show it while there are no versions. */
  unissued: UnissuedVersion | null
}

export interface CertificateVersion {
  version: string
  attributes: Attributes
  /** DER in base64, the end entity first. */
  chain: string[]
  tags?: Record<string, string>
}

/** A certificate operation: a request that waits for its issuer or for a merge, or the last one that ended. */
export interface PendingCertificate {
  requestId: string
  issuer: string
  /** PKCS#10 DER in base64. */
  csr: string
  material: KeyMaterial
  attributes: Attributes
  tags?: Record<string, string>
  status: 'inProgress' | 'completed' | 'cancelled' | 'failed'
  cancellationRequested: boolean
  /** When it is issued, refused or cancelled; null while it waits for a merge. */
  endsAt: number | null
  /** Why it failed. */
  error?: { code: string; message: string }
}

/** What reads show of a certificate until its first version is issued: a disabled version without key and content. */
interface UnissuedVersion {
  /** The version id; the issued certificate gets another one. */
  version: string
  attributes: Attributes
  tags?: Record<string, string>
}

/** An action at a point of a certificate's lifetime, its members named as on the wire. */
export interface LifetimeAction {
  trigger?: { lifetime_percentage?: number | undefined; days_before_expiry?: number | undefined } | undefined
  action?: { action_type?: string | undefined } | undefined
}

/** A certificate policy, its members named as on the wire. */
export interface CertificatePolicy {
  key_props: {
    exportable: boolean
    kty: KeyTypeName
    key_size: number
    reuse_key: boolean
    crv?: string
  }
  secret_props: { contentType: string }
  x509_props: {
    subject: string
    sans?: SubjectAlternativeNames
    ekus: string[]
    key_usage: string[]
    validity_months: number
    basic_constraints: { ca: boolean; path_len_constraint?: number }
  }
  lifetime_actions: LifetimeAction[]
  issuer: { name: string; cty?: string; cert_transparency?: boolean }
  attributes: Attributes
  platformManaged?: PlatformManaged
}

/** A certificate that the platform orders from a public CA, its members named as on the wire. */
export interface PlatformManaged {
  certificateUsage: string
  metadata: { sans: SubjectAlternativeNames }
}

export interface Attributes {
  enabled: boolean
  nbf?: number
  exp?: number
  created: number
  updated: number
}

/** An action of a key's rotation policy. Times are ISO 8601 durations. */
export interface RotationAction {
  trigger?: { timeAfterCreate?: string | undefined; timeBeforeExpiry?: string | undefined } | undefined
  action?: { type?: string | undefined } | undefined
}

export interface RotationPolicy {
  lifetimeActions: RotationAction[]
  attributes: { expiryTime?: string; created: number; updated: number }
}

/**
 * The state of an object. A change takes a while in the service, so each state has the time when it becomes visible:
 * before that, an `active` object is being recovered and a `deleted` one is being deleted.
 */
export type Lifecycle =
  | { state: 'active'; visibleAt: number }
  | { state: 'deleted'; visibleAt: number; deletedDate: number }
  | { state: 'purged'; goneAt: number }

/** A person to be told about certificates. */
interface Contact {
  email: string
  name?: string | undefined
  phone?: string | undefined
}

/** Settings of a vault as a whole: of its certificates, and of a managed HSM. */
export interface VaultSettings {
  contacts: Contact[] | null
  issuers: Record<string, IssuerRecord>
  /** Of a managed HSM. */
  roleAssignments?: Record<string, HsmRoleAssignment>
  /** Custom roles of a managed HSM, by the id in lower case. */
  roleDefinitions?: Record<string, HsmRoleDefinition>
  /** `true` or `false` as text. */
  allowKeyManagementThroughArm?: string
}

/** A role of a principal in a managed HSM. */
export interface HsmRoleAssignment {
  name: string
  principalId: string
  roleDefinitionId: string
  /** `/`, `/keys` or `/keys/NAME`. */
  scope: string
}

/** A role of a managed HSM, its members named as on the wire. */
export interface HsmRoleDefinition {
  name: string
  roleName: string
  description: string
  type: 'AKVBuiltInRole' | 'CustomRole'
  assignableScopes: string[]
  permissions: HsmPermission[]
}

/** What a role of a managed HSM allows. */
interface HsmPermission {
  actions: string[]
  notActions: string[]
  dataActions: string[]
  notDataActions: string[]
}

export interface IssuerRecord {
  name: string
  provider: string
  credentials?: Record<string, unknown>
  org_details?: Record<string, unknown>
  attributes: Attributes
}
