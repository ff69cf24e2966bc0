import { findJsonProblem } from './find-json-problem.ts'

/**
 * Why a JWT can be read in more than one way; null if it cannot. Decoders differ in what they accept, so another
 * program on the way could see other claims in it.
 *
 * - Base64url that is not canonical (RFC 7515 §2): padding, white space, the alphabet of base64, or a last character with
 *   unused bits that are set. A token would have several spellings, and a list of revoked tokens would match only one.
 * - A header or claims that are not one JSON object in UTF-8, or that have two members of one name (RFC 7515 §4, RFC 7519
 *   §4): some parsers take the first, others the last.
 */
export type JwtProblem = 'not a JWT' | 'ambiguous'

/** @param jwt a JWS in Compact Serialization; its signature is not verified */
export function jwtProblem(jwt: string): JwtProblem | null {
  const parts = jwt.split('.', 4)
  if (parts.length !== 3 || !parts.every(isCanonical)) return 'not a JWT'
  return parts.slice(0, 2).every(isObjectOfUniqueMembers) ? null : 'ambiguous'
}

/** The header of a JWT without a {@link jwtProblem}. */
export function jwtHeader(jwt: string): Readonly<Record<string, unknown>> {
  const header: unknown = JSON.parse(decodePart(jwt.slice(0, jwt.indexOf('.'))))
  return Object(header)
}

function isCanonical(part: string): boolean {
  return Buffer.from(part, 'base64url').toString('base64url') === part
}

function isObjectOfUniqueMembers(part: string): boolean {
  try {
    const text = decodePart(part)
    return text.trimStart().startsWith('{') && findJsonProblem(text) === null
  } catch {
    return false
  }
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

function decodePart(part: string): string {
  return utf8.decode(Buffer.from(part, 'base64url'))
}
