import type { KeyObject } from 'node:crypto'
import { algorithmsOf, importJwk } from '@sealwright/core'
import { forgeryFlaw, isRecord } from '@sealwright/core/internal'
import { memberOf } from '../../json.ts'
import { fetchJson, type JsonAnswer } from '../../net/fetch-json.ts'
import { finding, type Finding } from '../report/finding.ts'
import { skipped, step, type Step } from '../report/step.ts'
import { expected } from './expected.ts'

/** An entry of the JWK Set that verifies tokens. */
export interface PublishedKey {
  /** Its `kid`, or its place in the set. */
  readonly where: string
  readonly kid: string | null
  /** Null where it cannot be read. */
  readonly publicKey: KeyObject | null
  readonly jwk: Readonly<Record<string, unknown>>
}

/** The JWK Set as it was served. */
export interface PublishedSet {
  readonly answer: JsonAnswer
  readonly keys: readonly PublishedKey[]
}

/** Some validators ignore what follows, and nothing needs more. */
const mostKeys = 100

/** Reads the JWK Set, and what is wrong with its entries. */
export async function examineKeys(
  jwksUri: string | null,
): Promise<{ readonly set: PublishedSet | null; readonly report: Step }> {
  if (jwksUri === null) return { set: null, report: skipped('keys', 'there is no jwks_uri to read') }
  let answer: JsonAnswer
  try {
    answer = await fetchJson(jwksUri, 'the JWK Set')
  } catch (error) {
    const problem = finding('jwks-unavailable', jwksUri, expected(error).message)
    return { set: null, report: step('keys', jwksUri, [problem]) }
  }
  const entries = memberOf(answer.body, 'keys')
  if (!Array.isArray(entries) || !entries.every(isRecord)) {
    const problem = finding('jwks-malformed', jwksUri, 'it has no array "keys" of JSON objects')
    return { set: null, report: step('keys', jwksUri, [problem]) }
  }
  // Keys for encryption are no concern of validators.
  const jwks = entries.slice(0, mostKeys).filter((jwk) => jwk['use'] !== 'enc')
  const keys = jwks.map(publishedKey)
  const findings = [
    ...setFindings(entries.length, keys, jwksUri),
    ...keys.flatMap((key, index) => keyFindings(key, keys.slice(0, index), keys.length)),
  ]
  const kids = keys.map(({ where }) => where).join(', ')
  return { set: { answer, keys }, report: step('keys', kids === '' ? 'none' : kids, findings) }
}

/** As the JWK Set of another answer, for comparison; null for anything but a JWK Set. */
export function kidsOf(body: unknown): readonly string[] | null {
  const entries = memberOf(body, 'keys')
  if (!Array.isArray(entries)) return null
  return entries.slice(0, mostKeys).map((entry: unknown, index) => {
    const kid = memberOf(entry, 'kid')
    return shownKid(typeof kid === 'string' ? kid : null, index)
  })
}

/** A `kid` is untrusted, and may be long. */
function shownKid(kid: string | null, index: number): string {
  return kid === null || kid.length > 200 ? `entry ${index + 1}` : kid
}

function publishedKey(jwk: Readonly<Record<string, unknown>>, index: number): PublishedKey {
  const kid = typeof jwk['kid'] === 'string' ? jwk['kid'] : null
  return {
    where: shownKid(kid, index),
    kid,
    jwk,
    publicKey: 'd' in jwk || 'priv' in jwk ? null : publicKeyOf(jwk),
  }
}

function publicKeyOf(jwk: Readonly<Record<string, unknown>>): KeyObject | null {
  try {
    return importJwk(jwk)
  } catch {
    // keyFindings says why.
    return null
  }
}

function setFindings(count: number, keys: readonly PublishedKey[], jwksUri: string): readonly Finding[] {
  return [
    ...(keys.length === 0 ? [finding('jwks-empty', jwksUri, 'it has no key for signatures')] : []),
    ...(count > mostKeys ? [finding('jwks-too-many-keys', jwksUri, `it has ${count} keys`)] : []),
  ]
}

/** @param others the entries before it */
function keyFindings(
  { jwk, kid, where }: PublishedKey,
  others: readonly PublishedKey[],
  count: number,
): readonly Finding[] {
  const place = `key ${where}`
  if ('d' in jwk || 'priv' in jwk || 'k' in jwk) {
    return [
      finding(
        'jwk-private',
        place,
        `it has the private member ${'k' in jwk ? 'k' : 'd' in jwk ? 'd' : 'priv'}`,
      ),
    ]
  }
  const problem = problemOf(jwk)
  return [
    ...(problem === null
      ? []
      : [finding(problem.isWeak ? 'jwk-weak' : 'jwk-malformed', place, problem.message)]),
    // One key alone is found without a kid.
    ...(kid === null && count > 1 ? [finding('jwk-no-kid', place, 'it has no kid')] : []),
    ...(kid !== null && others.some((other) => other.kid === kid)
      ? [finding('jwk-duplicate-kid', place, 'two entries have this kid')]
      : []),
    ...(jwk['use'] === undefined && jwk['alg'] === undefined && jwk['key_ops'] === undefined
      ? [finding('jwk-no-use', place, 'it has neither use nor alg')]
      : []),
  ]
}

function problemOf(
  jwk: Readonly<Record<string, unknown>>,
): { readonly message: string; readonly isWeak: boolean } | null {
  let key: KeyObject
  try {
    key = importJwk(jwk)
  } catch (error) {
    return { message: expected(error).message, isWeak: false }
  }
  try {
    algorithmsOf(key)
    return null
  } catch (error) {
    const isShort = (key.asymmetricKeyDetails?.modulusLength ?? Infinity) < 2048
    return { message: expected(error).message, isWeak: isShort || forgeryFlaw(key) !== null }
  }
}
