import { algorithm, keyType, type KeyTypeName } from '@sealwright/core'
import { keyRingPolicy, type KeyRingPolicy, type KeyRingPolicyOptions } from '@sealwright/keyring'
import { z } from 'zod'
import { invalidSetting, messageOf } from './invalid-setting.ts'
import type { AdditionalKeySetting, Client, Resource, SigningKeySetting } from './settings.ts'
import { readPasswordFile } from './text-file.ts'

/** The parts of the settings file that are about keys. */

/** Calls a function that throws for a wrong value, and makes its message an issue of the setting. */
function checkedBy<T>(check: (value: string) => T): z.ZodType<T> {
  return z.string().transform((value, context): T => {
    try {
      return check(value)
    } catch (error) {
      context.addIssue(messageOf(error))
      return z.NEVER
    }
  })
}

/** A JOSE `alg`, by its own name. */
export const signingAlgorithm: z.ZodType<string | null> = checkedBy(
  (name): string | null => algorithm(name).name,
)

/** As the file has it, checked. */
interface AdditionalKey {
  readonly uri: string
  readonly create?: KeyTypeName | undefined
  readonly passwordFile?: string | undefined
  readonly signs: boolean
  readonly createdAt?: string | undefined
}

export const additionalKey: z.ZodType<AdditionalKey> = z.strictObject({
  uri: z.string().min(1),
  create: checkedBy((name) => keyType(name).name).optional(),
  passwordFile: z.string().min(1).optional(),
  signs: z.boolean().default(true),
  createdAt: z.iso.datetime({ offset: true }).optional(),
})

const seconds = z.int('must be a whole number of seconds').optional()

/** All of the policy but the lifetime of tokens, which the clients have. Its bounds are the ring's. */
export const keyRing: z.ZodType<KeyRingPolicyOptions> = z.strictObject({
  jwksMaxAge: seconds,
  clockSkew: seconds,
  validatorLeeway: seconds,
  refreshInterval: seconds,
  refreshTimeout: seconds,
  listingDelay: seconds,
  maxSetAge: seconds,
  announcement: seconds,
  retention: seconds,
  rotationInterval: seconds,
})

/** @throws SealwrightError `INVALID_ARGUMENT` for a password file that cannot be read */
export function readAdditionalKey(
  { uri, create, passwordFile, signs, createdAt }: AdditionalKey,
  index: number,
): AdditionalKeySetting {
  const source = `additionalSigningKeys[${index}]`
  return {
    source,
    uri,
    createType: create ?? null,
    password: passwordFile === undefined ? null : readPasswordFile(passwordFile, `${source}.passwordFile`),
    signs,
    createdAt: createdAt === undefined ? null : new Date(createdAt),
  }
}

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
 * The policy of the key ring. Without settings the JWK Set may be kept for five minutes, and a new version is made only when
 * the certificate of the last one is about to end.
 *
 * @throws SealwrightError `INVALID_ARGUMENT` for an impossible policy, with the arithmetic
 */
export function ringPolicyOf(settings: KeyRingSettings): KeyRingPolicy {
  const { signingKey, additionalSigningKeys, clients, keyRing: own } = settings
  const lifetimes = [...clients.values()].map(({ accessTokenLifetime }) => accessTokenLifetime)
  const { rotationDays } = signingKey
  if (own.rotationInterval !== undefined && rotationDays !== null)
    throw invalidSetting('SIGNING_KEY_ROTATION_DAYS and keyRing.rotationInterval are both set; remove one')
  const creates = [signingKey, ...additionalSigningKeys].some(({ createType }) => createType !== null)
  if (own.rotationInterval !== undefined && !creates)
    throw invalidSetting('keyRing.rotationInterval is only for keys that this server may create; remove it')
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
