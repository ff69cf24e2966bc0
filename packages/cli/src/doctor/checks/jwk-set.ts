import type { KeyObject } from 'node:crypto'
import { algorithmsOf, importJwk, jwkThumbprint } from '@sealwright/core'
import { forgeryFlaw, isRecord, privateJwkMembers } from '@sealwright/core/internal'
import { memberOf } from '../../json.ts'
import { fetchJson, type JsonAnswer } from '../../net/fetch-json.ts'
import { isProtected, shownUrl } from '../../net/fetch-text.ts'
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

/** Some verifiers ignore further keys, and no issuer needs more. */
const mostKeys = 100

/** Reads the JWK Set, and what is wrong with its entries. */
export async function examineKeys(
  jwksUri: string | null,
  issuer: string,
): Promise<{ readonly set: PublishedSet | null; readonly report: Step }> {
  if (jwksUri === null) return { set: null, report: skipped('keys', 'there is no jwks_uri to read') }
  const where = shownUrl(jwksUri)
  // No service of this machine either: the issuer could not read it itself.
  if (!isProtected(jwksUri, issuer)) {
    const problem = finding('jwks-unavailable', where, 'the jwks_uri is not an https URL')
    return { set: null, report: step('keys', where, [problem]) }
  }
  let answer: JsonAnswer
  try {
    answer = await fetchJson(jwksUri, 'the JWK Set')
  } catch (error) {
    const problem = finding('jwks-unavailable', where, expected(error).message)
    return { set: null, report: step('keys', where, [problem]) }
  }
  const entries = memberOf(answer.body, 'keys')
  if (!Array.isArray(entries) || !entries.every(isRecord)) {
    const problem = finding('jwks-malformed', where, 'it has no array "keys" of JSON objects')
    return { set: null, report: step('keys', where, [problem]) }
  }
  const all = entries.slice(0, mostKeys)
  // Verifiers do not use encryption keys.
  const keys = all.filter((jwk) => jwk['use'] !== 'enc').map(publishedKey)
  const findings = [
    ...setFindings(entries.length, keys, where),
    ...keys.flatMap((key) => keyFindings(key, keys.length)),
    ...sharedKidFindings(all, keys),
  ]
  const kids = keys.map((key) => key.where).join(', ')
  return { set: { answer, keys }, report: step('keys', kids === '' ? 'none' : kids, findings) }
}

/** An entry of a JWK Set, for comparison with that of another answer. */
export interface ComparedKey {
  /** Its `kid`, or its place in the set. */
  readonly where: string
  /** Null where the key cannot be read. */
  readonly thumbprint: string | null
}

/** The entries of the JWK Set of an answer; none for anything but a JWK Set. */
export function comparedKeysOf(body: unknown): readonly ComparedKey[] {
  const entries: unknown = memberOf(body, 'keys')
  if (!Array.isArray(entries)) return []
  return entries.slice(0, mostKeys).map((entry: unknown, index) => {
    const { where, publicKey } = publishedKey(isRecord(entry) ? entry : {}, index)
    return { where, thumbprint: publicKey === null ? null : jwkThumbprint(publicKey) }
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
    publicKey: privateMemberOf(jwk) === null ? publicKeyOf(jwk) : null,
  }
}

/** The first member that must not be published; null for none. */
function privateMemberOf(jwk: Readonly<Record<string, unknown>>): string | null {
  return privateJwkMembers.find((name) => name in jwk) ?? null
}

function publicKeyOf(jwk: Readonly<Record<string, unknown>>): KeyObject | null {
  try {
    return importJwk(jwk)
  } catch {
    // keyFindings says why.
    return null
  }
}

function setFindings(count: number, keys: readonly PublishedKey[], where: string): readonly Finding[] {
  return [
    ...(keys.length === 0 ? [finding('jwks-empty', where, 'it has no key for signatures')] : []),
    ...(count > mostKeys ? [finding('jwks-too-many-keys', where, `it has ${count} keys`)] : []),
  ]
}

/** Each kid that several entries have. A verifier that looks only at the kid can take an encryption key as well. */
function sharedKidFindings(
  all: readonly Readonly<Record<string, unknown>>[],
  keys: readonly PublishedKey[],
): readonly Finding[] {
  return keys.flatMap(({ kid, where }, index) => {
    const count = all.filter((jwk) => jwk['kid'] === kid).length
    if (kid === null || count < 2 || keys.findIndex((key) => key.kid === kid) < index) return []
    return [finding('jwk-duplicate-kid', `key ${where}`, `${count} entries have this kid`)]
  })
}

function keyFindings({ jwk, kid, where }: PublishedKey, count: number): readonly Finding[] {
  const place = `key ${where}`
  const secret = privateMemberOf(jwk)
  if (secret !== null) return [finding('jwk-private', place, `it has the private member ${secret}`)]
  const problem = problemOf(jwk)
  return [
    ...(problem === null
      ? []
      : [finding(problem.isWeak ? 'jwk-weak' : 'jwk-malformed', place, problem.message)]),
    // A single key is found without a kid.
    ...(kid === null && count > 1 ? [finding('jwk-no-kid', place, 'it has no kid')] : []),
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
