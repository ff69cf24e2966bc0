import { base64urlNumber } from './microsoft/blob.ts'
import { isRecord, type JsonObject } from './jwk.ts'

/** The findings in a JSON document. */
export interface JsonContents {
  readonly jwks: readonly unknown[]
  /** Whether it is a JWK Set (RFC 7517 §5). */
  readonly set: boolean
  /** Strings that may hold PEM or base64 of a file. */
  readonly texts: readonly string[]
}

/** No real file is nested deeper. */
const maximumDepth = 8
/** A shorter string holds no key. */
const minimumTextLength = 40

/**
 * Finds keys in common JSON: a JWK or JWK Set; output of `az keyvault key show`, `secret show` and `certificate show`;
 * Google's service accounts; Kubernetes secrets; Vault's answers; IdentityServer's tempkey.rsa and tempkey.jwk.
 *
 * @param json parsed
 */
export function findInJson(json: unknown): JsonContents {
  if (isRecord(json) && Array.isArray(json['keys']) && json['kty'] === undefined) {
    return { jwks: json['keys'].map(asJwk), set: true, texts: [] }
  }
  const jwks: JsonObject[] = []
  const texts: string[] = []
  collect(json, jwks, texts, 0)
  return { jwks, set: false, texts }
}

function collect(value: unknown, jwks: JsonObject[], texts: string[], depth: number): void {
  if (typeof value === 'string') {
    if (value.length >= minimumTextLength && mayHoldFile(value)) texts.push(value)
    return
  }
  if (depth >= maximumDepth || typeof value !== 'object' || value === null) return
  const jwk = isRecord(value) ? asJwk(value) : null
  if (isRecord(jwk) && jwk['kty'] !== undefined) {
    jwks.push(jwk)
    return
  }
  for (const each of Object.values<unknown>({ ...value })) collect(each, jwks, texts, depth + 1)
}

/** PEM, or base64 of PEM or DER. */
function mayHoldFile(text: string): boolean {
  return (
    text.includes('-----BEGIN ') || /^(?:M[A-Za-z0-9+/]|LS0tLS1C)[A-Za-z0-9+/\s]+={0,2}$/.test(text.trim())
  )
}

/** Converts a JWK in another spelling. Any other object is returned as it is. */
function asJwk(value: unknown): unknown {
  if (!isRecord(value)) return value
  if (typeof value['kty'] === 'string') return withoutNulls(value)
  // .NET's JsonWebKey with its property names, as in IdentityServer's tempkey.jwk.
  if (typeof value['Kty'] === 'string') {
    return withoutNulls(
      Object.fromEntries(Object.entries(value).map(([name, each]) => [name.toLowerCase(), each])),
    )
  }
  return rsaParameters(value) ?? value
}

/** `az` and .NET print absent members as null. */
function withoutNulls(jwk: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(jwk).filter(([, value]) => value !== null))
}

/** .NET's RSAParameters, as IdentityServer's tempkey.rsa has them under `Parameters`, and the JWK members of the same numbers. */
export const rsaNames: ReadonlyMap<string, string> = new Map([
  ['Modulus', 'n'],
  ['Exponent', 'e'],
  ['D', 'd'],
  ['P', 'p'],
  ['Q', 'q'],
  ['DP', 'dp'],
  ['DQ', 'dq'],
  ['InverseQ', 'qi'],
])

/** A JWK of .NET's numbers, each in base64. Null without modulus and exponent. */
export function rsaParameters(value: JsonObject): JsonObject | null {
  const jwk: Record<string, string> = { kty: 'RSA' }
  for (const [name, member] of rsaNames) {
    const base64 = value[name]
    if (typeof base64 === 'string') jwk[member] = base64urlNumber(Buffer.from(base64, 'base64'))
  }
  return jwk['n'] === undefined || jwk['e'] === undefined ? null : jwk
}
