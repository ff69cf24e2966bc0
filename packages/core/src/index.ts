export {
  algorithm,
  algorithms,
  algorithmsOf,
  chooseAlgorithm,
  type AlgorithmName,
  type CurveName,
  type DigestName,
  type SignatureAlgorithm,
  type WebCryptoAlgorithm,
} from './algorithms.ts'
export { ecdsaSignatureFromDer, ecdsaSignatureToDer } from './ecdsa-signature.ts'
export { isSealwrightError, SealwrightError, type ErrorCode, type SealwrightErrorOptions } from './errors.ts'
export {
  canDelete,
  canExportPkcs12,
  canImportPkcs12,
  canRotate,
  type CreateKeyOptions,
  type GetKeyOptions,
  type KeyDeleter,
  type KeyRotator,
  type KeyStore,
  type ListKeysOptions,
  type Pkcs12Exporter,
  type Pkcs12Importer,
  type RotateKeyOptions,
  type SigningKey,
} from './key-store.ts'
export { canLocate, type KeyLocator, type KeyPlace } from './key-place.ts'
export { keyType, keyTypes, type KeyType, type KeyTypeName } from './key-types.ts'
export { createLocalSigner } from './local-signer.ts'
export { onAbort, untilAborted } from './on-abort.ts'
export {
  openSigningKey,
  type Backend,
  type OpenKeyOptions,
  type OpenSigningKeyOptions,
} from './open-signing-key.ts'
export { isSyncSigner, type Signer, type SignOptions, type SyncSigner } from './signer.ts'
export { jwkThumbprint, publicJwk, signingKeyJwk, type PublicJwk, type SigningJwk } from './jwk.ts'
