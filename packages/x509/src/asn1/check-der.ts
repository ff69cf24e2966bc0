import { invalidArgument } from '@sealwright/core/internal'
import { readBer, type BerElement } from './ber.ts'
import { hasDerLengths } from './values.ts'

/**
 * Checks that a caller's encoding can be embedded in DER: a single value in which each length is definite and has the
 * fewest octets (X.690 §10.1).
 *
 * @param source for messages
 * @throws SealwrightError `INVALID_ARGUMENT`
 */
export function checkDer(value: Uint8Array, source: string): void {
  let element: BerElement
  try {
    element = readBer(value, source, { elements: 10_000, depth: 32 })
  } catch (cause) {
    throw invalidArgument(`${source} is not DER`, cause)
  }
  if (!hasDerLengths(element)) throw invalidArgument(`${source} is BER and not DER`)
}
