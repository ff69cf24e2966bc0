import type { JwtIssuer } from '@sealwright/jws'
import type { FastifyInstance, FastifyRequest } from 'fastify'

/** Measures and traces what the server does. */
export interface Telemetry {
  /** Watches the requests of a server, and closes with it. Call it before the routes are added. */
  watch(app: FastifyInstance): void
  /**
   * A token begins.
   *
   * @param request the request that it is for: the parent of its span
   */
  begin(issuer: SignedBy, request: FastifyRequest): TokenMeasurement
  /** Stops answering scrapes, and sends the spans that are left. */
  close(): Promise<void>
}

/** One token, from {@link Telemetry.begin} to one of the ends. It adds no promise: a token takes 20 µs. */
export interface TokenMeasurement {
  /** Issues the token, below its span if it has one. */
  run(issue: () => Promise<string>): Promise<string>
  succeeded(): void
  failed(error: unknown): void
}

/** What makes a token. The same object for each token of a key, an audience and a lifetime. */
export type SignedBy = Pick<JwtIssuer, 'keyId' | 'algorithm' | 'canIssueSync'>

/** Where the key of an issuer is. Keys that are not in this process are in a vault. */
export function backendOf({ canIssueSync }: SignedBy): string {
  return canIssueSync ? 'local' : 'azure-keyvault'
}

const methods: ReadonlySet<string> = new Set(['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH'])

/** The method, or `_OTHER` for one that only a client knows: it is an attribute, and attributes have few values. */
export function methodOf({ method }: FastifyRequest): string {
  return methods.has(method) ? method : '_OTHER'
}
