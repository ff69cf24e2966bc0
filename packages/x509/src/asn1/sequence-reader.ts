import { malformed, tags, type BerElement } from './ber.ts'
import { decodeInteger, decodeObjectIdentifier, decodeOctetString, unwrapExplicit } from './values.ts'

/**
 * Takes the fields of a SEQUENCE one after the other. Every method throws `INVALID_ENCODING` where the next field is not
 * what is asked for.
 */
export class SequenceReader {
  readonly #source: string
  readonly #fields: readonly BerElement[]
  #next = 0

  /** @param source for messages, such as `MacData` */
  constructor(element: BerElement, source: string) {
    if (element.tag !== tags.sequence) throw malformed(source, 'is not a SEQUENCE')
    this.#source = source
    this.#fields = element.children
  }

  /** The next field, whatever it is. */
  any(field: string): BerElement {
    const element = this.#fields[this.#next]
    if (element === undefined) throw malformed(this.#source, `has no ${field}`)
    this.#next++
    return element
  }

  /** The next field if it has that tag. Otherwise null, and nothing is consumed. */
  optional(tag: number): BerElement | null {
    const element = this.#fields[this.#next]
    if (element?.tag !== tag) return null
    this.#next++
    return element
  }

  objectIdentifier(field: string): string {
    return decodeObjectIdentifier(this.any(field), `${this.#source} ${field}`)
  }

  octetString(field: string): Uint8Array {
    return decodeOctetString(this.any(field), tags.octetString, `${this.#source} ${field}`)
  }

  integer(field: string): number {
    return decodeInteger(this.any(field), `${this.#source} ${field}`)
  }

  sequence(field: string): SequenceReader {
    return new SequenceReader(this.any(field), `${this.#source} ${field}`)
  }

  /** The one element in a field tagged `[n] EXPLICIT`. */
  explicit(tag: number, field: string): BerElement {
    return unwrapExplicit(this.any(field), tag, `${this.#source} ${field}`)
  }

  /** @throws SealwrightError `INVALID_ENCODING` when a field is left */
  end(): void {
    if (this.#next < this.#fields.length) throw malformed(this.#source, 'has too many fields')
  }
}
