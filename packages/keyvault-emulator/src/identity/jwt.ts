import { sign, verify, type KeyObject } from 'node:crypto'
import { isJsonObject, type JsonObject } from '../protocol/body.ts'

/** Signs a JWT with RS256. */
export function signJwt(claims: JsonObject, key: KeyObject, keyId: string): string {
  const input = [{ typ: 'JWT', alg: 'RS256', kid: keyId, x5t: keyId }, claims]
    .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
    .join('.')
  return `${input}.${sign('sha256', Buffer.from(input), key).toString('base64url')}`
}

/**
 * The claims of a JWT that the private half of this public key signed with RS256; null for anything else. The
 * claims themselves are not judged.
 */
export function verifyJwt(token: string, key: KeyObject): JsonObject | null {
  const [header, payload, signature, ...rest] = token.split('.')
  if (header === undefined || payload === undefined || signature === undefined || rest.length > 0) return null
  if (parse(header)?.['alg'] !== 'RS256') return null
  const input = Buffer.from(`${header}.${payload}`)
  if (!verify('sha256', input, key, Buffer.from(signature, 'base64url'))) return null
  return parse(payload)
}

function parse(part: string): JsonObject | null {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString())
    return isJsonObject(value) ? value : null
  } catch {
    return null
  }
}
