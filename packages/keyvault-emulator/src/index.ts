export type {
  AccessPolicy,
  CertificatePermission,
  Identity,
  KeyPermission,
  SecretPermission,
} from './access.ts'
export {
  createKeyVaultEmulator,
  wellKnown,
  type EmulatorCredential,
  type EmulatorToken,
  type IdentityOptions,
  type KeyVaultEmulator,
  type KeyVaultEmulatorOptions,
} from './emulator.ts'
export { EmulatorError } from './errors.ts'
export { type Fault, type FaultKind, type Faults } from './faults.ts'
export type { EmulatorHttpClient } from './http-client.ts'
export type { ServiceRequest, ServiceResponse } from './http-message.ts'
export type { Timing } from './operation.ts'
export type { RequestLog, RequestRecord } from './request-log.ts'
export { startKeyVaultEmulator, type RunningKeyVaultEmulator, type StartOptions } from './start.ts'
export type { ThrottleOptions } from './throttle.ts'
