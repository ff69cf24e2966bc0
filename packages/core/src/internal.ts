/**
 * Shared by the packages of Sealwright. It is not public API and can change in any release.
 */
export { keyDetails } from './algorithms/key-details.ts'
export { assertUnforgeable, forgeryFlaw } from './algorithms/weak-keys.ts'
export { eitherSignal, onAbort, untilAborted } from './internal/abort.ts'
export {
  aBoolean,
  aCertificate,
  aDate,
  aFilePath,
  aFolderPath,
  aFunction,
  aKeyObject,
  anAbortSignal,
  anArray,
  aNonEmptyString,
  aNumber,
  anObject,
  anything,
  aPassword,
  aSigner,
  aSignerOrSigningKey,
  aSigningKey,
  aString,
  aWholeNumber,
  bytes,
  hasMethod,
  isRecord,
  listOf,
  must,
  oneOf,
  optionsOf,
  signOptions,
  type Check,
} from './internal/arguments.ts'
export { bearerToken, type RequestHeaders } from './internal/http/bearer-token.ts'
export { commonNames } from './internal/common-names.ts'
export { jwtHeader, jwtProblem } from './internal/compact-jwt.ts'
export { invalidArgument, invalidEncoding, limitExceeded } from './internal/failures.ts'
export { findJsonProblem } from './internal/find-json-problem.ts'
export { headerValues } from './internal/http/header-values.ts'
export { flushFolder } from './internal/flush-folder.ts'
export { careful } from './internal/listeners.ts'
export { privateJwkMembers } from './internal/private-jwk-members.ts'
export {
  isTokenSignerSource,
  tokenSigner,
  type TokenSigner,
  type TokenSignerSource,
} from './signing/token-signer.ts'
export { isSecureUrl } from './internal/http/urls.ts'
export { areRsaNumbersOfOneKey, toBigInt } from './internal/rsa-numbers.ts'
export { resolvePassword } from './stores/password.ts'
export { createKeyOptions, getKeyOptions, listKeysOptions, rotateKeyOptions } from './stores/store-options.ts'
export { wrapKey, wrapSigner } from './stores/wrap.ts'
