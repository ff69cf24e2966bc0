import { SealwrightError } from '@sealwright/core'
import { limitExceeded } from '@sealwright/core/internal'
import { readBer, tags, tooDeep, type BerBudget, type BerElement } from '../asn1/ber.ts'

/**
 * Limits on the input of pkijs. asn1js spends about a kilobyte on each value, and 420 bytes on each byte of an OBJECT
 * IDENTIFIER, whatever its own `maxNodes` says.
 */
export interface PkijsLimits {
  /** Size in bytes. Default 128 KiB. */
  readonly bytes: number
  /** ASN.1 values, those in OCTET STRINGs included. Default 10,000. */
  readonly elements: number
  /** Nesting of ASN.1 values, and of OCTET STRINGs in OCTET STRINGs. Default 32. */
  readonly depth: number
}

export const defaultPkijsLimits: PkijsLimits = Object.freeze({
  bytes: 128 * 1024,
  elements: 10_000,
  depth: 32,
})

/** The contents octets of an OBJECT IDENTIFIER; those in use have 11 at most. */
const maximumOidBytes = 64

/**
 * Reads the input of pkijs, and refuses input that is expensive to parse.
 *
 * @throws SealwrightError `INVALID_ENCODING`, `LIMIT_EXCEEDED`
 */
export function readBounded(
  der: Uint8Array,
  source: string,
  maximumBytes: number,
  budget: BerBudget,
): BerElement {
  if (der.length > maximumBytes) throw limitExceeded(source, der.length, 'bytes', maximumBytes)
  const element = readBer(der, source, budget)
  assertElement(element, source, budget, 1)
  return element
}

/** @param nesting one more than the OCTET STRINGs that the element is in */
function assertElement(
  { tag, constructed, content, children }: BerElement,
  source: string,
  budget: BerBudget,
  nesting: number,
): void {
  if (tag === tags.objectIdentifier && content.length > maximumOidBytes)
    throw new SealwrightError(
      'LIMIT_EXCEEDED',
      `${source} has an OBJECT IDENTIFIER of ${content.length} bytes; at most ${maximumOidBytes} are allowed`,
    )
  if (tag === tags.octetString && !constructed) assertNested(content, source, budget, nesting)
  for (const child of children) assertElement(child, source, budget, nesting)
}

/** pkijs parses the contents of an OCTET STRING of a known kind: extensions, keys, safes. */
function assertNested(content: Uint8Array, source: string, budget: BerBudget, nesting: number): void {
  let element: BerElement
  try {
    element = readBer(content, source, budget)
  } catch (error) {
    if (error instanceof SealwrightError && error.code === 'LIMIT_EXCEEDED') throw error
    // Octets that are not ASN.1, such as a salt.
    return
  }
  // Each is a parse with a depth of its own, and recursion here.
  if (nesting > budget.depth) throw tooDeep(source, budget)
  assertElement(element, source, budget, nesting + 1)
}
