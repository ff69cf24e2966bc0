export type { AcceptedAssertion, Authorization, Identity } from './identity/access.ts'
export type { ResolvedAssignment, RoleAssignment } from './identity/roles.ts'
export type { VaultRole } from './identity/vault-roles.ts'
export type {
  AccessPolicy,
  CertificatePermission,
  KeyPermission,
  SecretPermission,
} from './protocol/permissions.ts'
export {
  createKeyVaultEmulator,
  type EmulatorCredential,
  type EmulatorToken,
  type KeyVaultEmulator,
} from './emulator.ts'
export type { IdentityOptions, KeyVaultEmulatorOptions } from './options.ts'
export type { AttestationKeys } from './keys/attestation-token.ts'
export { EmulatorError } from './protocol/errors.ts'
export type { Clock } from './service/clock.ts'
export type { Fault, FaultKind, Faults, StatusFault } from './service/faults.ts'
export type { EmulatorHttpClient } from './http/sdk-client.ts'
export type { ServiceRequest, ServiceResponse } from './http/message.ts'
export type { Timing } from './vault/operation.ts'
export type { RequestLog, RequestRecord } from './service/request-log.ts'
export { startKeyVaultEmulator, type RunningKeyVaultEmulator, type StartOptions } from './start.ts'
export type { ThrottleOptions } from './service/throttle.ts'
export type { NamedRequest, Seed, VaultSeed } from './seed.ts'
export { wellKnown } from './well-known.ts'
export { connectKeyVaultEmulator, type ConnectedKeyVaultEmulator, type ConnectOptions } from './connect.ts'
