import type { KeyTypeName } from '@sealwright/core'
import type { JSONWebKeySet } from 'jose'

/** All that the server is told from outside, checked and complete. */
export interface Settings {
  /** The address to listen on. Default `localhost`: every loopback address, and nothing beyond this machine. */
  readonly host: string
  /** The port to listen on; 0 for any free one. Default 5001. */
  readonly port: number
  /** A pino level. Default `info`. */
  readonly logLevel: LogLevel
  /** The issuer identifier (RFC 8414 §2); null for `http://localhost:` and the port that is listened on. */
  readonly issuer: string | null
  /** The APIs that tokens are for, and the scopes that belong to each. */
  readonly resources: readonly Resource[]
  readonly clients: ReadonlyMap<string, Client>
  readonly signingKey: SigningKeySetting
  /** The settings file that was read. */
  readonly file: string
  /** Whether that is the sample the server is shipped with, whose client secret everybody knows. */
  readonly isSample: boolean
}

export type LogLevel = 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'trace' | 'silent'

/** An API (RFC 9068 §2.2): a token that holds one of its scopes has its audience. */
export interface Resource {
  readonly audience: string
  readonly scopes: readonly string[]
}

export interface Client {
  readonly clientId: string
  /** SHA-256 of each secret, 32 bytes; the secrets themselves are nowhere. Several, so that one can be replaced. */
  readonly secretHashes: readonly Uint8Array[]
  /** The public keys that verify its assertions (RFC 7523); null for a client without. */
  readonly jwks: JSONWebKeySet | null
  /** The grants it may use. Empty for a client that is known and gets no tokens. */
  readonly grantTypes: readonly 'client_credentials'[]
  /** The scopes it may ask for, and gets when it asks for none. */
  readonly scopes: readonly string[]
  /** How long its tokens are valid, in seconds. */
  readonly accessTokenLifetime: number
}

/** Which key signs. */
export interface SigningKeySetting {
  /** For messages: the setting that names the key. */
  readonly source: string
  /** A signing URI. */
  readonly uri: string
  /**
   * The type of key to make when there is none yet: for development keys, and for those of a vault while clients need
   * one. null for a key that must exist.
   */
  readonly createType: KeyTypeName | null
  /** The type that the key must have, made now or before; null where no setting says. */
  readonly requiredType: KeyTypeName | null
  /** What opens the file the key is in; null where no setting says. */
  readonly password: string | null
  /** The JOSE `alg` to sign with; null for the key's own default. */
  readonly algorithm: string | null
  /** What this server may use of a vault's quota, in signatures per ten seconds; null for all of it. */
  readonly quota: number | null
}
