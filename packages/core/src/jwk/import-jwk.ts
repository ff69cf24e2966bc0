import { createPrivateKey, createPublicKey, sign, verify, type JsonWebKey, type KeyObject } from 'node:crypto'
import { limitAlgorithms } from '../algorithms/key-algorithms.ts'
import { listNames, type SignatureAlgorithm } from '../algorithms/table.ts'
import { SealwrightError } from '../errors.ts'
import { isRecord, must } from '../internal/arguments.ts'
import { limitExceeded } from '../internal/failures.ts'
import { areRsaNumbersOfOneKey, toBigInt } from '../internal/rsa-numbers.ts'
import { publicHalf } from './public-jwk.ts'

/**
 * Imports a JWK (RFC 7517): a private key if it has `d` or `priv`, otherwise a public key. The members `use`, `key_ops` and
 * `alg` (RFC 7517 §4.2 to §4.4) stay in effect: they limit the algorithms that {@link algorithmsOf} returns for the key and
 * that {@link createLocalSigner} signs with. Key Vault's spellings are accepted: the curve `P-256K` (secp256k1) and the key
 * types `RSA-HSM` and `EC-HSM`.
 *
 * @param jwk the object, not its text
 * @throws SealwrightError `INVALID_ARGUMENT` when it is not an object; `INVALID_ENCODING` when a member has the wrong type
 *   or the numbers do not form a key; `UNSUPPORTED_KEY` for symmetric keys (`oct`), and for `AKP` where this Node has no ML-DSA;
 *   `LIMIT_EXCEEDED` for a member longer than 4096 characters
 *
 * @example
 * ```ts
 * import { createLocalSigner, importJwk } from '@sealwright/core'
 *
 * const jwk = JSON.parse(process.env['SIGNING_JWK'] ?? '')
 * const signer = createLocalSigner(importJwk(jwk)) // with "alg": "PS256" in the JWK it signs PS256 and nothing else
 * ```
 */
export function importJwk(jwk: Readonly<Record<string, unknown>>): KeyObject {
  aJwk('jwk', jwk)
  const isPrivate = jwk['d'] !== undefined || jwk['priv'] !== undefined
  const limit = readLimit(jwk, isPrivate ? 'sign' : 'verify')
  const members = keyMembers(jwk)
  let key: KeyObject
  try {
    const input = { key: members, format: 'jwk' } as const
    key = isPrivate ? createPrivateKey(input) : createPublicKey(input)
  } catch {
    // Without the cause: Node's errors quote members of the JWK.
    throw members.kty === 'AKP'
      ? new SealwrightError(
          'UNSUPPORTED_KEY',
          'the JWK is not an AKP key that this version of Node supports; ML-DSA needs Node 24.7 or newer',
        )
      : malformed(
          'is not a valid RSA, EC, OKP or AKP key: a member is missing, or a curve or number is wrong',
        )
  }
  if (isPrivate) assertOwnPublicKey(key, members)
  limitAlgorithms(key, limit)
  return key
}

/**
 * Refuses a private key with the public members of another key. OpenSSL accepts it, and its signatures would not verify.
 *
 * @throws SealwrightError `INVALID_ENCODING`
 */
function assertOwnPublicKey(key: KeyObject, members: JsonWebKey): void {
  // X25519 and X448 keys cannot sign; algorithmsOf refuses them.
  if (members.crv?.startsWith('X') === true) return
  let isOwn = false
  try {
    isOwn = members.kty === 'RSA' ? areRsaMembersOfOneKey(members) : signsForPublicKey(key, members)
  } catch {
    // OpenSSL cannot sign with it.
  }
  if (!isOwn) throw malformed('has a private key that does not belong to its public key')
}

function areRsaMembersOfOneKey({ n, e, d, p, q, dp, dq, qi }: JsonWebKey): boolean {
  return areRsaNumbersOfOneKey({
    n: number(n),
    e: number(e),
    d: number(d),
    p: number(p),
    q: number(q),
    dp: number(dp),
    dq: number(dq),
    qi: number(qi),
  })
}

function number(member = ''): bigint {
  return toBigInt(Buffer.from(member, 'base64url'))
}

function signsForPublicKey(key: KeyObject, members: JsonWebKey): boolean {
  const publicKey = createPublicKey({ key: { ...publicHalf({ ...members }) }, format: 'jwk' })
  const probe = Buffer.from('probe')
  // Node and Bun have a default for EC keys, Deno has none.
  const digest = members.kty === 'EC' ? 'sha256' : null
  return verify(digest, probe, publicKey, sign(digest, probe, key))
}

const aJwk = must('an object; parse its text with JSON.parse', isRecord)

/** Longer than any number of the largest keys, ML-DSA-87 and RSA-16384. */
const maximumMemberLength = 4096

/** The standard names for those that only Key Vault uses (RFC 8812 §3.1). */
const standardNames: ReadonlyMap<string, string> = new Map([
  ['P-256K', 'secp256k1'],
  ['SECP256K1', 'secp256k1'],
  ['RSA-HSM', 'RSA'],
  ['EC-HSM', 'EC'],
])

/** The members that are part of a key (RFC 7518 §6, RFC 8037 §2, RFC 9964). In AKP keys, `alg` is one of them. */
const keyMemberNames = [
  'kty',
  'crv',
  'x',
  'y',
  'd',
  'n',
  'e',
  'p',
  'q',
  'dp',
  'dq',
  'qi',
  'alg',
  'pub',
  'priv',
]

function keyMembers(jwk: Readonly<Record<string, unknown>>): JsonWebKey {
  if (typeof jwk['kty'] !== 'string') throw malformed('has no key type ("kty")')
  if (jwk['kty'] === 'oct') {
    throw new SealwrightError('UNSUPPORTED_KEY', 'the JWK is a symmetric key ("kty": "oct")')
  }
  // RFC 7518 §6.3.2.7: an implementation that does not support this member must not use the key.
  if (jwk['oth'] !== undefined) {
    throw new SealwrightError('UNSUPPORTED_KEY', 'the JWK is an RSA key with more than two primes ("oth")')
  }
  const members: Record<string, string> = {}
  for (const name of keyMemberNames) {
    const value = jwk[name]
    // Node's error quotes values that are not strings.
    if (typeof value !== 'string') continue
    if (value.length > maximumMemberLength) {
      throw limitExceeded(`"${name}" of the JWK`, value.length, 'characters', maximumMemberLength)
    }
    members[name] = standardNames.get(value) ?? value
  }
  return members
}

/** The limit that `use`, `key_ops` and `alg` put on the algorithms of a key. */
function readLimit(
  jwk: Readonly<Record<string, unknown>>,
  operation: 'sign' | 'verify',
): (available: readonly SignatureAlgorithm[]) => readonly SignatureAlgorithm[] {
  const { use, alg } = jwk
  if (use !== undefined && typeof use !== 'string') throw malformed('has a "use" that is not a string')
  if (alg !== undefined && typeof alg !== 'string') throw malformed('has an "alg" that is not a string')
  const operations = readOperations(jwk['key_ops'])
  return (available) => {
    if (use !== undefined && use !== 'sig') {
      throw notForSignatures('its "use" is not "sig" (RFC 7517 §4.2)')
    }
    if (operations !== null && !operations.includes(operation)) {
      throw notForSignatures(`its "key_ops" do not include "${operation}" (RFC 7517 §4.3)`)
    }
    if (alg === undefined) return available
    const row = available.find((candidate) => candidate.name === alg)
    if (row !== undefined) return [row]
    throw notForSignatures(
      `its "alg" does not fit its key, which can sign with ${listNames(available)} (RFC 7517 §4.4)`,
    )
  }
}

/** null if the JWK has no `key_ops`. */
function readOperations(value: unknown): readonly unknown[] | null {
  if (value === undefined) return null
  const isList =
    Array.isArray(value) &&
    value.every((each) => typeof each === 'string') &&
    new Set(value).size === value.length
  if (!isList) throw malformed('has "key_ops" that are not a list of distinct strings (RFC 7517 §4.3)')
  return value
}

function malformed(problem: string): SealwrightError {
  return new SealwrightError('INVALID_ENCODING', `the JWK ${problem}`)
}

function notForSignatures(reason: string): SealwrightError {
  return new SealwrightError('UNSUPPORTED_KEY', `the JWK is not for signatures: ${reason}`)
}
