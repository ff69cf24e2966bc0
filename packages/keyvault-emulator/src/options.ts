import type { AttestationKeys } from './keys/attestation-token.ts'
import type { AcceptedAssertion, Authorization } from './identity/access.ts'
import type { RoleAssignment } from './identity/roles.ts'
import type { AccessPolicy } from './protocol/permissions.ts'
import type { ThrottleOptions } from './service/throttle.ts'
import type { Timing } from './vault/operation.ts'

/** How the emulator behaves, and what is in it at first. */
export interface KeyVaultEmulatorOptions {
  /** The tenant that identities and vaults belong to. Default `wellKnown`.tenantId. */
  readonly tenantId?: string | undefined
  /**
   * The identities that can sign in. Default: `wellKnown`'s application and a managed identity, both with all rights. An
   * identity without a secret, certificate or federated credential is a managed identity; the first of those is the system-assigned one.
   */
  readonly identities?: readonly IdentityOptions[] | undefined
  /**
   * How vaults decide what an identity may do: for all, or by the name of the vault. Default `rbac`, as new vaults of
   * the service since api-version 2026-02-01; `accessPolicies` if an identity has `access`.
   */
  readonly authorization?: Authorization | Readonly<Record<string, Authorization>> | undefined
  /** A folder to keep everything in, across restarts and kills. Default: in memory only. */
  readonly data?: string | undefined
  /**
   * More names that clients reach the emulator by, such as that of its container. The default vault and the authority
   * answer there.
   */
  readonly hosts?: readonly string[] | undefined
  /** How long every answer of a vault takes at least, in milliseconds. Default 0. */
  readonly latency?: number | undefined
  /** Enforce the service's limits. Default false. */
  readonly throttle?: boolean | ThrottleOptions | undefined
  /** For how many days deleted objects can be recovered, 7 to 90. Default 90. */
  readonly recoverableDays?: number | undefined
  /**
   * How long asynchronous steps take, in milliseconds. Default 200 each; the service takes up to tens of seconds.
   */
  readonly timing?: Partial<Timing> | undefined
  /**
   * The authorities whose attestation tokens release keys: the URL as release policies have it, and its JWK Set. The
   * emulator has no network and asks no authority for its keys. Default: none, and no key is released.
   */
  readonly attestationAuthorities?: Readonly<Record<string, AttestationKeys>> | undefined
  /** The clock, in milliseconds since the epoch. Default `Date.now`. */
  readonly now?: (() => number) | undefined
}

/** An identity that can sign in. */
export interface IdentityOptions {
  /** Default: a new GUID for each position in the list, the same in every run. */
  readonly clientId?: string | undefined
  /** For the client credentials grant; leave it out for a managed identity. */
  readonly clientSecret?: string | undefined
  /** PEM of the certificate whose key signs client assertions, for `ClientCertificateCredential`. */
  readonly clientCertificate?: string | undefined
  /** A trusted issuer of client assertions, for workload identity. Its public key is PEM. */
  readonly federatedCredential?: AcceptedAssertion | undefined
  /** Default as for `clientId`. */
  readonly objectId?: string | undefined
  /** Its rights in vaults with access policies. Default `all`, or none if it has `roles`. */
  readonly access?: AccessPolicy | 'all' | undefined
  /**
   * Its rights in vaults with role-based access control. Default `Key Vault Administrator` on every vault, or none if it
   * has `access`.
   */
  readonly roles?: readonly RoleAssignment[] | undefined
}
