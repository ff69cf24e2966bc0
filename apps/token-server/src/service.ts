import type { KeyRing } from '@sealwright/keyring'
import type { Activity } from './activity/activity.ts'
import type { ReplayStore } from './replay/replay-store.ts'
import type { Settings } from './settings/settings.ts'

/** What all parts of the server share. */
export interface Service {
  readonly settings: Settings
  /** The keys that sign now, and the JWK Set. */
  readonly ring: KeyRing
  /** The JOSE algorithms of the keys in the JWK Set now. A rotation can change them. */
  readonly algorithms: () => readonly string[]
  /** The issuer identifier. A function: without a setting it contains the port, which is known once the server listens. */
  readonly issuer: () => string
  readonly clock: () => Date
  /** Which client assertions were used. It outlives a reload of the clients. */
  readonly replays: ReplayStore
  /** What the token endpoint has done. */
  readonly activity: Activity
}
