import { decodeJwt, decodeProtectedHeader } from 'jose'

/** A token and what is in it. Nothing is verified. */
export interface TokenParts {
  /** Header, claims and signature as they are in the token: base64url. */
  readonly encoded: readonly [header: string, claims: string, signature: string]
  readonly header: Readonly<Record<string, unknown>>
  readonly claims: Readonly<Record<string, unknown>>
}

/** Decodes a token; null for text that is not a signed JWT. */
export function decodeToken(token: string): TokenParts | null {
  const [header, claims, signature, ...more] = token.split('.')
  if (header === undefined || claims === undefined || signature === undefined || more.length > 0) return null
  try {
    return {
      encoded: [header, claims, signature],
      header: { ...decodeProtectedHeader(token) },
      claims: decodeJwt(token),
    }
  } catch {
    return null
  }
}
