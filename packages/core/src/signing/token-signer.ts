import type { SignOptions, Signer } from './signer.ts'

/** Creates whole tokens outside the calling thread, which has less to do for each token than with `Signer.sign`. */
export interface TokenSigner {
  /**
   * @param prefix what the token begins with: the header in base64url and a dot
   * @param payload text, not encoded
   * @returns the token in JWS Compact Serialization (RFC 7515 §7.1)
   */
  signToken(prefix: string, payload: string, options?: SignOptions): Promise<string>
}

/** The name of the method of a signer that returns its {@link TokenSigner}. */
export const tokenSigner: unique symbol = Symbol('sealwright.tokenSigner')

/** A signer that may have a {@link TokenSigner}. */
export interface TokenSignerSource {
  /** null when the next token is better made with the method `sign`. */
  [tokenSigner](): TokenSigner | null
}

/** Whether the signer may have a {@link TokenSigner}. A signer around another one has none unless it passes the method on. */
export function isTokenSignerSource(signer: Signer): signer is Signer & TokenSignerSource {
  return tokenSigner in signer
}
