import { createPublicKey, type KeyObject, type X509Certificate } from 'node:crypto'
import { createLocalSigner, SealwrightError, type KeyTypeName, type SigningKey } from '@sealwright/core'
import { untilAborted } from '@sealwright/core/internal'
import { createSelfSignedCertificate, generatePrivateKey, issueCertificate } from '@sealwright/x509'
import {
  delegateFacts,
  delegatePurpose,
  delegateSubject,
  issuerName,
  type DelegateRegistry,
} from '../keys/delegates.ts'
import type { KeyRing } from '../ring/key-ring.ts'
import { longestTimer } from '../policy/policy.ts'
import { Lease, leasedKey, type Span } from '../ring/ring-signer.ts'
import type { RingClock } from '../timeline/clock.ts'

export interface DelegateMaking {
  readonly ring: KeyRing
  readonly registry: DelegateRegistry
  readonly type: KeyTypeName
  /** Seconds. */
  readonly lifetime: number
  readonly clock: RingClock
  /** Whether the delegation is closed: then nothing signs or is published any more. */
  readonly isClosed: () => boolean
}

/** A key in this process's memory. */
export interface Delegate {
  /** Its signers sign only while the delegate may. */
  readonly key: SigningKey
  /** Whether its announcement is over and neither it nor the key that certified it has expired or is revoked. */
  maySign(): boolean
  /** Whether it may sign now or later. */
  isAlive(): boolean
  /** The delegation was closed: every signer asks again. */
  recall(): void
}

/** How long a look at the ring counts, in milliseconds. */
const lookSpan = 1_000

/** The earliest time for the next delegate, as a part of the lifetime of the current one. */
export const earliestRenewal = 0.8

/**
 * Creates a key, has the ring's key certify it, publishes the certificate and waits until the ring shows it.
 *
 * @param isRenewal whether the process has a delegate that this one follows
 * @returns null when there is no room for it, or when the delegation was closed before it was published
 * @throws SealwrightError what the ring's key, the registry or the reading of the sources throws
 */
export async function issueDelegate(making: DelegateMaking, isRenewal: boolean): Promise<Delegate | null> {
  const { ring, registry, clock } = making
  await ring.refresh()
  // Spares a signature and a certificate. When several instances find the last place at once, the ring decides.
  if (isFull(making) || !(isRenewal || hasRoomForAnother(making))) return null
  // The machine's own time, as for every other timeout.
  const begun = performance.now()
  const issuer = ring.signingKey()
  const privateKey = await generatePrivateKey(making.type)
  const longest = slack(ring) - ring.policy.refreshTimeout * 1_000
  const timeout = AbortSignal.timeout(Math.min(longest, longestTimer))
  // A signer may ignore every deadline.
  const certifying = untilAborted(certify(issuer, createPublicKey(privateKey), making), timeout)
  const certificates = await certifying.catch((error: unknown) => {
    throw timeout.aborted ? tookTooLong(issuer) : error
  })
  const [certificate] = certificates
  if (performance.now() - begun > longest) throw tookTooLong(issuer)
  if (making.isClosed()) return null
  const signal = AbortSignal.timeout(ring.policy.refreshTimeout * 1_000)
  await untilAborted(registry.publish(certificate.raw, { signal }), signal)
  await ring.refresh()
  const key = keyOf(privateKey, certificates, registry.location)
  if (!isPublished(ring, key.keyId)) {
    // Other instances were quicker, and this delegate is published nowhere.
    if (isFull(making)) return null
    throw new SealwrightError(
      'UNAVAILABLE',
      `${registry.location} does not list the certificate that was just published there`,
    )
  }
  return delegateOf(key, issuer.keyId, making, clock.elapsed())
}

function tookTooLong({ keyId }: SigningKey): SealwrightError {
  return new SealwrightError('UNAVAILABLE', `${keyId} took too long to certify a delegate`)
}

/** When the delegates that take up a place were created, in milliseconds. Revoked delegates keep their places. */
function places({ ring, clock }: DelegateMaking): number[] {
  return (
    ring
      .status()
      // After the clock was set, the ring keeps those of both times.
      .keys.filter(({ delegatedBy, notAfter }) => delegatedBy !== null && Number(notAfter) > clock.now())
      .map(({ createdAt }) => Number(createdAt))
  )
}

/** Whether there are as many delegates as there may be. */
function isFull(making: DelegateMaking): boolean {
  return places(making).length >= making.ring.maxDelegates
}

/**
 * Whether there is room for one more instance with all of its delegates. Without this rule more instances would begin than can
 * go on, and at times none of them would have a delegate.
 */
function hasRoomForAnother(making: DelegateMaking): boolean {
  const { ring, lifetime, clock } = making
  const { clockSkew } = ring.policy
  const placesOfOne = (validity(making) + clockSkew) / (earliestRenewal * lifetime)
  // Each of them has created one or two since then.
  const since = clock.now() - (lifetime + clockSkew) * 1_000
  const instances = places(making).filter((madeAt) => madeAt > since).length
  return instances < Math.max(1, Math.floor(ring.maxDelegates / placesOfOne))
}

/** How long a delegate is published, in seconds: until its last token has expired, with the time that publishing takes. */
function validity({ ring, lifetime }: DelegateMaking): number {
  const { announcement, retention } = ring.policy
  return announcement + lifetime + retention + (2 * slack(ring)) / 1_000
}

function isPublished(ring: KeyRing, keyId: string): boolean {
  return ring.jwks().keys.some(({ kid }) => kid === keyId)
}

/**
 * The longest from the beginning of a certificate until every instance that reads finds it, in milliseconds. One that is older
 * by its beginning may take the place of another one for as long, which therefore must not sign yet.
 */
function slack({ policy }: KeyRing): number {
  return 3 * policy.refreshTimeout * 1_000
}

/** The certificate of the delegate, and that of the ring's key as a CA: a chain that any X.509 reader can follow. */
async function certify(
  issuer: SigningKey,
  publicKey: KeyObject,
  making: DelegateMaking,
): Promise<[X509Certificate, X509Certificate]> {
  const { ring, clock } = making
  const notBefore = new Date(clock.now() - ring.policy.clockSkew * 1_000)
  const notAfter = new Date(clock.now() + validity(making) * 1_000)
  if (issuer.notAfter !== null && issuer.notAfter < notAfter) {
    throw new SealwrightError(
      'UNAVAILABLE',
      `the key ${issuer.keyId} expires before a new delegate would; rotate it`,
    )
  }
  const signer = issuer.signer()
  const subject = issuerName(issuer.keyId)
  const authority = await createSelfSignedCertificate(signer, {
    subject,
    profile: 'issuingCa',
    notBefore,
    notAfter,
  })
  const subjectOfDelegate = { subject: delegateSubject, publicKey }
  const certificate = await issueCertificate({ signer, certificate: authority }, subjectOfDelegate, {
    notBefore,
    notAfter,
    extensions: { extendedKeyUsage: [delegatePurpose] },
  })
  return [certificate, authority]
}

function keyOf(
  privateKey: KeyObject,
  certificates: readonly [X509Certificate, X509Certificate],
  location: string,
): SigningKey {
  const [certificate] = certificates
  const facts = delegateFacts(certificate)
  return {
    ...facts,
    version: certificate.fingerprint256,
    location: `this process's memory, and ${location}/${facts.keyId}`,
    certificates,
    signer: (algorithm) => createLocalSigner(privateKey, { algorithm }),
  }
}

/** @param publishedAt of the clock's elapsed time: when every instance that reads could see it */
function delegateOf(
  key: SigningKey,
  issuerId: string,
  { ring, lifetime, clock, isClosed }: DelegateMaking,
  publishedAt: number,
): Delegate {
  const starts = publishedAt + ring.policy.announcement * 1_000 + slack(ring)
  const ends = starts + lifetime * 1_000
  const handOver = ring.policy.clockSkew * 1_000
  // What is active signs, and for as long as clocks differ after that finishes what was begun, as the ring has it. Asking a
  // lease costs next to nothing, and asking for the elapsed time does not.
  const active = new Lease(
    () => clock.now(),
    () => permit(ends),
  )
  const signing = new Lease(
    () => clock.now(),
    () => permit(ends + handOver),
  )

  function permit(until: number): Span {
    if (isClosed()) throw over('the delegation is closed')
    const elapsed = clock.elapsed()
    // Nobody has a signer of it before its announcement is over.
    if (elapsed < starts || elapsed >= until) throw over('its lifetime is over')
    // Throws when the set of keys is too old: then it is not known whether the issuer has been revoked.
    const isShown = isPublished(ring, key.keyId)
    const issuer = ring.status().keys.find(({ keyId }) => keyId === issuerId)
    if (issuer?.state === 'revoked') throw over(`the key ${issuerId} that certified it is revoked`)
    if (!isShown) throw over('the JWK Set does not publish it')
    const now = clock.now()
    const left = Math.min(until - elapsed, (key.notAfter?.getTime() ?? Infinity) - now)
    if (left <= 0) throw over('its certificate has expired')
    return { from: now, until: now + Math.min(lookSpan, left) }
  }

  function over(why: string): SealwrightError {
    return new SealwrightError('UNAVAILABLE', `the delegate ${key.keyId} may not sign: ${why}`, {
      retryAfter: 1,
    })
  }

  return {
    key: leasedKey(key, key.algorithms, signing),
    maySign() {
      try {
        active.check()
        return true
      } catch {
        return false
      }
    },
    isAlive: () => clock.elapsed() < ends,
    recall() {
      active.recall()
      signing.recall()
    },
  }
}
