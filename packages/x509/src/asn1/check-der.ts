import { invalidArgument } from '@sealwright/core/internal'
import { readBer, type BerElement } from './ber.ts'
import { hasDerLengths } from './values.ts'

/**
 * Makes sure that what a caller has encoded may go into DER as it is: one value, and each length in it definite and in the
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
