export { attestedKeyOf } from './attestation/attested-key-of.ts'
export {
  verifyKeyAttestation,
  type AttestedKey,
  type KeyAttestation,
  type VerifyKeyAttestationOptions,
} from './attestation/verify-key-attestation.ts'
export { azureKeyVault, openKeyVault, type OpenKeyVaultOptions } from './backend.ts'
export type { CertificateIssuer } from './vault/collection.ts'
export type {
  CreateVaultKeyOptions,
  KeyVaultStore,
  RotateVaultKeyOptions,
} from './store/key-vault-store-types.ts'
export type { KeyVaultOptions } from './options.ts'
export { isKeyVaultUri, parseKeyVaultUri, type KeyVaultUri } from './vault-uri.ts'
