import { randomUUID } from 'node:crypto'
import type { JsonObject } from '../protocol/body.ts'
import { isJsonObject } from '../protocol/body.ts'
import type { ServiceError } from '../protocol/errors.ts'
import { jsonResponse, type ServiceRequest, type ServiceResponse } from '../http/message.ts'
import type { Answer } from '../vault/operation.ts'

/** The path of the roles of a managed HSM: `/{scope}/providers/Microsoft.Authorization/…`. */
const rolePath =
  /^\/+(?:(keys(?:\/[^/]+)?)\/+)?providers\/Microsoft\.Authorization\/((?:roleDefinitions|roleAssignments).*)$/i

/** The path that the operations of a managed HSM are known by, and the scope that a request for roles names. */
export function hsmPath(pathname: string): { readonly path: string; readonly scope: string } {
  const [, scope = '', path] = rolePath.exec(pathname) ?? []
  return path === undefined ? { path: pathname.slice(1), scope: '' } : { path, scope: `/${scope}` }
}

/** The answer of a managed HSM: the members of its JSON are sorted. */
export function hsmAnswer({ status, body, headers = {} }: Answer): ServiceResponse {
  return body === undefined
    ? { status, headers, body: null, disruption: null }
    : jsonResponse(status, sorted(body), headers)
}

/**
 * The refusal of a managed HSM. A request without a token gets no body.
 *
 * @param origin what the ids of its keys begin with
 */
export function hsmRefusal(
  error: ServiceError,
  origin: string,
  headers: Readonly<Record<string, string>>,
): ServiceResponse {
  if (error.status === 401) {
    return {
      status: 401,
      headers: { ...headers, 'content-type': jsonType },
      body: new Uint8Array(),
      disruption: null,
    }
  }
  const inner = error.innerCode === null ? {} : { innererror: { code: error.innerCode } }
  const message = `${hsmMessage(error, origin)} (Activity ID: ${randomUUID()})`
  return jsonResponse(error.status, { error: { code: error.code, message, ...inner } }, headers)
}

/** A managed HSM words some refusals differently, as recorded. */
function hsmMessage({ message }: ServiceError, origin: string): string {
  const [, missing] = /^A key with \(name\/id\) (\S+) was not found/.exec(message) ?? []
  if (missing !== undefined) return `Key not found: ${origin}/keys/${missing}`
  return message.replace(/^AKV\.SKR\.\d+: (.*)\.$/, '$1')
}

/** The headers of every answer of a managed HSM. */
export function hsmHeaders(request: ServiceRequest, region: string): Record<string, string> {
  const clientRequestId = request.headers['x-ms-client-request-id']
  return {
    'cache-control': 'no-cache',
    'content-security-policy': "default-src 'self'",
    'strict-transport-security': 'max-age=31536000; includeSubDomains',
    'x-content-type-options': 'nosniff',
    'x-frame-options': 'SAMEORIGIN',
    'x-ms-keyvault-network-info': 'conn_type=Ipv4;addr=127.0.0.1;act_addr_fam=Ipv4;',
    'x-ms-keyvault-region': region,
    'x-ms-request-id': randomUUID(),
    'x-ms-server-latency': '1',
    ...(clientRequestId === undefined ? {} : { 'x-ms-client-request-id': clientRequestId }),
  }
}

const jsonType = 'application/json; charset=utf-8'

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (!isJsonObject(value)) return value
  return Object.fromEntries(
    Object.keys(value)
      .toSorted()
      .map((name): [string, JsonObject[string]] => [name, sorted(value[name])]),
  )
}
