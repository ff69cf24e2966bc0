import { randomUUID } from 'node:crypto'
import { jsonResponse, type ServiceRequest, type ServiceResponse } from '../http/message.ts'
import type { ServiceError } from '../protocol/errors.ts'
import type { Answer } from '../vault/operation.ts'

/** The answer of a vault. */
export function vaultAnswer(answer: Answer): ServiceResponse {
  return answer.body === undefined
    ? { status: answer.status, headers: answer.headers ?? {}, body: null, disruption: null }
    : jsonResponse(answer.status, answer.body, answer.headers)
}

/** The refusal of a vault. */
export function vaultRefusal(
  refusal: ServiceError,
  _origin: string,
  headers: Readonly<Record<string, string>>,
): ServiceResponse {
  const inner = refusal.innerCode === null ? {} : { innererror: { code: refusal.innerCode } }
  return jsonResponse(
    refusal.status,
    { error: { code: refusal.code, message: refusal.message, ...inner } },
    headers,
  )
}

/** The headers of every answer of a vault. */
export function vaultHeaders(request: ServiceRequest, region: string): Record<string, string> {
  const clientRequestId = request.headers['x-ms-client-request-id']
  return {
    'cache-control': 'no-cache',
    pragma: 'no-cache',
    expires: '-1',
    'strict-transport-security': 'max-age=31536000;includeSubDomains',
    'x-content-type-options': 'nosniff',
    'x-ms-keyvault-region': region,
    'x-ms-keyvault-service-version': '1.9.3347.1',
    'x-ms-keyvault-network-info': 'conn_type=Ipv4;addr=127.0.0.1;act_addr_fam=InterNetwork;',
    'x-ms-request-id': randomUUID(),
    ...(clientRequestId === undefined ? {} : { 'x-ms-client-request-id': clientRequestId }),
  }
}
