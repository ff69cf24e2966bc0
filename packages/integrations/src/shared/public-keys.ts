import { must, type Check } from '@sealwright/core/internal'
import type { KeyRing, PublishedJwks } from '@sealwright/keyring'
import { createLocalJWKSet, createRemoteJWKSet, errors, type CryptoKey } from 'jose'
import { isKeyRing } from './ring.ts'

/** Where the public keys of an issuer are: its ring in this process, or the URL of its JWK Set. */
export type PublicKeys = KeyRing | URL

export const publicKeys: Check = must(
  'a KeyRing, or the URL of a JWK Set',
  (value) => value instanceof URL || isKeyRing(value),
)

type ChooseKey = (...args: Parameters<ReturnType<typeof createLocalJWKSet>>) => Promise<CryptoKey>

/** Chooses the key for the header of a token, for jose. A remote JWK Set is kept, and read again for a `kid` that it lacks. */
export function chooseKey(keys: PublicKeys): ChooseKey {
  if (keys instanceof URL) return createRemoteJWKSet(keys)
  let known: { readonly of: PublishedJwks; readonly choose: ChooseKey } | null = null
  return async (header, token) => {
    const of = keys.jwks()
    if (known?.of !== of) known = { of, choose: createLocalJWKSet({ keys: [...of.keys] }) }
    return known.choose(header, token)
  }
}

/** Whether jose refused a token. Otherwise the keys could not be had: the issuer does not answer, or the ring is too old. */
export function isRefusal(error: unknown): boolean {
  return error instanceof errors.JOSEError && !unavailable.has(error.code)
}

/** What jose says of an issuer that does not answer with a JWK Set. */
const unavailable: ReadonlySet<string> = new Set([
  errors.JOSEError.code,
  errors.JWKSTimeout.code,
  errors.JWKSInvalid.code,
])
