import { randomUUID } from 'node:crypto'
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

  constructor(log: AuditLog) {
    this.#log = log
  }

  /**
   * The `jti` of the next token. The audit log has it, so the server makes it and not the issuer.
   *
   * @throws UnrecordedError if the token could not be recorded now, so that it is not signed for nothing
   */
  newId(): string {
    try {
      this.#log.assertWritable()
    } catch (error) {
      throw new UnrecordedError(error)
    }
    return randomUUID()
  }

  /** @throws UnrecordedError if the token is not recorded; it must not leave then */
  async record(token: string, jti: string, keyId: string, clientId: string): Promise<void> {
    const signingInput = token.slice(0, token.lastIndexOf('.'))
    try {
      await this.#log.record({ jti, keyId, clientId, signingInput })
    } catch (error) {
      throw new UnrecordedError(error)
    }
  }
}
