import { SealwrightError, type SignatureAlgorithm } from '@sealwright/core'
import { privateJwkMembers } from '@sealwright/core/internal'
import { base64urlText } from './base64url.ts'
import { prependMembers, stringifyObject } from './json.ts'

/**
 * The members of a JWS Protected Header (RFC 7515 §4) beside `alg`, which the signer sets. Any other member that JSON can represent
 * is allowed, except those that {@link signCompact} refuses.
 */
export interface JwsHeader {
  /** Media type of the whole JWS, without `application/` (RFC 7515 §4.1.9). */
  readonly typ?: string
  /** Media type of the payload (RFC 7515 §4.1.10). */
  readonly cty?: string
  /** Usually the signer's `keyId` (RFC 7515 §4.1.4). */
  readonly kid?: string
  /** SHA-256 thumbprint of the certificate, base64url (RFC 7515 §4.1.8). */
  readonly 'x5t#S256'?: string
  /** The certificates, the key's own first, standard base64 of the DER (RFC 7515 §4.1.6). */
  readonly x5c?: readonly string[]
  readonly [member: string]: unknown
}

/** joserfc and others refuse longer headers by default. Headers with x5c are for verifiers that accept them. */
const maximumLength = 512

/** Members whose values other code compares as strings. */
const stringMembers = ['typ', 'cty', 'kid', 'x5t', 'x5t#S256'] as const

/**
 * The encoded JWS Protected Header (RFC 7515 §7.1): `alg` from the signer, then the caller's members in their order.
 *
 * @returns base64url
 * @throws SealwrightError `INVALID_ARGUMENT` or `UNSUPPORTED_OPERATION`, as {@link signCompact} says
 */
export function encodeHeader(algorithm: SignatureAlgorithm, header: JwsHeader): string {
  const members = stringifyObject(header, 'header')
  if (Object.hasOwn(header, 'alg')) throw invalid('header.alg comes from the key and cannot be set')
  if (Object.hasOwn(header, 'jwk')) {
    throw invalid('header.jwk would make verifiers trust the key in the token; publish a JWK Set and set kid')
  }
  // One of them in a header means that a key was passed by mistake.
  for (const member of privateJwkMembers) {
    if (Object.hasOwn(header, member)) throw invalid(`header.${member} is a member of a private key`)
  }
  if (Object.hasOwn(header, 'b64')) {
    throw unsupported('header.b64 is not supported: payloads are always encoded (RFC 7797)')
  }
  if (Object.hasOwn(header, 'crit')) {
    throw unsupported('header.crit is not supported: there are no critical extensions (RFC 7515 §4.1.11)')
  }
  for (const member of stringMembers) {
    const value = header[member]
    if (value !== undefined && typeof value !== 'string') throw invalid(`header ${member} must be a string`)
  }
  if (header.x5c !== undefined && !Array.isArray(header.x5c)) throw invalid('header.x5c must be an array')
  const encoded = base64urlText(prependMembers(`{"alg":"${algorithm.name}"`, members))
  if (encoded.length > maximumLength && header.x5c === undefined) {
    throw invalid(
      `the header has ${encoded.length} characters encoded; some verifiers accept at most ${maximumLength}`,
    )
  }
  return encoded
}

function invalid(message: string): SealwrightError {
  return new SealwrightError('INVALID_ARGUMENT', message)
}

function unsupported(message: string): SealwrightError {
  return new SealwrightError('UNSUPPORTED_OPERATION', message)
}
