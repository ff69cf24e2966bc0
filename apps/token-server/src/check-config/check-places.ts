import { resolve } from 'node:path'
import { problemsOf } from '../settings/problems.ts'
import type { Settings } from '../settings/settings.ts'
import { checkPort } from '../listening/check-port.ts'

/** The result of a check. */
export interface Findings {
  readonly problems: readonly string[]
  readonly warnings: readonly string[]
}

/** Checks what a start needs besides its keys: the ports, the audit folder and Redis. Nothing is written. */
export async function checkPlaces({ host, port, metrics, audit, redis }: Settings): Promise<Findings> {
  const found = await Promise.all([
    findings(() => freePort(host, port, 'HOST and PORT')),
    findings(() => freePort(metrics.host, metrics.port, 'METRICS_HOST and METRICS_PORT')),
    findings(() => auditFolder(audit.folder)),
    findings(async () => {
      if (redis === null) return []
      const { checkRedis } = await import('../redis/check-redis.ts')
      return checkRedis(redis)
    }),
  ])
  return {
    problems: found.flatMap(({ problems }) => problems),
    warnings: found.flatMap(({ warnings }) => warnings),
  }
}

/** @param check returns warnings, or throws what is wrong */
async function findings(check: () => Promise<readonly string[]>): Promise<Findings> {
  try {
    return { problems: [], warnings: await check() }
  } catch (error) {
    return { problems: problemsOf(error), warnings: [] }
  }
}

async function freePort(host: string, port: number | null, names: string): Promise<readonly string[]> {
  if (port === null) return []
  try {
    await checkPort({ host, port }, names)
    return []
  } catch (error) {
    // This server itself may listen there.
    if (!isInUse(error)) throw error
    return [`${host} port ${port} (${names}) is in use; a server cannot listen there until it is free`]
  }
}

function isInUse(error: unknown): boolean {
  const cause = error instanceof Error ? error.cause : null
  return cause instanceof Error && 'code' in cause && cause.code === 'EADDRINUSE'
}

async function auditFolder(folder: string | null): Promise<readonly string[]> {
  if (folder === null) return []
  const { checkAuditFolder } = await import('@sealwright/audit-log')
  await checkAuditFolder(resolve(folder))
  return []
}
