export { algorithmsOf } from './algorithms/key-algorithms.ts'
export {
  algorithm,
  algorithms,
  chooseAlgorithm,
  type AlgorithmName,
  type CurveName,
  type DigestName,
  type SignatureAlgorithm,
  type WebCryptoAlgorithm,
} from './algorithms/table.ts'
export { ecdsaSignatureFromDer, ecdsaSignatureToDer } from './algorithms/ecdsa-signature.ts'
export { keyType, keyTypes, type KeyType, type KeyTypeName } from './algorithms/key-types.ts'
export { isSealwrightError, SealwrightError, type ErrorCode, type SealwrightErrorOptions } from './errors.ts'
export { importJwk } from './jwk/import-jwk.ts'
export { jwkThumbprint, publicJwk, type PublicJwk } from './jwk/public-jwk.ts'
export { createLocalSigner, type LocalSignerOptions } from './signing/local-signer.ts'
export { isSyncSigner, type Signer, type SignOptions, type SyncSigner } from './signing/signer.ts'
export {
  canDelete,
  canExportPkcs12,
  canImportPkcs12,
  canDisable,
  canRotate,
  type CreateKeyOptions,
  type GetKeyOptions,
  type KeyDeleter,
  type KeyDisabler,
  type KeyRotator,
  type KeyStore,
  type ListKeysOptions,
  type Pkcs12Exporter,
  type Pkcs12Importer,
  type RotateKeyOptions,
  type SigningKey,
} from './stores/key-store.ts'
export { canLocate, type KeyLocator, type KeyPlace } from './stores/key-place.ts'
export {
  openSigningKey,
  type Backend,
  type OpenKeyOptions,
  type OpenSigningKeyOptions,
} from './stores/open-signing-key.ts'
export { type Password } from './stores/password.ts'
export { signingKeyJwk, type SigningJwk } from './stores/signing-key-jwk.ts'
