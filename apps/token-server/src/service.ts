import type { KeyVaultStatus } from '@sealwright/azure-keyvault'
import type { KeyRing } from '@sealwright/keyring'
import type { Activity } from './activity/activity.ts'
import type { TokenAudit } from './audit/token-audit.ts'
import type { Draining } from './health/draining.ts'
import type { Limits } from './limits/limits.ts'
import type { LiveSettings } from './reload/live-settings.ts'
import type { ReplayStore } from './replay/replay-store.ts'
import type { Settings } from './settings/settings.ts'
import type { Telemetry } from './telemetry/telemetry.ts'

/** Whether Redis can be used. */
export interface RedisState {
  readonly isAvailable: boolean
  /** How many commands have failed. */
  readonly failures: number
}

/** What all parts of the server share. */
export interface Service {
  /** The settings in effect. A reload replaces them, so ask for each request and keep nothing. */
  readonly settings: Settings
  /** The same, for what is built from the settings before the requests. */
  readonly live: LiveSettings
  /** The keys that sign now, and the JWK Set. */
  readonly ring: KeyRing
  /** The JOSE algorithms of the keys in the JWK Set now. A rotation can change them. */
  readonly algorithms: () => readonly string[]
  /** The issuer identifier. A function: without a setting it contains the port, which is known once the server listens. */
  readonly issuer: () => string
  readonly clock: () => Date
  /** The used client assertions. It outlives a reload of the clients. */
  readonly replays: ReplayStore
  /** The limits of the token endpoint per address and per client. They outlive a reload of the clients. */
  readonly limits: Limits
  readonly draining: Draining
  /** null where servers share nothing. */
  readonly redis: RedisState | null
  /** What the token endpoint has done. */
  readonly activity: Activity
  /** Records tokens before they leave; null if there is no audit log. */
  readonly audit: TokenAudit | null
  /** What was asked of each vault that has keys of the ring. */
  readonly vaults: () => readonly KeyVaultStatus[]
  /** null if there are no metrics and no traces. */
  readonly telemetry: Telemetry | null
}
