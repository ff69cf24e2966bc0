import { SpanStatusCode, type Span, type Tracer } from '@opentelemetry/api'
import type { Signer, SigningKey, SyncSigner } from '@sealwright/core'
import {
  aNonEmptyString,
  aSigner,
  aSigningKey,
  hasMethod,
  must,
  optionsOf,
  wrapSigner,
} from '@sealwright/core/internal'
import { attributesOf, errorTypeOf, toAttributes, type BackendOption } from '../attributes.ts'
import { keyWithSigners } from '../key-with-signers.ts'

const spanName = 'sign'

/** Options of {@link tracedSigner} and {@link tracedKey}. */
export interface TracedSignerOptions extends BackendOption {
  /** Such as `trace.getTracer('my-app')` of @opentelemetry/api. */
  readonly tracer: Tracer
}

const tracedSignerOptions = optionsOf(
  {
    tracer: must('a Tracer; trace.getTracer(name) of @opentelemetry/api returns one', (value) =>
      hasMethod(value, 'startActiveSpan'),
    ),
    backend: aNonEmptyString,
  },
  ['tracer'],
)

/**
 * The signer with a span for each signature. The span is a child of the active one, and active while the signer runs, so that the
 * requests of a remote signer are its children.
 *
 * @throws SealwrightError `INVALID_ARGUMENT`
 *
 * @example
 * ```ts
 * import { trace } from '@opentelemetry/api'
 * import { createLocalSigner } from '@sealwright/core'
 * import { tracedSigner } from '@sealwright/opentelemetry'
 * import { generateKeyPairSync } from 'node:crypto'
 *
 * const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
 * const signer = tracedSigner(createLocalSigner(privateKey), { tracer: trace.getTracer('my-app') })
 * const signature = await signer.sign(new TextEncoder().encode('data'))
 * ```
 */
export function tracedSigner(signer: SyncSigner, options: TracedSignerOptions): SyncSigner
export function tracedSigner(signer: Signer, options: TracedSignerOptions): Signer
export function tracedSigner(signer: Signer, options: TracedSignerOptions): Signer {
  aSigner('signer', signer)
  tracedSignerOptions('options', options)
  const { tracer } = options
  const attributes = toAttributes(attributesOf(signer, options))
  return wrapSigner(signer, {
    sign: (data, signOptions) =>
      tracer.startActiveSpan(spanName, { attributes }, async (span) => {
        try {
          return await signer.sign(data, signOptions)
        } catch (error) {
          recordFailure(span, error)
          throw error
        } finally {
          span.end()
        }
      }),
    signSync: (sync) => (data) =>
      tracer.startActiveSpan(spanName, { attributes }, (span) => {
        try {
          return sync.signSync(data)
        } catch (error) {
          recordFailure(span, error)
          throw error
        } finally {
          span.end()
        }
      }),
  })
}

/**
 * The key with a span for each signature, as {@link tracedSigner}.
 *
 * @throws SealwrightError `INVALID_ARGUMENT`
 *
 * @example
 * ```ts
 * import { trace } from '@opentelemetry/api'
 * import type { KeyRing } from '@sealwright/keyring'
 * import { createJwtIssuer, type JwtIssuer } from '@sealwright/jws'
 * import { tracedKey } from '@sealwright/opentelemetry'
 *
 * function issuerOf(ring: KeyRing): () => JwtIssuer {
 *   const tracer = trace.getTracer('my-app')
 *   return ring.perKey((key) => createJwtIssuer(tracedKey(key, { tracer }), { issuer: 'https://auth.example.com' }))
 * }
 * ```
 */
export function tracedKey(key: SigningKey, options: TracedSignerOptions): SigningKey {
  aSigningKey('key', key)
  tracedSignerOptions('options', options)
  return keyWithSigners(key, (signer) => tracedSigner(signer, options))
}

const aSpan = must('a Span; tracer.startSpan(name) of @opentelemetry/api returns one', (value) =>
  hasMethod(value, 'setStatus'),
)

/**
 * Marks a span as failed, as OpenTelemetry's conventions say: with the status, and `error.type`: the code of a
 * SealwrightError, the name of an error of the platform such as `AbortError`, or `_OTHER`.
 *
 * @throws SealwrightError `INVALID_ARGUMENT` when `span` is not a span
 *
 * @example
 * ```ts
 * import { trace } from '@opentelemetry/api'
 * import { recordFailure } from '@sealwright/opentelemetry'
 *
 * const span = trace.getTracer('my-app').startSpan('issue a token')
 * try {
 *   throw new Error('the key cannot sign')
 * } catch (error) {
 *   recordFailure(span, error)
 * } finally {
 *   span.end()
 * }
 * ```
 */
export function recordFailure(span: Span, error: unknown): void {
  aSpan('span', span)
  const message = error instanceof Error ? error.message : String(error)
  span.setAttribute('error.type', errorTypeOf(error))
  span.setStatus({ code: SpanStatusCode.ERROR, message })
}
