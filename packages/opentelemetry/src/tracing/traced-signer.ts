import type { KeyObject } from 'node:crypto'
import { SpanStatusCode, type Span, type Tracer } from '@opentelemetry/api'
import {
  isSyncSigner,
  type SignatureAlgorithm,
  type Signer,
  type SigningKey,
  type SignOptions,
  type SyncSigner,
} from '@sealwright/core'
import { aNonEmptyString, aSigner, aSigningKey, hasMethod, must, optionsOf } from '@sealwright/core/internal'
import { attributesOf, errorTypeOf, toAttributes, type BackendOption } from '../attributes.ts'
import { wrapKey } from '../wrap-key.ts'

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
  const spans = { tracer: options.tracer, attributes: toAttributes(attributesOf(signer, options)) }
  return isSyncSigner(signer) ? new TracedSyncSigner(signer, spans) : new TracedSigner(signer, spans)
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
  return wrapKey(key, (signer) => tracedSigner(signer, options))
}

/** How spans of signatures are made. */
interface Spans {
  readonly tracer: Tracer
  readonly attributes: Readonly<Record<string, string>>
}

const spanName = 'sign'

class TracedSigner implements Signer {
  readonly algorithm: SignatureAlgorithm
  readonly keyId: string
  readonly publicKey: KeyObject
  readonly #signer: Signer
  readonly #spans: Spans

  constructor(signer: Signer, spans: Spans) {
    this.algorithm = signer.algorithm
    this.keyId = signer.keyId
    this.publicKey = signer.publicKey
    this.#signer = signer
    this.#spans = spans
  }

  sign(data: Uint8Array, options?: SignOptions): Promise<Uint8Array> {
    const { tracer, attributes } = this.#spans
    return tracer.startActiveSpan(spanName, { attributes }, async (span) => {
      try {
        return await this.#signer.sign(data, options)
      } catch (error) {
        recordFailure(span, error)
        throw error
      } finally {
        span.end()
      }
    })
  }
}

class TracedSyncSigner extends TracedSigner implements SyncSigner {
  readonly #syncSigner: SyncSigner
  readonly #syncSpans: Spans

  constructor(signer: SyncSigner, spans: Spans) {
    super(signer, spans)
    this.#syncSigner = signer
    this.#syncSpans = spans
  }

  signSync(data: Uint8Array): Uint8Array {
    const { tracer, attributes } = this.#syncSpans
    return tracer.startActiveSpan(spanName, { attributes }, (span) => {
      try {
        return this.#syncSigner.signSync(data)
      } catch (error) {
        recordFailure(span, error)
        throw error
      } finally {
        span.end()
      }
    })
  }
}

const aSpan = must('a Span; tracer.startSpan(name) of @opentelemetry/api returns one', (value) =>
  hasMethod(value, 'setStatus'),
)

/**
 * Marks a span as failed, as OpenTelemetry's conventions say: with the status, and the code or name of the error as `error.type`.
 *
 * @throws SealwrightError `INVALID_ARGUMENT` when `span` is no span
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
