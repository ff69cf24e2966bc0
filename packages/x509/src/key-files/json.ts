import { base64urlNumber } from './microsoft/blob.ts'
import { isRecord, type JsonObject } from './jwk.ts'

/** What is found in a JSON document. */
export interface JsonContents {
  readonly jwks: readonly unknown[]
  /** Whether it is a JWK Set (RFC 7517 §5). */
  readonly set: boolean
  /** Strings that may hold PEM or base64 of a file. */
  readonly texts: readonly string[]
}

/** Nothing real is nested deeper. */
const maximumDepth = 8
/** A shorter string holds no key. */
const minimumTextLength = 40

/**
 * Finds keys in JSON as people have it: a JWK or JWK Set; what `az keyvault key show`, `secret show` and `certificate show` print;
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
    text.includes('-----BEGIN ') || /^\s*(?:M[A-Za-z0-9+/]|LS0tLS1C)[A-Za-z0-9+/\s]+={0,2}\s*$/.test(text)
  )
}

/** The object as a JWK where it is one in another spelling; otherwise as it is. */
function asJwk(value: unknown): unknown {
  if (!isRecord(value)) return value
  if (typeof value['kty'] === 'string') return withoutNulls(value)
  // .NET's JsonWebKey, written without its own names, as IdentityServer's tempkey.jwk was.
  if (typeof value['Kty'] === 'string') {
    return withoutNulls(
      Object.fromEntries(Object.entries(value).map(([name, each]) => [name.toLowerCase(), each])),
    )
  }
  return rsaParameters(value) ?? value
}

/** `az` and .NET print what is absent as null. */
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

/** A JWK of .NET's numbers, each in base64. Null where modulus and exponent are not there. */
export function rsaParameters(value: JsonObject): JsonObject | null {
  const jwk: Record<string, string> = { kty: 'RSA' }
  for (const [name, member] of rsaNames) {
    const base64 = value[name]
    if (typeof base64 === 'string') jwk[member] = base64urlNumber(Buffer.from(base64, 'base64'))
  }
  return jwk['n'] === undefined || jwk['e'] === undefined ? null : jwk
}
