import { requirePermission, type Authorization, type Identity } from '../identity/access.ts'
import { unauthorized, type Authority } from '../identity/authority.ts'
import { badParameter, ServiceError } from '../protocol/errors.ts'
import { withFaults, type Faults } from './faults.ts'
import type { ServiceRequest, ServiceResponse } from '../http/message.ts'
import { requireHsmRole } from '../managed-hsm/access.ts'
import { hsmAnswer, hsmHeaders, hsmPath, hsmRefusal } from '../managed-hsm/dialect.ts'
import { parseJsonObject, type JsonObject } from '../protocol/body.ts'
import { isHsm, isRsa, keySize } from '../keys/material.ts'
import type { Answer, Service, ServiceSettings } from '../vault/operation.ts'
import type { RequestLog } from './request-log.ts'
import type { createRouter, Route } from './router.ts'
import type { KeyClass, Throttle } from './throttle.ts'
import type { Vault } from '../vault/vault.ts'
import { vaultAnswer, vaultHeaders, vaultRefusal } from './vault-dialect.ts'

/** Everything a request to a vault meets on its way. */
export interface ServiceParts {
  readonly authority: Authority
  readonly faults: Faults
  readonly log: RequestLog
  readonly routes: Readonly<Record<Service, ReturnType<typeof createRouter>>>
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

/** A vault or managed HSM as a request addresses it. */
export interface VaultAddress {
  readonly service: Service
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
  const operation = token === null ? 'challenge' : operationName(parts, address, request)
  const response = await withFaults(parts.faults.take(operation), async () =>
    dialects[address.service].answer(await perform(parts, address, request, token)),
  ).catch((error: unknown) => refused(parts, address, request, error))
  parts.log.add({
    at,
    operation,
    vault: address.vault,
    path: request.url.pathname,
    outcome: response.disruption ?? response.status,
  })
  return {
    ...response,
    headers: { ...dialects[address.service].headers(request, parts.region), ...response.headers },
  }
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
  const route = routeOf(parts, address, request)
  const { operation, name, version } = route
  const apiVersion = request.url.searchParams.get('api-version') ?? ''
  if (!apiVersions.test(apiVersion)) {
    throw badParameter(`The api-version ${apiVersion === '' ? 'is missing' : `'${apiVersion}' is invalid`}.`)
  }
  const vault = parts.vault(address.vault)
  const { scope } = hsmPath(request.url.pathname)
  const headers = authorize(parts, address, identity, route, scope)
  const body = parseJsonObject(request.body)
  parts.throttle?.admit(address.vault, operation.quota, keyClass(vault, name, version, body))
  const answer = await operation.handle({
    vault,
    settings: settingsFor(parts, address),
    baseUrl: request.url.origin,
    apiVersion,
    service: address.service,
    scope,
    name,
    version,
    query: request.url.searchParams,
    body,
  })
  return { ...answer, headers: { ...headers, ...answer.headers } }
}

/** A managed HSM deletes and recovers at once. */
function settingsFor({ settings }: ServiceParts, { service }: VaultAddress): ServiceSettings {
  return service === 'vault'
    ? settings
    : { ...settings, timing: { ...settings.timing, deletion: 0, recovery: 0 } }
}

/** Checks the rights of the identity. @returns headers of the answer */
function authorize(
  parts: ServiceParts,
  { service, vault }: VaultAddress,
  identity: Identity,
  { operation, name }: Route,
  scope: string,
): Readonly<Record<string, string>> {
  // Contacts and issuers belong to the vault, not to a certificate.
  const isObject = name !== '' && !/^(certificates\/(contacts|issuers)|role|settings)/.test(operation.path)
  const object = isObject ? `${operation.permission[0]}/${name}` : ''
  if (service === 'managedHsm') {
    const ownScope = isObject ? `/${object}` : operation.path.startsWith('keys') ? '/keys' : '/'
    requireHsmRole(identity, operation, parts.vault(vault).settings, scope === '' ? ownScope : scope)
    return {}
  }
  const { tenantId } = parts.authority
  const guarded = { name: vault, tenantId, region: parts.region, authorization: parts.authorizationOf(vault) }
  return requirePermission(identity, operation, guarded, object)
}

/** How the two services word their answers. */
const dialects = {
  vault: { answer: vaultAnswer, refusal: vaultRefusal, headers: vaultHeaders },
  managedHsm: { answer: hsmAnswer, refusal: hsmRefusal, headers: hsmHeaders },
} as const

function refused(
  parts: ServiceParts,
  address: VaultAddress,
  request: ServiceRequest,
  error: unknown,
): ServiceResponse {
  const refusal =
    error instanceof ServiceError
      ? error
      : new ServiceError(500, 'InternalServerError', `The emulator failed: ${String(error)}`)
  const challenge =
    `Bearer authorization="https://login.microsoftonline.com/${parts.authority.tenantId}", ` +
    `resource="${address.resource}"`
  return dialects[address.service].refusal(
    refusal,
    request.url.origin,
    refusal.status === 401 ? { 'www-authenticate': challenge } : refusal.headers,
  )
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
  const { operation, name, version } = parts.routes.vault(method, path)
  return operation.handle({
    vault: parts.vault(vault),
    settings: parts.settings,
    baseUrl: `https://${vault}.vault.azure.net`,
    apiVersion: '2025-07-01',
    service: 'vault',
    scope: '',
    name,
    version,
    query: new URLSearchParams(),
    body,
  })
}

function routeOf(parts: ServiceParts, { service }: VaultAddress, request: ServiceRequest): Route {
  const { path } =
    service === 'managedHsm' ? hsmPath(request.url.pathname) : { path: request.url.pathname.slice(1) }
  return parts.routes[service](request.method, path)
}

function operationName(parts: ServiceParts, address: VaultAddress, request: ServiceRequest): string {
  try {
    return routeOf(parts, address, request).operation.name
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
