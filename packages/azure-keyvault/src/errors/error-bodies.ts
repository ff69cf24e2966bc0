import type { PipelinePolicy, PipelineRequest } from '@azure/core-rest-pipeline'
import { member, textMember } from '../members.ts'

const bodies = new WeakMap<PipelineRequest, string>()

/**
 * Keeps the bodies of the service's errors. The clients turn them into error objects in three different ways, and the
 * error of a list has no body.
 */
export const keepErrorBodies: PipelinePolicy = {
  name: 'keepErrorBodies',
  async sendRequest(request, next) {
    const response = await next(request)
    if (response.status >= 400 && typeof response.bodyAsText === 'string') {
      bodies.set(request, response.bodyAsText)
    }
    return response
  },
}

/** The members of `{"error":{"code","message","innererror":{"code"}}}`; null for each that is missing or not text. */
export interface ErrorBody {
  readonly code: string | null
  readonly innerCode: string | null
  readonly message: string | null
}

/** The service's error in the answer to a request that failed. */
export function errorBodyOf(request: PipelineRequest | undefined): ErrorBody {
  return readErrorBody(request === undefined ? null : (bodies.get(request) ?? null))
}

/** Reads a body that may be anything. */
export function readErrorBody(body: string | null): ErrorBody {
  const error = member(parseJson(body), 'error')
  return {
    code: textMember(error, 'code'),
    innerCode: textMember(member(error, 'innererror'), 'code'),
    message: textMember(error, 'message'),
  }
}

function parseJson(text: string | null): unknown {
  try {
    return JSON.parse(text ?? 'null')
  } catch {
    return null
  }
}
