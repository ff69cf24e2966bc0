/** The state of a used identifier. */
export type Use =
  | { readonly kind: 'first' }
  | { readonly kind: 'replay' }
  /** No more can be remembered, and forgetting another would let it be used again. `retryAfter` is in seconds. */
  | { readonly kind: 'full'; readonly retryAfter: number }

/** Remembers which identifiers were used, for all processes that share it, so that each is accepted once. */
export interface ReplayStore {
  /**
   * Records the use of an identifier. It answers within a few seconds.
   *
   * @param clientId the client that made the identifier; clients share neither identifiers nor the space for them
   * @param id 1 to 256 characters
   * @param expires when it expires, in milliseconds since 1970, at most `replayWindow` from now
   * @returns `first` for exactly one caller; a promise that rejects when the store has no answer, so that the identifier is not
   *   accepted
   */
  use(clientId: string, id: string, expires: number): Promise<Use>
}
