import type { KeyObject } from 'node:crypto'
import type { z } from 'zod'
import { parseBody, type JsonObject } from '../protocol/body.ts'
import type { Permission } from '../protocol/permissions.ts'
import type { Vault } from './vault.ts'

/** One operation of the service: its request, its permission, its quota, its handler. */
export interface Operation {
  /** Such as `keys/sign`; faults and the request log know operations by it. */
  readonly name: string
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** Such as `keys/{name}/{version}/sign`. A version may be empty, which means the current one. */
  readonly path: string
  readonly permission: Permission
  /** The quota it draws on; see throttle.ts. */
  readonly quota: 'key' | 'create' | 'other'
  handle(call: Call<JsonObject>): Answer | Promise<Answer>
}

/** What answers: a vault, or a managed HSM, whose keys are all in hardware. */
export type Service = 'vault' | 'managedHsm'

/** A request that has been routed, authenticated and allowed. */
export interface Call<B = unknown> {
  readonly vault: Vault
  readonly settings: ServiceSettings
  /** `https://` and the host as the client called it, port included: what object ids begin with. */
  readonly baseUrl: string
  readonly apiVersion: string
  readonly service: Service
  /** `/`, `/keys` or `/keys/NAME`: of the roles of a managed HSM. Empty elsewhere. */
  readonly scope: string
  readonly name: string
  /** Empty for the current version. */
  readonly version: string
  readonly query: URLSearchParams
  readonly body: B
}

export interface Answer {
  readonly status: number
  /** To be sent as JSON; undefined for no body. */
  readonly body: unknown
  readonly headers?: Readonly<Record<string, string>>
}

/** How the vaults of one emulator behave. */
export interface ServiceSettings {
  /** Milliseconds since the epoch. */
  readonly now: () => number
  /** How long a deleted object can be recovered. */
  readonly recoverableDays: number
  readonly timing: Timing
  /** Why the issuer refuses the certificate that is due, or null. Asked once for each. */
  readonly issuanceFailure: () => { readonly code: string; readonly message: string } | null
  readonly release: ReleaseSettings
}

/** How keys are released. */
export interface ReleaseSettings {
  /** The public keys of the attestation authorities by their URL, without a slash at its end. */
  readonly authorities: ReadonlyMap<string, readonly KeyObject[]>
  /** What signs released keys: a key, and its certificates in DER, the signer's first. */
  readonly signer: () => { readonly key: KeyObject; readonly certificates: readonly Buffer[] }
}

/** How long the service's asynchronous steps take, in milliseconds. */
export interface Timing {
  /** From `create` until a self-signed certificate is there. */
  readonly issuance: number
  /** From a deletion until the deleted object can be read, and from a purge until the name is free. */
  readonly deletion: number
  /** From a recovery until the object can be read again. */
  readonly recovery: number
}

/**
 * A handler that gets its request body by a schema.
 *
 * @returns throws ServiceError 400 for a body that does not fit
 */
export function withBody<S extends z.ZodType>(
  schema: S,
  handle: (call: Call<z.output<S>>) => Answer | Promise<Answer>,
): Operation['handle'] {
  return (call) => handle({ ...call, body: parseBody(schema, call.body) })
}

export function ok(body: unknown): Answer {
  return { status: 200, body }
}

/** Now, in the seconds that the service writes. */
export function seconds(settings: ServiceSettings): number {
  return Math.floor(settings.now() / 1000)
}

export const noContent: Answer = { status: 204, body: undefined }
