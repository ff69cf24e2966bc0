import { isSealwrightError } from '@sealwright/core'
import type { BerElement } from '../../asn1/ber.ts'
import { decodeTime } from '../../asn1/time.ts'
import { formatName } from '../../names/distinguished-name.ts'
import { interpretExtensions, type ReadExtensions } from '../extensions/certificate-extensions.ts'
import { readExtensions, type CustomExtension } from '../extensions/extension.ts'

/**
 * Problems of a document that is for display only. Each part is read on its own, so that a malformed one hides no
 * other.
 */
export class Findings {
  /** Why readers that rely on such documents refuse it. */
  readonly problems: string[] = []
  /** Why it should be replaced. */
  readonly weaknesses: string[] = []

  /** The problems that are shown: each once; of very many, the first ones and a count. */
  shownProblems(): readonly string[] {
    const distinct = [...new Set(this.problems)]
    const more = distinct.length - maximumShown
    return more > 0 ? [...distinct.slice(0, maximumShown), `and ${more} more problems`] : distinct
  }

  /** The result of `read`. Where it is malformed or unsupported, a problem is added and the fallback returned. */
  attempt<T>(read: () => T, fallback: T): T {
    try {
      return read()
    } catch (error) {
      if (!isSealwrightError(error) || error.code === 'LIMIT_EXCEEDED') throw error
      this.problems.push(error.message)
      return fallback
    }
  }

  /** An RFC 4514 string; empty for a name that is malformed. */
  name(element: BerElement): string {
    return this.attempt(() => formatName(element), '')
  }

  /** Null for a time that violates RFC 5280. */
  time(element: BerElement, source: string): Date | null {
    return this.attempt(() => decodeTime(element, source), null)
  }

  /** @param list SEQUENCE OF Extension */
  rawExtensions(list: BerElement, source: string): readonly CustomExtension[] {
    if (list.children.length === 0) {
      this.problems.push(`${source} has an empty list of extensions; RFC 5280 requires at least one`)
      return []
    }
    return this.attempt(() => readExtensions(list, source), [])
  }

  /** All extensions that are well-formed. */
  extensions(raw: readonly CustomExtension[], source: string): ReadExtensions {
    const wellFormed = raw.filter(
      (each) => this.attempt(() => interpretExtensions([each], source), null) !== null,
    )
    return interpretExtensions(wellFormed, source)
  }
}

const maximumShown = 20
