import type { KeyTypeName } from '@sealwright/core'
import type { KeyRingPolicy } from '@sealwright/keyring'
import type { JSONWebKeySet } from 'jose'
import type { AuditSettings } from './schema/server/audit.ts'
import type { RedisSettings } from '../redis/redis-url.ts'
import type { LimitSettings } from './schema/server/limits.ts'
import type { MetricsSettings } from './schema/server/metrics.ts'

/** Everything that is configured, checked and complete. */
export interface Settings {
  /** The address to listen on. Default `localhost`: all loopback addresses, so that only this machine can connect. */
  readonly host: string
  /** The port to listen on; 0 for any free port. Default 5001. */
  readonly port: number
  /** How many processes listen on the port, each of them with all keys. Default 1. */
  readonly workers: number
  /** A pino level. Default `info`. */
  readonly logLevel: LogLevel
  /** Where the metrics are served, apart from everything else. */
  readonly metrics: MetricsSettings
  /** Where issued tokens are recorded. */
  readonly audit: AuditSettings
  /** The issuer identifier (RFC 8414 §2); null for `http://localhost:PORT`. */
  readonly issuer: string | null
  /** Whether `/` is a page with the keys and a form. Default: only on a developer's machine. */
  readonly hasPage: boolean
  /** Addresses and ranges whose `X-Forwarded-*` headers count. Empty for none; null where nothing is known of proxies. */
  readonly trustedProxies: readonly string[] | null
  /** The origins whose pages may request tokens. Default: none. */
  readonly corsOrigins: readonly string[]
  /** Seconds between SIGTERM and the close of the listener, in which load balancers notice it. Default 0. */
  readonly drainDelay: number
  readonly limits: LimitSettings
  /** Where servers share what they remember; null for a server that remembers it itself. */
  readonly redis: RedisSettings | null
  /** The APIs that tokens are for, and their scopes. */
  readonly resources: readonly Resource[]
  readonly clients: ReadonlyMap<string, Client>
  readonly accessTokens: AccessTokenSettings
  readonly signingKey: SigningKeySetting
  /** Keys beside it: in the place that keys are moved away from, or for other algorithms. */
  readonly additionalSigningKeys: readonly AdditionalKeySetting[]
  /** The JOSE `alg`s that tokens are signed with, the default first. Empty for the key's own default. */
  readonly signingAlgorithms: readonly string[]
  /** The times of the key ring, in seconds. */
  readonly keyRing: KeyRingPolicy
  /** Whether each key is also published under the `kid` that IdentityServer4 gives its certificate. */
  readonly identityServerKeyIds: boolean
  /** Whether the server reloads when the settings file has changed. Default false: on SIGHUP only. */
  readonly watchSettings: boolean
  /** The path of the settings file. */
  readonly file: string
  /** The names of the environment variables that set something, except those of .NET and App Service. */
  readonly variables: readonly string[]
  /** Whether that is the sample file, whose client secret is public. */
  readonly isSample: boolean
  /** The sections that these settings were built from, so that a reload can find the changes. */
  readonly sections: Readonly<Record<string, unknown>>
}

export type LogLevel = 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'trace' | 'silent'

/** The `aud` of a token (RFC 7519 §4.1.3): a string, or two or more. */
export type Audience = string | readonly string[]

/** What access tokens have in common. */
export interface AccessTokenSettings {
  /** The header's `typ` (RFC 7515 §4.1.9). Default `at+jwt` (RFC 9068 §2.1). */
  readonly typ: string
  /** Seconds from `nbf` to `iat`, for APIs whose clocks are behind. Default 0. */
  readonly nbfLeeway: number
}

/** An API (RFC 9068 §2.2). A token with one of its scopes has its audience. */
export interface Resource {
  readonly audience: Audience
  readonly scopes: readonly string[]
  /** The JOSE `alg` of its tokens; null for that of the client. */
  readonly signingAlgorithm: string | null
}

export interface Client {
  readonly clientId: string
  /** SHA-256 of each secret, 32 bytes. Several, so that one can be replaced. */
  readonly secretHashes: readonly Uint8Array[]
  /** The public keys that verify its assertions (RFC 7523); null for a client without keys. */
  readonly jwks: JSONWebKeySet | null
  /** The grants it may use. Empty for a client that is suspended. */
  readonly grantTypes: readonly 'client_credentials'[]
  /** The scopes it may request. It gets all of them if it requests none. */
  readonly scopes: readonly string[]
  /** The lifetime of its tokens, in seconds. */
  readonly accessTokenLifetime: number
  /** The JOSE `alg` of its tokens where the resource has none; null for the default. */
  readonly signingAlgorithm: string | null
}

/** Where a key is. */
export interface KeySetting {
  /** The setting that names the key, for messages. */
  readonly source: string
  /** A signing URI. */
  readonly uri: string
  /** The type of the key to create if there is none; null for a key that must exist. */
  readonly createType: KeyTypeName | null
  /** The password of the key's file; null if no setting has one. */
  readonly password: string | null
}

/** A key beside the one that the environment names. */
export interface AdditionalKeySetting extends KeySetting {
  /** false for a key that is published and does not sign. */
  readonly signs: boolean
  /** When every server had the key, for a file, which does not say; null to leave that out. */
  readonly createdAt: Date | null
}

/** Which key signs. */
export interface SigningKeySetting extends KeySetting {
  /** The type that the key must have; null if no setting requires one. */
  readonly requiredType: KeyTypeName | null
  /** The JOSE `alg` to sign with; null for the key's own default. */
  readonly algorithm: string | null
  /** How much of a vault's quota this server may use, in signatures per ten seconds; null for all of it. */
  readonly quota: number | null
  /** How many days a version of the key signs before the next takes over; null for as long as its certificate lasts. */
  readonly rotationDays: number | null
}
