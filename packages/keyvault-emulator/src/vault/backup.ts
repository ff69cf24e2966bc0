import { badParameter, ServiceError } from '../protocol/errors.ts'
import { requiredString, type JsonObject } from '../protocol/json-input.ts'
import type { CertificateRecord, KeyRecord, SecretRecord } from './records.ts'

/** What a backup blob holds. The service encrypts its own for one subscription and region; this one is plain. */
export type Backup =
  | { readonly kind: 'key'; readonly record: KeyRecord }
  | { readonly kind: 'secret'; readonly record: SecretRecord }
  | {
      readonly kind: 'certificate'
      readonly record: CertificateRecord
      readonly key: KeyRecord | null
      readonly secret: SecretRecord | null
    }

const prefix = 'keyvault-emulator backup 1\n'

/** @returns base64url */
export function writeBackup(backup: Backup): string {
  return Buffer.from(prefix + JSON.stringify(backup)).toString('base64url')
}

/**
 * The backup in a restore request.
 *
 * @throws ServiceError 400 for anything but a backup that this emulator wrote of that kind of object
 */
export function readBackup<K extends Backup['kind']>(
  body: JsonObject,
  kind: K,
): Extract<Backup, { kind: K }> {
  const text = Buffer.from(requiredString(body, 'value'), 'base64url').toString()
  if (!text.startsWith(prefix)) throw malformed()
  let backup: Backup
  try {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- its own format, told by the prefix
    backup = JSON.parse(text.slice(prefix.length)) as Backup
  } catch {
    throw malformed()
  }
  if (!isKind(backup, kind)) throw badParameter(`The backup is of a ${backup.kind}, not of a ${kind}.`)
  return backup
}

function isKind<K extends Backup['kind']>(backup: Backup, kind: K): backup is Extract<Backup, { kind: K }> {
  return backup.kind === kind
}

function malformed(): ServiceError {
  return new ServiceError(400, 'Malformed backup blob', 'Backup blob contains invalid or corrupt version.')
}
