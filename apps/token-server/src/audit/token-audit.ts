import type { AuditLog } from '@sealwright/audit-log'
import { SealwrightError } from '@sealwright/core'

/** The audit log cannot be written now, so no token may leave. */
export class UnrecordedError extends SealwrightError {
  constructor(cause: unknown) {
    const isKnown = cause instanceof SealwrightError
    super('UNAVAILABLE', isKnown ? cause.message : 'the audit log cannot be written', {
      cause,
      retryAfter: isKnown ? cause.retryAfter : undefined,
    })
  }
}

/** Records tokens before they leave. */
export class TokenAudit {
  readonly #log: AuditLog
  /** The promise of the last line, and the one that this class gave for it. */
  #written: Promise<void> = Promise.resolve()
  #recorded: Promise<void> = this.#written

  constructor(log: AuditLog) {
    this.#log = log
  }

  /** Whether the log was writable at the last attempt. */
  get isAvailable(): boolean {
    return this.#log.isWritable
  }

  /**
   * Refuses tokens that could not be recorded now, so that they are not signed for nothing.
   *
   * @throws UnrecordedError
   */
  assertWritable(): void {
    try {
      this.#log.assertWritable()
    } catch (error) {
      throw new UnrecordedError(error)
    }
  }

  /** @throws UnrecordedError if the token is not recorded and must not leave */
  record(token: string, keyId: string, clientId: string): Promise<void> {
    const written = this.#write(token, keyId, clientId)
    // Lines that are written together have one promise, so they need only one here.
    if (written !== this.#written) {
      this.#written = written
      this.#recorded = written.catch(refuse)
    }
    return this.#recorded
  }

  #write(token: string, keyId: string, clientId: string): Promise<void> {
    try {
      const signingInput = token.slice(0, token.lastIndexOf('.'))
      return this.#log.record({ jti: jtiOf(signingInput), keyId, clientId, signingInput })
    } catch (error) {
      return Promise.reject(error)
    }
  }
}

function refuse(cause: unknown): never {
  throw new UnrecordedError(cause)
}

/** `{"jti"`, base64url. The issuer puts its `jti` first. */
const start = 'eyJqdGki'
const id = /^:"([\w-]{22})",/
/** 36 characters of base64url: the `jti` and the characters around it. */
const bytes = Buffer.alloc(27)

/** The `jti` of a token. Where it is first, only its own bytes are decoded: this runs for every token. */
export function jtiOf(signingInput: string): string {
  const payload = signingInput.indexOf('.') + 1
  if (signingInput.startsWith(start, payload)) {
    const from = payload + start.length
    const length = bytes.write(signingInput.slice(from, from + 36), 'base64url')
    const [, jti] = id.exec(bytes.toString('latin1', 0, length)) ?? []
    if (jti !== undefined) return jti
  }
  const claims: { readonly jti: string } = JSON.parse(
    Buffer.from(signingInput.slice(payload), 'base64url').toString(),
  )
  return claims.jti
}
