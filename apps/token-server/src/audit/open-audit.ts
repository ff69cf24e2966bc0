import { resolve } from 'node:path'
import type { AuditLog, AuditLogEvent } from '@sealwright/audit-log'
import type { KeyRing } from '@sealwright/keyring'
import type { FastifyBaseLogger } from 'fastify'
import type { AuditSettings } from '../settings/schema/server/audit.ts'

export interface OpenAuditOptions {
  readonly settings: AuditSettings
  /** Its key that signs tokens also signs the seals. */
  readonly ring: Pick<KeyRing, 'signer'>
  readonly logger: Pick<FastifyBaseLogger, 'info' | 'warn' | 'error' | 'child' | 'level'>
}

/**
 * Opens the audit log, if the settings have one. Each process writes its own stream, so several can share the folder.
 *
 * @throws SealwrightError as `openAuditLog`
 */
export async function openAudit({
  settings: { folder, ...options },
  ring,
  logger,
}: OpenAuditOptions): Promise<AuditLog | null> {
  if (folder === null) return null
  const sealLogger = logger.level === 'silent' ? logger : logger.child({}, { level: 'info' })
  // Loaded only where it is used: it takes a tenth of the start time.
  const { openAuditLog } = await import('@sealwright/audit-log')
  return openAuditLog({
    ...options,
    folder: resolve(folder),
    signer: () => ring.signer(),
    onEvent: (event) => logEvent(event, logger, sealLogger),
  })
}

function logEvent(
  event: AuditLogEvent,
  logger: OpenAuditOptions['logger'],
  sealLogger: Pick<FastifyBaseLogger, 'info'>,
): void {
  switch (event.type) {
    case 'opened':
      logger.info({ file: event.file }, 'the audit log has a new file')
      break
    case 'sealed': {
      // With this line an auditor can prove that the end of the audit log was not cut off, so it is there at every level but silent.
      const { stream, sequence, chain } = event
      sealLogger.info({ stream, sequence, chain }, 'the audit log is sealed')
      break
    }
    case 'failed':
      logger.error({ err: event.error }, 'the audit log cannot be written; no token is issued')
      break
    case 'recovered':
      logger.warn({ file: event.file }, 'the audit log can be written again')
      break
    case 'seal-failed':
      logger.error(
        { err: event.error },
        'the audit log cannot be sealed; the next attempt is after the interval',
      )
      break
    case 'file-changed':
      logger.error({ file: event.file }, 'another program has changed or deleted the file of the audit log')
  }
}
