import { keyRingPolicy, type KeyRingPolicy, type KeyRingPolicyOptions } from '@sealwright/keyring'
import type { Configuration } from '../environment/configuration.ts'
import { invalidSetting, messageOf } from '../invalid-setting.ts'
import type { AdditionalKeySetting, Client, Resource, SigningKeySetting } from '../settings.ts'

const secondsPerDay = 86_400

/** Seconds that metadata and JWK Set may be kept; the ring announces a new key for longer. */
const defaultMaximumAge = 300

interface KeyRingSettings {
  readonly signingKey: SigningKeySetting
  readonly additionalSigningKeys: readonly AdditionalKeySetting[]
  readonly clients: ReadonlyMap<string, Client>
  readonly keyRing: KeyRingPolicyOptions
}

/**
 * The policy of the key ring. Without settings the JWK Set may be kept for five minutes, and a new version is created only when
 * the certificate of the last one is about to end.
 *
 * @throws SealwrightError `INVALID_ARGUMENT` for an impossible policy, with the arithmetic
 */
export function ringPolicyOf(
  { signingKey, additionalSigningKeys, clients, keyRing: own }: KeyRingSettings,
  configuration: Configuration,
): KeyRingPolicy {
  const lifetimes = [...clients.values()].map(({ accessTokenLifetime }) => accessTokenLifetime)
  const { rotationDays } = signingKey
  const interval = configuration.nameOf(['keyRing', 'rotationInterval'])
  if (own.rotationInterval !== undefined && rotationDays !== null) {
    const days = configuration.nameOf(['signingKey', 'rotationDays'])
    throw invalidSetting(`${days} and ${interval} are both set; remove one`)
  }
  const creates = [signingKey, ...additionalSigningKeys].some(({ createType }) => createType !== null)
  if (own.rotationInterval !== undefined && !creates)
    throw invalidSetting(`${interval} is only for keys that this server may create; remove it`)
  const policy = {
    tokenLifetime: Math.max(1, ...lifetimes),
    jwksMaxAge: defaultMaximumAge,
    rotationInterval: rotationDays === null ? null : rotationDays * secondsPerDay,
    ...own,
  }
  try {
    return keyRingPolicy(policy)
  } catch (cause) {
    throw invalidSetting(`the times of the key ring: ${messageOf(cause)}`, cause)
  }
}

/**
 * The algorithms that tokens are signed with, the default first.
 *
 * @throws SealwrightError `INVALID_ARGUMENT` if only some tokens have one
 */
export function signingAlgorithmsOf(
  defaultAlgorithm: string | null,
  resources: readonly Resource[],
  clients: Iterable<Client>,
): readonly string[] {
  const named = [...resources, ...clients].flatMap((each) => each.signingAlgorithm ?? [])
  if (defaultAlgorithm !== null) return [...new Set([defaultAlgorithm, ...named])]
  if (named.length === 0) return []
  throw invalidSetting(
    'a resource or client has a "signingAlgorithm": set SIGNING_ALGORITHM to the algorithm of all other tokens',
  )
}
