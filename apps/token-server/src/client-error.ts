/**
 * The 4xx status that Fastify gives an error of its own, such as for a body that breaks off. null for every other error.
 */
export function clientErrorStatus(error: unknown): number | null {
  if (!(error instanceof Error) || !('statusCode' in error)) return null
  const { statusCode } = error
  return typeof statusCode === 'number' && statusCode >= 400 && statusCode < 500 ? statusCode : null
}
