import { isSealwrightError, isSyncSigner, type Signer } from '@sealwright/core'

/** The key of a signature: the attributes of its metrics and spans. */
export interface SignatureAttributes {
  /** The `kid`: the attribute `sealwright.key.id`. */
  readonly keyId: string
  /** The JOSE `alg`: the attribute `sealwright.key.algorithm`. */
  readonly algorithm: string
  /** Where the private key is, such as `azure-keyvault`: the attribute `sealwright.key.backend`. */
  readonly backend: string
}

/** Options of signers that are measured or traced. */
export interface BackendOption {
  /**
   * Where the private key is, such as `azure-keyvault`, for the attribute `sealwright.key.backend`. Default: `local` for a key in
   * this process's memory, otherwise `remote`.
   */
  readonly backend?: string | undefined
}

export function attributesOf(signer: Signer, { backend }: BackendOption): SignatureAttributes {
  return {
    keyId: signer.keyId,
    algorithm: signer.algorithm.name,
    backend: backend ?? (isSyncSigner(signer) ? 'local' : 'remote'),
  }
}

/** Under the names that metrics and spans have. */
export function toAttributes({ keyId, algorithm, backend }: SignatureAttributes): Record<string, string> {
  return {
    'sealwright.key.id': keyId,
    'sealwright.key.algorithm': algorithm,
    'sealwright.key.backend': backend,
  }
}

/** The names of errors that JavaScript and the platform throw. */
const names: ReadonlySet<string> = new Set([
  'AbortError',
  'AggregateError',
  'DataError',
  'Error',
  'InvalidAccessError',
  'InvalidStateError',
  'NotSupportedError',
  'OperationError',
  'RangeError',
  'ReferenceError',
  'SyntaxError',
  'TimeoutError',
  'TypeError',
])

/**
 * The value of the attribute `error.type`: the code of a SealwrightError, the name of an error of the platform, or `_OTHER`. A signer may
 * throw errors with any name, and an attribute must have few values.
 */
export function errorTypeOf(error: unknown): string {
  if (isSealwrightError(error)) return error.code
  return error instanceof Error && names.has(error.name) ? error.name : '_OTHER'
}
