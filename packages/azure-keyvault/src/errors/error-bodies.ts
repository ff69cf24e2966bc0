import type { PipelinePolicy, PipelineRequest } from '@azure/core-rest-pipeline'

const bodies = new WeakMap<PipelineRequest, string>()

/**
 * Keeps what the service says in its errors. The clients make an error object of it in three different ways, and that of
 * a listing has no body at all.
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

/** The body of the answer to a request that failed; null when there was none. */
export function errorBodyOf(request: PipelineRequest | undefined): string | null {
  return request === undefined ? null : (bodies.get(request) ?? null)
}
