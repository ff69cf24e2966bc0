export { attestedKeyOf } from './attestation/attested-key-of.ts'
export {
  verifyKeyAttestation,
  type AttestedKey,
  type KeyAttestation,
  type VerifyKeyAttestationOptions,
} from './attestation/verify-key-attestation.ts'
export { azureKeyVault, openKeyVault, type KeyVaultBackend, type OpenKeyVaultOptions } from './backend.ts'
export type { CertificateIssuer } from './vault/collection.ts'
export type {
  CreateVaultKeyOptions,
  KeyVaultStore,
  RotateVaultKeyOptions,
} from './store/key-vault-store-types.ts'
export type { KeyVaultOptions } from './options.ts'
export { probeKeyVaultPermissions, type KeyVaultPermissions } from './permissions/probe-permissions.ts'
export type { Permission as KeyVaultPermission } from './errors/service-errors.ts'
export type {
  BreakerState,
  CallCount,
  KeyVaultStatus,
  QuotaStatus,
  RetryCount,
} from './requests/vault-status.ts'
export { isKeyVaultUri, parseKeyVaultUri, type KeyVaultUri } from './vault-uri.ts'
