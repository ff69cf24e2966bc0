/** Limits on a CRL. */
export interface RevocationListLimits {
  /** ASN.1 values in the list: four to nine for each entry. Default 500,000. */
  readonly revocationListElements: number
}

export const defaultRevocationListLimits: RevocationListLimits = Object.freeze({
  revocationListElements: 500_000,
})

/** The budget of a CRL's reader. */
export function revocationListBudget(elements: number): {
  elements: number
  readonly depth: number
  readonly raisedBy: { readonly elements: string }
} {
  return { elements, depth: 16, raisedBy: { elements: 'limits.revocationListElements' } }
}
