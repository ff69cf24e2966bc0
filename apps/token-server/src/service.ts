import type { SignatureAlgorithm } from '@sealwright/core'
import type { KeyRing } from '@sealwright/keyring'
import type { Settings } from './settings/settings.ts'

/** What every part of the server works with. */
export interface Service {
  readonly settings: Settings
  /** The keys that sign now, and what is published of them. */
  readonly ring: KeyRing
  /** The one algorithm it signs with. */
  readonly algorithm: SignatureAlgorithm
  /** The issuer identifier. A function: without a setting it contains the port, which is known once the server listens. */
  readonly issuer: () => string
  readonly clock: () => Date
}
