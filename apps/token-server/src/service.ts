import type { SignatureAlgorithm, SigningKey } from '@sealwright/core'
import type { AccessTokens } from './oauth/access-tokens.ts'
import type { Settings } from './settings/settings.ts'

/** What every part of the server works with. */
export interface Service {
  readonly settings: Settings
  readonly key: SigningKey
  /** The one algorithm it signs with. */
  readonly algorithm: SignatureAlgorithm
  /** The issuer identifier. A function, because without a setting it holds the port, known once the server listens. */
  readonly issuer: () => string
  readonly accessTokens: () => AccessTokens
  readonly clock: () => Date
}
