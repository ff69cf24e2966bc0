import type { KeyRingPolicyOptions } from '@sealwright/keyring'
import { isSealwrightError, SealwrightError } from '@sealwright/core'
import type { PasswordSource } from '../files/passwords.ts'
import { describeToken } from '../inspect/token-description.ts'
import type { KeyAccess } from '../keys/key-access.ts'
import { isProtected, shownUrl } from '../net/fetch-text.ts'
import { requestToken, type TokenClient } from '../net/request-token.ts'
import type { Terminal } from '../terminal/terminal.ts'
import { examineCaching, maxAgeOf } from './checks/caching.ts'
import { examineCertificates } from './checks/certificates.ts'
import { examineDiscovery, type Metadata } from './checks/discovery.ts'
import { examineInstances } from './checks/instances.ts'
import { examineKeys, type PublishedKey, type PublishedSet } from './checks/jwk-set.ts'
import { examineOwnKeys, skippedKeys, unavailableKey } from './checks/compare-keys.ts'
import { ownKeysOf, withoutCopies, type OwnKey } from './checks/own-keys.ts'
import { examinePermissions } from './checks/permissions.ts'
import { examineRotation, publishedVersion, unpredictedRotation, type Prediction } from './checks/rotation.ts'
import { examineTampering } from './checks/tampering.ts'
import { examineToken, lifetimeOf } from './checks/token.ts'
import { finding, type Finding } from './report/finding.ts'
import { skipped, step, type Step } from './report/step.ts'
import { rotationPolicies } from './rotation/rotation-policy.ts'

/** What to examine. */
export interface Subject {
  readonly issuer: string
  /** URLs of its instances. */
  readonly instances: readonly string[]
  /** Files or signing URIs: where its servers have their keys. */
  readonly keys: readonly string[]
  readonly password: PasswordSource
  /** How to get a token; null for none. */
  readonly token: { readonly client: TokenClient } | { readonly given: string } | null
  /** The URL of an API that accepts its tokens; null for none. */
  readonly api: string | null
  readonly policy: KeyRingPolicyOptions
  /** How many days before the end of a certificate there is a warning. */
  readonly warningDays: number
}

/** What was found. */
export interface Examination {
  readonly steps: readonly Step[]
  readonly findings: readonly Finding[]
  /** Null where too little is known for one. */
  readonly prediction: Prediction | null
}

const defaultClockSkew = 60

/** Examines an issuer, step by step. A step that fails is a finding, and the others go on. */
export async function examine(subject: Subject, terminal: Terminal, access: KeyAccess): Promise<Examination> {
  const { issuer, policy } = subject
  const { metadata, report: discovery } = await examineDiscovery(issuer)
  const { set, report: keys } = await examineKeys(metadata?.jwksUri ?? null, issuer)
  const published = set?.keys ?? null
  const expectations = { jwksMaxAge: policy.jwksMaxAge, clockSkew: policy.clockSkew ?? defaultClockSkew }
  const now = new Date()
  const caching = examineCaching(set?.answer ?? null, expectations)
  const instances = await examineInstances(set, subject.instances)
  const certificates = examineCertificates(published, now, subject.warningDays)
  const tokens = await examineTokens(subject, metadata, published)
  const own = await examinePlaces(subject, { set, tokenLifetime: tokens.lifetime }, terminal, access)
  const steps = [discovery, keys, caching, instances, certificates, ...tokens.steps, ...own.steps]
  return { steps, findings: steps.flatMap(({ findings }) => findings), prediction: own.prediction }
}

/** What was seen of the tokens. */
interface Tokens {
  readonly steps: readonly Step[]
  /** Of the token, in seconds; null if it does not say, or without a token. */
  readonly lifetime: number | null
}

async function examineTokens(
  { issuer, token, api, policy }: Subject,
  metadata: Metadata | null,
  keys: readonly PublishedKey[] | null,
): Promise<Tokens> {
  if (token === null) {
    return withoutToken(skipped('token', 'pass --client-id to get a token, or --token FILE with a token'))
  }
  const reason = 'client' in token ? reasonToKeepSecret(issuer, metadata) : null
  if (reason !== null) return withoutToken(skipped('token', reason))
  let text: string
  try {
    text = 'given' in token ? token.given : await request(token.client, metadata)
  } catch (error) {
    if (!isSealwrightError(error)) throw error
    const where = shownUrl(metadata?.tokenEndpoint ?? issuer)
    return withoutToken(step('token', where, [finding('token-unavailable', where, error.message)]))
  }
  const { tokenLifetime, clockSkew = defaultClockSkew } = policy
  const report = await examineToken(text, { issuer, keys, tokenLifetime, clockSkew, now: new Date() })
  return {
    steps: [report, await examineTampering(text, keys ?? [], api)],
    lifetime: lifetimeOf(describeToken(text)?.claims ?? {}),
  }
}

/** @param token the step that has no token to show */
function withoutToken(token: Step): Tokens {
  return { steps: [token, skipped('tampering', 'there is no token')], lifetime: null }
}

/** Why the secret of a client is not sent to the token endpoint; null where it may be. The finding says what to do. */
function reasonToKeepSecret(issuer: string, metadata: Metadata | null): string | null {
  if (metadata === null) return 'there is no metadata with a token_endpoint'
  // RFC 8414 §3.3: such metadata must not be used.
  if (!metadata.isOfIssuer) return 'the metadata is of another issuer, so the client secret is not sent'
  const { tokenEndpoint } = metadata
  return tokenEndpoint === null || isProtected(tokenEndpoint, issuer)
    ? null
    : 'the token_endpoint is not https, so the client secret is not sent'
}

async function request(client: TokenClient, metadata: Metadata | null): Promise<string> {
  const { tokenEndpoint = null, authMethods = null } = metadata ?? {}
  if (tokenEndpoint === null) {
    throw new SealwrightError('NOT_FOUND', 'the metadata has no token_endpoint')
  }
  return requestToken(tokenEndpoint, client, authMethods)
}

/** The keys where the servers have them, and the rotation. */
async function examinePlaces(
  { keys: sources, password, policy: options, warningDays }: Subject,
  { set, tokenLifetime }: { readonly set: PublishedSet | null; readonly tokenLifetime: number | null },
  terminal: Terminal,
  access: KeyAccess,
): Promise<{ readonly steps: readonly Step[]; readonly prediction: Prediction | null }> {
  const maxAge = set === null ? null : maxAgeOf(set.answer)
  const policies = rotationPolicies(options, { maxAge, tokenLifetime })
  const places: (readonly OwnKey[])[] = []
  const problems: Finding[] = []
  for (const source of sources) {
    try {
      // eslint-disable-next-line no-await-in-loop -- one question for a password after the other
      places.push(await ownKeysOf(source, password, terminal, access))
    } catch (error) {
      problems.push(unavailableKey(source, error))
    }
  }
  const own = withoutCopies(places)
  const now = new Date()
  const versions =
    sources.length > 0 ? own.map(({ version }) => version) : [publishedVersion(set?.keys ?? [])]
  const unknown =
    problems.length > 0 ? 'not every --key can be opened' : unknownOf(set, sources.length > 0, policies.told)
  const { prediction, report: rotation } =
    unknown === null ? examineRotation(versions, policies, now) : unpredictedRotation(unknown, policies.told)
  const permissions = await examinePermissions(sources, access)
  if (sources.length === 0) return { steps: [skippedKeys(), permissions, rotation], prediction }
  // Where a place cannot be read, its keys would look unknown.
  const key =
    problems.length > 0
      ? step('key', sources.join(', '), problems)
      : await examineOwnKeys(own, {
          published: set?.keys ?? null,
          policy: policies.played,
          now,
          where: sources.join(', '),
          warningDays,
        })
  return { steps: [withoutRepetition(key, permissions), permissions, rotation], prediction }
}

/** The data that a prediction lacks; null if it lacks nothing. */
function unknownOf(set: PublishedSet | null, hasKeys: boolean, told: KeyRingPolicyOptions): string | null {
  if (!hasKeys && (set === null || set.keys.length === 0)) return 'there is no published key'
  if (told.jwksMaxAge !== undefined) return null
  const what = set === null ? 'there is no JWK Set with a max-age' : 'the JWK Set has no max-age'
  return `${what}; pass --jwks-max-age`
}

function isMissing({ id }: Finding): boolean {
  return id === 'permission-missing'
}

/** Reports a missing permission only once. */
function withoutRepetition(key: Step, permissions: Step): Step {
  if (!permissions.findings.some(isMissing)) return key
  return step(
    key.name,
    key.summary,
    key.findings.filter((each) => !isMissing(each)),
  )
}
