import { oneLine } from '../../terminal/terminal.ts'
import { catalogue, type FindingId } from './catalogue.ts'

/** Something that is wrong, and what to do. */
export interface Finding {
  /** Stable, such as `issuer-mismatch`. */
  readonly id: FindingId
  /** `error`: tokens are or will be rejected, or forged ones accepted. `warning`: everything else. */
  readonly severity: 'error' | 'warning'
  /** What is wrong here. */
  readonly what: string
  /** The URL, the key or the option. */
  readonly where: string
  /** The consequence. */
  readonly why: string
  readonly fix: string
}

/**
 * A finding, with the severity, the reason and the fix of the catalogue.
 *
 * @param fix what to do in this case, if the catalogue cannot say it
 */
export function finding(id: FindingId, where: string, what: string, fix?: string): Finding {
  const entry = catalogue[id]
  return { id, severity: entry.severity, what: oneLine(what), where, why: entry.why, fix: fix ?? entry.fix }
}
