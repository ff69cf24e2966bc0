import { isSecureUrl, must, type Check } from '@sealwright/core/internal'
import type { KeyRing, PublishedJwks } from '@sealwright/keyring'
import { createLocalJWKSet, createRemoteJWKSet, errors, type CryptoKey } from 'jose'
import { isKeyRing } from './ring.ts'

/**
 * Where the public keys of an issuer are: its ring in this process, or the URL of its JWK Set: https, or http on this machine. A JWK
 * Set is kept for five minutes, whatever its `max-age`, and read again for a `kid` that it lacks, at most every 30 seconds.
 */
export type PublicKeys = KeyRing | URL

export const publicKeys: Check = must('a KeyRing, or the https URL of a JWK Set', (value) =>
  value instanceof URL ? isSecureUrl(value) : isKeyRing(value),
)

type ChooseKey = (...args: Parameters<ReturnType<typeof createLocalJWKSet>>) => Promise<CryptoKey>

/** Milliseconds, no longer than most issuers' `max-age`. A revoked key is accepted for that long. */
const longestAge = 300_000

/** Milliseconds after which a JWK Set is read again for a `kid` that it lacks. */
const cooldown = 30_000

/** Chooses the key for the header of a token, for jose. */
export function chooseKey(keys: PublicKeys): ChooseKey {
  if (keys instanceof URL) return remoteKeys(keys)
  let known: { readonly of: PublishedJwks; readonly choose: ChooseKey } | null = null
  return async (header, token) => {
    const of = keys.jwks()
    if (known?.of !== of) known = { of, choose: createLocalJWKSet({ keys: [...of.keys] }) }
    return known.choose(header, token)
  }
}

/**
 * jose decides by the clock alone how old its JWK Set is: after the clock is set back, the set would stay for as long as the clock
 * repeats. So its age is measured here.
 */
function remoteKeys(url: URL): ChooseKey {
  const choose = createRemoteJWKSet(url, { cacheMaxAge: Infinity, cooldownDuration: Infinity })
  let loaded = { elapsed: -Infinity, time: -Infinity }
  /** The end of the last read, and why it failed; null if it did not. */
  let tried = loaded
  let problem: { readonly error: unknown } | null = null
  const load = async (): Promise<void> => {
    try {
      await choose.reload()
      problem = null
    } catch (error) {
      problem = { error }
      throw error
    } finally {
      tried = { elapsed: performance.now(), time: Date.now() }
    }
    loaded = tried
  }
  // performance.now() stands still while the machine sleeps, and the clock does not.
  const isOlderThan = (age: number, { elapsed, time }: typeof loaded): boolean =>
    performance.now() - elapsed >= age || Date.now() - time >= age
  return async (header, token) => {
    if (isOlderThan(longestAge, loaded)) await load()
    try {
      return await choose(header, token)
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey)) throw error
      // Tokens with an invented kid must not add to the load of an issuer that fails. A token with a new key may be valid.
      if (!isOlderThan(cooldown, tried)) throw problem === null ? error : problem.error
    }
    await load()
    return choose(header, token)
  }
}

/**
 * Whether jose refused a token. Otherwise the keys cannot be read: the issuer does not respond, or the ring's last read
 * is too old.
 */
export function isRefusal(error: unknown): boolean {
  return error instanceof errors.JOSEError && !unavailable.has(error.code)
}

/** The error of jose for an issuer that does not respond with a JWK Set. */
const unavailable: ReadonlySet<string> = new Set([
  errors.JOSEError.code,
  errors.JWKSTimeout.code,
  errors.JWKSInvalid.code,
])
