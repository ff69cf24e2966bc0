import { badParameter, ServiceError } from '../protocol/errors.ts'
import type { CollectionName, VaultDocument } from './records.ts'
import { collectionsOf } from './soft-delete.ts'

/** The content of a backup blob. The service encrypts its own for one subscription and region; this one is plain. */
interface Backup {
  readonly kind: CollectionName
  readonly name: string
  /** The records that the backup restores: for a certificate, also its key and its secret. */
  readonly document: Partial<VaultDocument>
}

const prefix = 'keyvault-emulator backup 2\n'

/**
 * @param document holds an object of that kind
 * @returns base64url
 */
export function writeBackup(kind: CollectionName, document: VaultDocument): string {
  const records = Object.fromEntries(collectionsOf(kind).map((part) => [part, document[part]]))
  const backup: Backup = { kind, name: document[kind]?.name ?? '', document: records }
  return Buffer.from(prefix + JSON.stringify(backup)).toString('base64url')
}

/**
 * @param blob base64url
 * @throws ServiceError 400 unless this emulator wrote it, for an object of that kind
 */
export function readBackup(blob: string, kind: CollectionName): Backup {
  const text = Buffer.from(blob, 'base64url').toString()
  if (!text.startsWith(prefix)) throw malformed()
  let backup: Backup
  try {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- its own format, told by the prefix
    backup = JSON.parse(text.slice(prefix.length)) as Backup
  } catch {
    throw malformed()
  }
  if (backup.kind !== kind) throw badParameter(`The backup is of a ${backup.kind}, not of a ${kind}.`)
  return backup
}

function malformed(): ServiceError {
  return new ServiceError(400, 'Malformed backup blob', 'Backup blob contains invalid or corrupt version.')
}
