import {
  createHttpHeaders,
  createPipelineRequest,
  RestError,
  type PipelineRequest,
} from '@azure/core-rest-pipeline'
import { isSealwrightError } from '@sealwright/core'
import { keepErrorBodies } from '../../src/errors/error-bodies.ts'
import type { VaultRequest } from '../../src/requests/vault-requests.ts'

export const signing: VaultRequest = {
  permission: 'keys/sign',
  object: 'the key k',
  vaultUrl: 'https://contoso.vault.azure.net',
  cost: 1,
  deadline: 2_000,
  isIdempotent: true,
}
export const creating: VaultRequest = {
  ...signing,
  permission: 'keys/create',
  isCreation: true,
  deadline: 30_000,
  isIdempotent: false,
}

export const absentRequest: PipelineRequest = createPipelineRequest({
  url: 'https://contoso.vault.azure.net/keys/k',
})
await keepErrorBodies.sendRequest(absentRequest, (request) =>
  Promise.resolve({
    request,
    status: 404,
    headers: createHttpHeaders(),
    bodyAsText: '{"error":{"code":"KeyNotFound","message":"no"}}',
  }),
)

/** An answer after so long, as a vault gives it. */
export function answer(milliseconds: number): (signal: AbortSignal) => Promise<'done'> {
  return () => new Promise((resolve) => setTimeout(() => resolve('done'), milliseconds))
}

/** No answer, ever. */
export function silence(): Promise<'done'> {
  return new Promise(() => {})
}

/** What a request came to: `done`, or the code of its error. */
export async function outcome(running: Promise<'done'>): Promise<string> {
  try {
    return await running
  } catch (error) {
    if (!isSealwrightError(error)) throw error
    return error.code
  }
}

/** Sends a request that the service refuses, and counts how often. */
export function refusing(
  status: number,
  headers: Record<string, string> = {},
): {
  readonly send: () => Promise<never>
  readonly sent: () => number
} {
  let sent = 0
  const response = { request: absentRequest, status, headers: createHttpHeaders(headers) }
  return {
    sent: () => sent,
    send: () => {
      sent++
      return Promise.reject(new RestError('refused', { statusCode: status, response }))
    },
  }
}
