import { types } from 'node:util'
import {
  isSyncSigner,
  SealwrightError,
  type Signer,
  type SignOptions,
  type SyncSigner,
} from '@sealwright/core'
import { aSigner, must, signOptions } from '@sealwright/core/internal'
import { base64url, base64urlText } from './base64url.ts'
import { encodeHeader, type JwsHeader } from './header.ts'
import { hasLoneSurrogate } from './json.ts'

/**
 * Signs a payload in JWS Compact Serialization (RFC 7515 §7.1).
 *
 * @param payload bytes, or text that is encoded as UTF-8
 * @param header further members beside `alg`, in their order in the header. Default: none. Add `{ kid: signer.keyId }` for verifiers
 *   that choose among several keys.
 * @returns `BASE64URL(header).BASE64URL(payload).BASE64URL(signature)`
 * @throws SealwrightError `INVALID_ARGUMENT` when the header has a value that JSON cannot represent, `alg`, `jwk` or a member of a
 *   private key; when it has no `x5c` and more than 512 characters encoded; or when text is not well-formed;
 *   `UNSUPPORTED_OPERATION` for `b64` (RFC 7797) and `crit`; or what the signer throws
 *
 * @example
 * ```ts
 * import { createLocalSigner } from '@sealwright/core'
 * import { signCompact } from '@sealwright/jws'
 * import { generateKeyPairSync } from 'node:crypto'
 *
 * const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
 * const signer = createLocalSigner(privateKey)
 * const jws = await signCompact(signer, 'a text', { kid: signer.keyId })
 * ```
 */
export async function signCompact(
  signer: Signer,
  payload: Uint8Array | string,
  header: JwsHeader = {},
  options?: SignOptions,
): Promise<string> {
  aSigner('signer', signer)
  if (options !== undefined) signOptions('options', options)
  const input = signingInput(encodeHeader(signer.algorithm, header), encodePayload(payload))
  return finish(input, await signer.sign(toBytes(input), options))
}

/**
 * As {@link signCompact}, synchronously, with a key in this process's memory.
 *
 * @throws SealwrightError `UNSUPPORTED_OPERATION` when the signer is not a {@link SyncSigner}; or as {@link signCompact}
 *
 * @example
 * ```ts
 * import { createLocalSigner } from '@sealwright/core'
 * import { signCompactSync } from '@sealwright/jws'
 * import { generateKeyPairSync } from 'node:crypto'
 *
 * const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
 * const signer = createLocalSigner(privateKey)
 * const jws = signCompactSync(signer, 'a text', { kid: signer.keyId })
 * ```
 */
export function signCompactSync(
  signer: SyncSigner,
  payload: Uint8Array | string,
  header: JwsHeader = {},
): string {
  aSigner('signer', signer)
  assertSyncSigner(signer)
  const input = signingInput(encodeHeader(signer.algorithm, header), encodePayload(payload))
  return finish(input, signer.signSync(toBytes(input)))
}

/** @throws SealwrightError `UNSUPPORTED_OPERATION` when the key is not in this process's memory */
export function assertSyncSigner(signer: Signer): asserts signer is SyncSigner {
  if (!isSyncSigner(signer)) {
    throw new SealwrightError(
      'UNSUPPORTED_OPERATION',
      `the key ${signer.keyId} is not in this process and cannot sign synchronously; use the async method`,
    )
  }
}

/** The JWS Signing Input (RFC 7515 §5.1) of an encoded header and an encoded payload: ASCII. */
export function signingInput(header: string, payload: string): string {
  return `${header}.${payload}`
}

/** The bytes to sign. */
export function toBytes(input: string): Uint8Array {
  const bytes = Buffer.allocUnsafe(input.length)
  bytes.write(input, 'latin1')
  return bytes
}

/** Room for the payload of any usual token. A longer one gets a buffer of its own. */
const usualPayloadLength = 6144

/**
 * One buffer for the signing inputs of one header, so that no token needs a new one. Each call overwrites the bytes that the call
 * before it returned. It is therefore only for synchronous signers, which have used the bytes when they return.
 */
export class InputBuffer {
  readonly #buffer: Buffer
  readonly #header: string
  readonly #payloadStart: number

  constructor(header: string) {
    this.#header = header
    this.#payloadStart = header.length + 1
    this.#buffer = Buffer.alloc(this.#payloadStart + usualPayloadLength)
    this.#buffer.write(`${header}.`)
  }

  /** The bytes of the JWS Signing Input with that encoded payload. */
  fill(payload: string): Uint8Array {
    if (payload.length > usualPayloadLength) return toBytes(signingInput(this.#header, payload))
    this.#buffer.write(payload, this.#payloadStart, 'latin1')
    return this.#buffer.subarray(0, this.#payloadStart + payload.length)
  }
}

/** Appends the signature to the signing input. */
export function finish(input: string, signature: Uint8Array): string {
  return `${input}.${base64url(signature)}`
}

function encodePayload(payload: Uint8Array | string): string {
  if (typeof payload !== 'string') {
    aPayload('payload', payload)
    return base64url(payload)
  }
  if (hasLoneSurrogate(payload)) {
    throw new SealwrightError(
      'INVALID_ARGUMENT',
      'the payload has a lone surrogate, which UTF-8 cannot represent',
    )
  }
  return base64urlText(payload)
}

const aPayload = must('a string or a Uint8Array', types.isUint8Array)
