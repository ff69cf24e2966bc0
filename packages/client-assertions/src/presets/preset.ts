import { algorithms, type AlgorithmName } from '@sealwright/core'
import {
  aBoolean,
  aWholeNumber,
  isRecord,
  listOf,
  must,
  oneOf,
  optionsOf,
  type Check,
} from '@sealwright/core/internal'
import { aKeyId, aText } from '../arguments.ts'

const services = [
  'Auth0',
  'GitHub',
  'Google',
  'Keycloak',
  'Microsoft Entra ID',
  'Okta',
  'SMART Backend Services',
  'the authorization server',
] as const

/** The service that verifies the assertions of a preset. */
export type AssertionService = (typeof services)[number]

/**
 * The contents of assertions for one service. Functions such as {@link entra} and {@link gitHubApp} return it, and
 * {@link privateKeyJwt} does for any other service.
 */
export interface AssertionPreset {
  /** The service that verifies the assertions. */
  readonly service: AssertionService
  /** The algorithms that the service accepts, the first one preferred. Absent if it accepts every algorithm. */
  readonly algorithms?: readonly AlgorithmName[] | undefined
  /** The claim `iss`. */
  readonly issuer: string
  /** The claim `sub`; absent if there is none. */
  readonly subject?: string | undefined
  /** The claim `aud`; absent if there is none. */
  readonly audience?: string | undefined
  /** The claim `scope`; absent if there is none. */
  readonly scope?: string | undefined
  /** The seconds from now to `exp`. */
  readonly lifetime: number
  /** The seconds from `iat` to now. `false` for no `iat`. */
  readonly issuedAt: false | number
  /** Whether there is an `nbf`. It is the current time. */
  readonly notBefore: boolean
  /**
   * Whether the service accepts an assertion more than once. If so, the source returns the same assertion until a minute before `exp`, and
   * `jti` must be false.
   */
  readonly reusable: boolean
  /** Whether there is a `jti`. It is a random UUID. */
  readonly jti: boolean
  /** The `kid` of the header: `true` for the key's own, `false` for none. */
  readonly keyId: boolean | string
  /** Whether the header has the SHA-256 thumbprint of the certificate (`x5t#S256`). The key then needs a certificate. */
  readonly certificateThumbprint: boolean
}

/** The longest lifetime of an assertion, in seconds. RFC 7523 §3 lets servers refuse an `exp` far in the future. */
export const maximumLifetime = 3600

const isPreset = optionsOf(
  {
    service: oneOf(services),
    algorithms: listOf(oneOf(algorithms.map(({ name }) => name))),
    issuer: aText,
    subject: aText,
    audience: aText,
    scope: aText,
    lifetime: aWholeNumber(1, maximumLifetime, 'seconds'),
    issuedAt: must(
      'false or a whole number of seconds from 0 to 300',
      (value) => value === false || (Number.isInteger(value) && Number(value) >= 0 && Number(value) <= 300),
    ),
    notBefore: aBoolean,
    reusable: aBoolean,
    jti: aBoolean,
    keyId: (name, value) => (typeof value === 'boolean' ? undefined : aKeyId(name, value)),
    certificateThumbprint: aBoolean,
  },
  [
    'service',
    'issuer',
    'lifetime',
    'issuedAt',
    'notBefore',
    'reusable',
    'jti',
    'keyId',
    'certificateThumbprint',
  ],
)

export const aPreset: Check = (name, value) => {
  isPreset(name, value)
  must(
    'without a jti when it is reusable: a service that checks jti accepts an assertion only once',
    (preset) => isRecord(preset) && !(preset['reusable'] === true && preset['jti'] === true),
  )(name, value)
}
