import { SealwrightError, type Signer } from '@sealwright/core'
import { hasMethod, must, type Check } from '@sealwright/core/internal'
import type { KeyRing } from '@sealwright/keyring'

export function isKeyRing(value: unknown): boolean {
  return hasMethod(value, 'signingKey') && hasMethod(value, 'jwksResponse')
}

export const aKeyRing: Check = must('a KeyRing; openKeyRing of @sealwright/keyring returns one', isKeyRing)

/**
 * The current signer. A ring that was opened without algorithms has one, under any algorithm name that fits its key.
 *
 * @throws SealwrightError as {@link KeyRing.signer}
 */
export function signerFor(ring: KeyRing, algorithm: string | undefined): Signer {
  const first = ring.signer()
  return algorithm === undefined || algorithm === first.algorithm.name ? first : ring.signer(algorithm)
}

/** The times of a token (RFC 7519 §4.1), in seconds since 1970. */
interface Times {
  readonly iat?: unknown
  readonly exp?: unknown
}

/**
 * Checks that the key of a token stays published until the token expires. Otherwise verifiers would refuse the token
 * after a rotation, perhaps weeks later.
 *
 * @throws SealwrightError `INVALID_ARGUMENT` for a token with a longer lifetime than the ring's policy allows
 */
export function checkLifetime({ policy: { tokenLifetime } }: KeyRing, { iat, exp }: Times): void {
  // Without `exp` it is a response that is read at once, such as signed userinfo.
  if (typeof exp !== 'number') return
  const lifetime = exp - (typeof iat === 'number' ? iat : Math.floor(Date.now() / 1_000))
  if (lifetime <= tokenLifetime) return
  throw new SealwrightError(
    'INVALID_ARGUMENT',
    `the token is valid for ${lifetime} s, but the key ring keeps keys published for tokens of at most ${tokenLifetime} s; ` +
      'raise tokenLifetime in its policy, or shorten the lifetime of the token',
  )
}
