import type { KeyRingPolicyOptions } from '@sealwright/keyring'
import type { Settings } from '../settings.ts'
import { identityServerKeyIds, keyRing } from './keys/key-ring.ts'
import {
  additionalSigningKeys,
  dataDir,
  signingKey,
  type AdditionalKey,
  type SigningKeySection,
} from './keys/signing-key.ts'
import type { Section } from './section.ts'
import { audit } from './server/audit.ts'
import { host, logLevel, port } from './server/listening.ts'
import { limits } from './server/limits.ts'
import { metrics } from './server/metrics.ts'
import { welcomePage } from './server/page.ts'
import { corsOrigins, drainDelay, trustedProxies } from './server/proxies.ts'
import { redis } from './server/redis.ts'
import { watchSettings } from './server/watch-settings.ts'
import { workers } from './server/workers.ts'
import { accessTokenLifetime, accessTokens } from './tokens/access-tokens.ts'
import { clients, type ClientEntry } from './tokens/clients.ts'
import { issuer } from './tokens/issuer.ts'
import { resources } from './tokens/resources.ts'

/** Members of {@link Settings} that are made of several sections, or of something else than the settings. */
type Derived =
  | 'additionalSigningKeys'
  | 'clients'
  | 'file'
  | 'hasPage'
  | 'isSample'
  | 'keyRing'
  | 'sections'
  | 'signingAlgorithms'
  | 'signingKey'
  | 'variables'

/** The sections, each checked by itself. */
export interface Sections extends Omit<Settings, Derived> {
  readonly accessTokenLifetime: number
  readonly additionalSigningKeys: readonly AdditionalKey[]
  readonly clients: readonly ClientEntry[]
  readonly dataDir: string | null
  readonly keyRing: KeyRingPolicyOptions
  readonly signingKey: SigningKeySection
  readonly welcomePage: boolean | null
}

export type Schema = { readonly [Name in keyof Sections]: Section<Sections[Name]> }

/** Every setting. Problems are reported in this order. */
export const schema: Schema = {
  issuer,
  host,
  port,
  workers,
  logLevel,
  metrics,
  audit,
  welcomePage,
  trustedProxies,
  corsOrigins,
  drainDelay,
  limits,
  redis,
  accessTokenLifetime,
  accessTokens,
  resources,
  clients,
  signingKey,
  dataDir,
  additionalSigningKeys,
  keyRing,
  identityServerKeyIds,
  watchSettings,
}
