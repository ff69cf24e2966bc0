import { constants, sign, verify, type KeyObject } from 'node:crypto'
import { isJsonObject, type JsonObject } from '../protocol/body.ts'

/** Signs a JWT with RS256. */
export function signJwt(claims: JsonObject, key: KeyObject, keyId: string): string {
  const input = [{ typ: 'JWT', alg: 'RS256', kid: keyId, x5t: keyId }, claims]
    .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
    .join('.')
  return `${input}.${sign('sha256', Buffer.from(input), key).toString('base64url')}`
}

/**
 * The claims of a JWT that this key signed with RS256 or PS256; null for anything else. The claims themselves are not
 * checked.
 */
export function verifyJwt(token: string, publicKey: KeyObject): JsonObject | null {
  const [header, payload, signature, ...rest] = token.split('.')
  if (header === undefined || payload === undefined || signature === undefined || rest.length > 0) return null
  const padding = paddings[String(parse(header)?.['alg'])]
  if (padding === undefined || publicKey.asymmetricKeyType !== 'rsa') return null
  const key = { key: publicKey, padding, saltLength: constants.RSA_PSS_SALTLEN_DIGEST }
  const input = Buffer.from(`${header}.${payload}`)
  return verify('sha256', input, key, Buffer.from(signature, 'base64url')) ? parse(payload) : null
}

const paddings: Readonly<Record<string, number | undefined>> = {
  RS256: constants.RSA_PKCS1_PADDING,
  PS256: constants.RSA_PKCS1_PSS_PADDING,
}

function parse(part: string): JsonObject | null {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString())
    return isJsonObject(value) ? value : null
  } catch {
    return null
  }
}
