import { randomUUID } from 'node:crypto'
import { requirePermission, type Authorization } from '../identity/access.ts'
import { unauthorized, type Authority } from '../identity/authority.ts'
import { badParameter, ServiceError } from '../protocol/errors.ts'
import { withFaults, type Faults } from './faults.ts'
import type { ServiceRequest, ServiceResponse } from '../http/message.ts'
import { jsonResponse } from '../http/message.ts'
import { parseJsonObject, type JsonObject } from '../protocol/body.ts'
import { isHsm, isRsa, keySize } from '../keys/material.ts'
import type { Answer, ServiceSettings } from '../vault/operation.ts'
import type { RequestLog } from './request-log.ts'
import type { createRouter, Route } from './router.ts'
import type { KeyClass, Throttle } from './throttle.ts'
import type { Vault } from '../vault/vault.ts'

/** Everything a request to a vault meets on its way. */
export interface ServiceParts {
  readonly authority: Authority
  readonly faults: Faults
  readonly log: RequestLog
  readonly route: ReturnType<typeof createRouter>
  readonly settings: ServiceSettings
  /** Null: unlimited. */
  readonly throttle: Throttle | null
  readonly region: string
  /** How a vault decides what an identity may do. */
  authorizationOf(vault: string): Authorization
  vault(name: string): Vault
  /** Those that have been asked for. */
  vaults(): readonly Vault[]
}

/** A vault as a request addresses it. */
export interface VaultAddress {
  readonly vault: string
  /** The audience of tokens for it. */
  readonly resource: string
}

const apiVersions = /^(\d\.\d|\d{4}-\d{2}-\d{2})(-preview(\.\d)?)?$/

/** Answers one request to a vault: faults, then the token, the permission, the quota, and the operation itself. */
export async function handleVaultRequest(
  parts: ServiceParts,
  address: VaultAddress,
  request: ServiceRequest,
): Promise<ServiceResponse> {
  const at = parts.settings.now()
  const token = /^Bearer (.+)$/i.exec(request.headers['authorization'] ?? '')?.[1] ?? null
  const operation = token === null ? 'challenge' : operationName(parts, request)
  const response = await withFaults(parts.faults.take(operation), async () =>
    answerResponse(await perform(parts, address, request, token)),
  ).catch((error: unknown) => errorResponse(parts, address, error))
  parts.log.add({
    at,
    operation,
    vault: address.vault,
    path: request.url.pathname,
    outcome: response.disruption ?? response.status,
  })
  return { ...response, headers: { ...commonHeaders(parts, request), ...response.headers } }
}

async function perform(
  parts: ServiceParts,
  address: VaultAddress,
  request: ServiceRequest,
  token: string | null,
): Promise<Answer> {
  if (token === null) {
    throw unauthorized('AKV10000: Request is missing a Bearer, PoP, or MTLS_POP token.')
  }
  const identity = parts.authority.authenticate(token, address.resource)
  const { operation, name, version } = routeOf(parts, request)
  const apiVersion = request.url.searchParams.get('api-version') ?? ''
  if (!apiVersions.test(apiVersion)) {
    throw badParameter(`The api-version ${apiVersion === '' ? 'is missing' : `'${apiVersion}' is invalid`}.`)
  }
  const headers = requirePermission(
    identity,
    operation,
    {
      name: address.vault,
      tenantId: parts.authority.tenantId,
      region: parts.region,
      authorization: parts.authorizationOf(address.vault),
    },
    // Contacts and issuers are of the vault, not of a certificate.
    name === '' || /^certificates\/(contacts|issuers)/.test(operation.path)
      ? ''
      : `${operation.permission[0]}/${name}`,
  )
  const vault = parts.vault(address.vault)
  const body = parseJsonObject(request.body)
  parts.throttle?.admit(address.vault, operation.quota, keyClass(vault, name, version, body))
  const answer = await operation.handle({
    vault,
    settings: parts.settings,
    baseUrl: request.url.origin,
    apiVersion,
    name,
    version,
    query: request.url.searchParams,
    body,
  })
  return { ...answer, headers: { ...headers, ...answer.headers } }
}

/**
 * Carries out an operation without a request: no token, no permission, no quota, no log.
 *
 * @throws ServiceError as the operation does
 */
export async function performDirectly(
  parts: ServiceParts,
  vault: string,
  method: string,
  path: string,
  body: JsonObject,
): Promise<Answer> {
  const { operation, name, version } = parts.route(method, path)
  return operation.handle({
    vault: parts.vault(vault),
    settings: parts.settings,
    baseUrl: `https://${vault}.vault.azure.net`,
    apiVersion: '2025-07-01',
    name,
    version,
    query: new URLSearchParams(),
    body,
  })
}

function routeOf(parts: ServiceParts, request: ServiceRequest): Route {
  return parts.route(request.method, request.url.pathname.slice(1))
}

function operationName(parts: ServiceParts, request: ServiceRequest): string {
  try {
    return routeOf(parts, request).operation.name
  } catch {
    return 'unknown'
  }
}

function keyClass(vault: Vault, name: string, version: string, body: JsonObject): KeyClass | null {
  const asked = body['kty']
  if (typeof asked === 'string') return { hsm: asked.endsWith('-HSM'), rsaBits: null }
  const versions = name === '' ? [] : (vault.read(name).key?.versions ?? [])
  const key = versions.find((candidate) => candidate.version === version) ?? versions.at(-1)
  if (key === undefined) return null
  const { material } = key
  return { hsm: isHsm(material.kty), rsaBits: isRsa(material.kty) ? keySize(material) : null }
}

function answerResponse(answer: Answer): ServiceResponse {
  return answer.body === undefined
    ? { status: answer.status, headers: answer.headers ?? {}, body: null, disruption: null }
    : jsonResponse(answer.status, answer.body, answer.headers)
}

function errorResponse(parts: ServiceParts, address: VaultAddress, error: unknown): ServiceResponse {
  const refusal =
    error instanceof ServiceError
      ? error
      : new ServiceError(500, 'InternalServerError', `The emulator failed: ${String(error)}`)
  const inner = refusal.innerCode === null ? {} : { innererror: { code: refusal.innerCode } }
  const headers =
    refusal.status === 401
      ? {
          'www-authenticate':
            `Bearer authorization="https://login.microsoftonline.com/${parts.authority.tenantId}", ` +
            `resource="${address.resource}"`,
        }
      : refusal.headers
  return jsonResponse(
    refusal.status,
    { error: { code: refusal.code, message: refusal.message, ...inner } },
    headers,
  )
}

function commonHeaders(parts: ServiceParts, request: ServiceRequest): Record<string, string> {
  const clientRequestId = request.headers['x-ms-client-request-id']
  return {
    'cache-control': 'no-cache',
    pragma: 'no-cache',
    expires: '-1',
    'strict-transport-security': 'max-age=31536000;includeSubDomains',
    'x-content-type-options': 'nosniff',
    'x-ms-keyvault-region': parts.region,
    'x-ms-keyvault-service-version': '1.9.3347.1',
    'x-ms-keyvault-network-info': 'conn_type=Ipv4;addr=127.0.0.1;act_addr_fam=InterNetwork;',
    'x-ms-request-id': randomUUID(),
    ...(clientRequestId === undefined ? {} : { 'x-ms-client-request-id': clientRequestId }),
  }
}
