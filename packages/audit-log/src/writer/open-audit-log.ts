import type { Signer } from '@sealwright/core'
import {
  aBoolean,
  aFolderPath,
  aFunction,
  aSigner,
  aWholeNumber,
  careful,
  optionsOf,
} from '@sealwright/core/internal'
import { maximumSealInterval } from '../format/lines.ts'
import { SealedWriter, type AuditLog, type AuditLogEvent } from './audit-log.ts'
import { prepareFolder } from './folder.ts'
import { StreamWriter } from './stream-writer.ts'

/** Options of {@link openAuditLog}. */
export interface AuditLogOptions {
  /** The folder of the files. It is created with mode 700 if there is none. Several processes can write into one folder. */
  readonly folder: string
  /** Signs the seals. A function is asked for each seal, so that a key ring can give the key that signs now. */
  readonly signer: Signer | (() => Signer)
  /**
   * Whether a line must be on disk before its token is handed out (fdatasync), so that it survives a power failure. Default false: it
   * survives the end of the process, but not that of the machine.
   */
  readonly durable?: boolean | undefined
  /** Seconds between two seals: 1 to 3600. Default 10. */
  readonly sealInterval?: number | undefined
  /** Bytes after which the next file begins. Default 64 MiB. */
  readonly maximumFileSize?: number | undefined
  /** Seconds after which the next file begins. Default 86,400: a day. */
  readonly maximumFileAge?: number | undefined
  /** Called with each event. It may be async. If it throws or rejects, the process emits a warning and the log goes on. Default: none. */
  readonly onEvent?: ((event: AuditLogEvent) => unknown) | undefined
  /** Returns the current time. Default: this machine's clock. */
  readonly clock?: (() => Date) | undefined
}

/**
 * Opens an audit log. It begins a new stream, and never writes into an existing file.
 *
 * @throws SealwrightError `INVALID_ARGUMENT` for malformed options; `UNSAFE_PERMISSIONS` if every user may delete files in the folder;
 *   `ACCESS_DENIED` or `UNAVAILABLE` if the folder cannot be used; or what the signer throws for the first seal
 *
 * @example
 * ```ts
 * import { openAuditLog } from '@sealwright/audit-log'
 * import { createLocalSigner } from '@sealwright/core'
 * import { createJwtIssuer } from '@sealwright/jws'
 * import { generateKeyPairSync, randomUUID } from 'node:crypto'
 *
 * const signer = createLocalSigner(generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey)
 * const issuer = createJwtIssuer(signer, { issuer: 'https://auth.example.com', audience: 'https://api.example.com' })
 * const auditLog = await openAuditLog({ folder: './audit', signer })
 *
 * async function issue(clientId: string): Promise<string> {
 *   const jti = randomUUID()
 *   const token = await issuer.issue({ jti, sub: clientId, client_id: clientId })
 *   const signingInput = token.slice(0, token.lastIndexOf('.'))
 *   await auditLog.record({ jti, keyId: issuer.keyId, clientId, signingInput })
 *   return token
 * }
 * ```
 */
export async function openAuditLog(options: AuditLogOptions): Promise<AuditLog> {
  auditLogOptions('options', options)
  const { folder, signer, durable = false, sealInterval = 10 } = options
  const { maximumFileSize = 64 * 2 ** 20, maximumFileAge = 86_400, clock = () => new Date() } = options
  const onEvent = careful(options.onEvent, warn)
  const seen = await prepareFolder(folder)
  const writer = new StreamWriter({
    folder,
    durable,
    maximumFileSize,
    maximumFileAge: maximumFileAge * 1000,
    sealInterval,
    seen,
    clock,
    onOpened: (file) => onEvent({ type: 'opened', file }),
  })
  const log = new SealedWriter(writer, {
    signer: typeof signer === 'function' ? signer : () => signer,
    sealInterval,
    onEvent,
  })
  await log.open()
  return log
}

/** A listener that fails must neither refuse a token nor end the process. */
function warn(error: unknown): void {
  const reason = error instanceof Error ? error.message : typeof error
  process.emitWarning(`onEvent of the audit log failed: ${reason}`)
}

const auditLogOptions = optionsOf(
  {
    folder: aFolderPath,
    signer: (name, value) => (typeof value === 'function' ? aFunction : aSigner)(name, value),
    durable: aBoolean,
    sealInterval: aWholeNumber(1, maximumSealInterval, 'seconds'),
    maximumFileSize: aWholeNumber(1024, 2 ** 40, 'bytes'),
    maximumFileAge: aWholeNumber(1, 366 * 86_400, 'seconds'),
    onEvent: aFunction,
    clock: aFunction,
  },
  ['folder', 'signer'],
)
