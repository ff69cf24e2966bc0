import type { SignatureAlgorithm, SigningKey } from '@sealwright/core'
import type { Settings } from './settings/settings.ts'

/** What every part of the server works with. */
export interface Service {
  readonly settings: Settings
  readonly key: SigningKey
  /** The one algorithm it signs with. */
  readonly algorithm: SignatureAlgorithm
  /** The issuer identifier. A function: without a setting it contains the port, which is known once the server listens. */
  readonly issuer: () => string
  readonly clock: () => Date
}
