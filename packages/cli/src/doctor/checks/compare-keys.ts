import { isSealwrightError, jwkThumbprint } from '@sealwright/core'
import { evaluateTimeline, type KeyRingPolicy } from '@sealwright/keyring'
import { millisecondsPerDay } from '../../time.ts'
import { finding, type Finding } from '../report/finding.ts'
import { skipped, step, type Step } from '../report/step.ts'
import { certificateOf } from './certificates.ts'
import { expected } from './expected.ts'
import type { PublishedKey } from './jwk-set.ts'
import type { OwnKey } from './own-keys.ts'
import { verifies } from './token.ts'

/** What the keys of the servers are compared with. */
interface KeyComparison {
  readonly published: readonly PublishedKey[] | null
  readonly policy: KeyRingPolicy
  readonly now: Date
  /** The places of the keys, for messages. */
  readonly where: string
  /** Before the end of a certificate. */
  readonly warningDays: number
}

/** Compares the keys that the servers have with those that are published, and has the active one sign. */
export async function examineOwnKeys(
  own: readonly OwnKey[],
  { published, policy, now, where, warningDays }: KeyComparison,
): Promise<Step> {
  const { active, versions } = evaluateTimeline(
    own.map(({ version }) => version),
    policy,
    now.getTime(),
  )
  const signing = own.find(({ version }) => version === active)
  const states = versions.map(({ version, state }) => `${version.id} is ${state}`).join(', ')
  const findings =
    signing === undefined
      ? [finding('no-signer', where, own.length === 0 ? 'there is no key' : `no key can sign: ${states}`)]
      : await signingFindings(signing, published)
  const isLast = !versions.some(({ state }) => state === 'announced')
  return step('key', states === '' ? 'none' : states, [
    ...(published === null ? [] : publicationFindings(versions, own, published, policy, now)),
    ...findings,
    ...(signing === undefined || !isLast ? [] : expiryFindings(signing, published ?? [], now, warningDays)),
  ])
}

/** For a certificate that is not published: the others have their own step. */
function expiryFindings(
  { keyId, location, version: { notAfter } }: OwnKey,
  published: readonly PublishedKey[],
  now: Date,
  warningDays: number,
): readonly Finding[] {
  const isPublished = published.some((key) => idsOf(key).includes(keyId) && certificateOf(key) !== null)
  const left = ((notAfter?.getTime() ?? Infinity) - now.getTime()) / millisecondsPerDay
  if (isPublished || left >= warningDays) return []
  const what = `${Math.floor(left)} days are left, until ${notAfter?.toISOString() ?? ''}`
  return [finding('certificate-expires-soon', location, what)]
}

/** The finding for a key in a store that cannot be opened. */
export function unavailableKey(source: string, error: unknown): Finding {
  const { message } = expected(error)
  // A missing permission has the same message, and is easier to fix.
  const id = isSealwrightError(error, 'ACCESS_DENIED') ? 'permission-missing' : 'key-unavailable'
  return finding(id, source, message)
}

export function skippedKeys(): Step {
  return skipped('key', 'pass --key URI to compare the keys of the servers with the published ones')
}

function publicationFindings(
  versions: ReturnType<typeof evaluateTimeline>['versions'],
  own: readonly OwnKey[],
  published: readonly PublishedKey[],
  { clockSkew, refreshInterval, refreshTimeout, listingDelay }: KeyRingPolicy,
  now: Date,
): readonly Finding[] {
  const known = new Set(published.flatMap(idsOf))
  const place = (id: string): string => own.find(({ keyId }) => keyId === id)?.location ?? id
  // By then every server has read a new version.
  const settled = now.getTime() - (clockSkew + refreshInterval + refreshTimeout + listingDelay) * 1_000
  const missing = versions.flatMap(({ version: { id, createdAt }, state }) => {
    const isDue =
      state === 'active' ||
      state === 'retiring' ||
      (state === 'announced' && (createdAt?.getTime() ?? 0) < settled)
    if (isDue && !known.has(id))
      return [finding('key-not-published', place(id), `the key ${id} is ${state}, but the JWK Set lacks it`)]
    return state === 'revoked' && known.has(id)
      ? [finding('key-revoked-published', place(id), `the key ${id} is disabled, but the JWK Set has it`)]
      : []
  })
  const ids = new Set(own.map(({ keyId }) => keyId))
  const unknown = published
    .filter((key) => !idsOf(key).some((id) => ids.has(id)))
    .map(({ where }) => finding('published-key-unknown', `key ${where}`, 'no --key has it'))
  return [...missing, ...unknown]
}

/** A key may be published under another name than its thumbprint as well. */
function idsOf({ kid, publicKey }: PublishedKey): readonly string[] {
  return [...(kid === null ? [] : [kid]), ...(publicKey === null ? [] : [jwkThumbprint(publicKey)])]
}

async function signingFindings(
  own: OwnKey,
  published: readonly PublishedKey[] | null,
): Promise<readonly Finding[]> {
  const { keyId, location, algorithms } = own
  const key = published?.find((each) => idsOf(each).includes(keyId))
  const alg = typeof key?.jwk['alg'] === 'string' ? key.jwk['alg'] : algorithms[0]?.name
  // No token: it has no claims.
  const input = [{ alg, kid: key?.kid ?? keyId, typ: 'sealwright-doctor' }, {}].map(encode).join('.')
  try {
    const signature = await own.signer(alg).sign(Buffer.from(input))
    const token = `${input}.${Buffer.from(signature).toString('base64url')}`
    if (key === undefined || (await verifies(token, [key])) !== false) return []
    return [
      finding('token-signature-invalid', `key ${key.where}`, `it does not verify signatures of ${location}`),
    ]
  } catch (error) {
    return [unavailableKey(location, error)]
  }
}

function encode(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}
