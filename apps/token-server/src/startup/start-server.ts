import type { AuditLog } from '@sealwright/audit-log'
import type { FastifyInstance } from 'fastify'
import { openAudit } from '../audit/open-audit.ts'
import { keyWarnings, settingsWarnings, signingKeys } from '../checks/warnings.ts'
import { Draining } from '../health/draining.ts'
import { createLimits } from '../limits/limits.ts'
import { errorsOnly, quieter } from '../logging/logger.ts'
import type { Log } from '../logging/open-log.ts'
import { LiveSettings } from '../reload/live-settings.ts'
import { createReload } from '../reload/reload.ts'
import type { Peers } from '../peers/peers.ts'
import { answerWithKeys, checkSameKeys } from '../peers/same-keys.ts'
import type { ReplayStore } from '../replay/replay-store.ts'
import { buildServer, listeningPort } from '../server.ts'
import { loadSettings } from '../settings/load-settings.ts'
import type { Environment } from '../settings/environment/environment.ts'
import type { Settings } from '../settings/settings.ts'
import { startTelemetry } from '../telemetry/start-telemetry.ts'
import { addressesOf } from '../listening/addresses.ts'
import { banner } from './banner.ts'
import { listen } from '../listening/listen.ts'
import { openRedis } from './open-redis.ts'
import { openRing } from './open-ring.ts'
import { watchKeys } from './watch-keys.ts'

export interface StartOptions {
  readonly log: Log
  /** The number of this worker, from 1; null (default) for a server of one process. */
  readonly worker?: number | null
  /** Whether no other worker runs yet, with which the keys are compared. Default: false. */
  readonly isFirst?: boolean
  /** Default: the memory of this process. */
  readonly replays?: ReplayStore | undefined
  /** All processes of the server, any of which may serve the metrics. Default: only this one. */
  readonly peers?: Peers | undefined
  /** Reads the settings for a reload. Default: from the environment and the file. */
  readonly readSettings?: (() => Settings) | undefined
  /** Default: the environment of this process. */
  readonly env?: Environment | undefined
}

/** A server that listens. */
export interface StartedServer {
  readonly app: FastifyInstance
  readonly port: number
  /** Says that it listens, in the log and at the terminal, and what is wrong with the settings and the certificate. */
  announce(): void
  /** Makes the readiness check fail, so that load balancers stop sending requests. */
  drain(): void
  /** Reads settings and keys again, for example after a client was added or a key was revoked. The log says what was done. */
  reload(): void
}

/**
 * Opens the keys and listens.
 *
 * @throws SealwrightError as the store of the keys says, and the folder of the audit log; `UNAVAILABLE` if the other workers do not
 *   publish the key
 */
export async function startServer(
  settings: Settings,
  {
    log,
    worker = null,
    isFirst = false,
    replays,
    peers,
    env = process.env,
    readSettings = () => loadSettings(env),
  }: StartOptions,
): Promise<StartedServer> {
  // At a terminal the banner says which key signs.
  const ringLogger = log.logger.child({}, log.isTerminal ? { level: quieter(settings.logLevel) } : {})
  const { ring, isNew, vaults } = await openRing(settings, ringLogger)
  ringLogger.level = settings.logLevel
  const key = ring.signingKey()
  const live = new LiveSettings(settings)
  const draining = new Draining()
  const app = await closingOnFailure(open)
  const port = listeningPort(app) ?? settings.port
  const now = new Date()
  const warnings = [...settingsWarnings(settings), ...keyWarnings(signingKeys(ring.status()), now)]
  // One of several workers is enough.
  if (worker === null || worker === 1) watchKeys(ring, settings.signingAlgorithms, log.logger)
  // The primary of workers has checked the settings, and has logged what changes.
  const logger = worker === null ? log.logger : log.logger.child({}, { level: errorsOnly(settings.logLevel) })
  const reload = createReload({ read: readSettings, live, ring, logger })
  return { app, port, announce, drain: () => draining.begin(), reload: () => void reload() }

  async function open(opened: Opened): Promise<FastifyInstance> {
    opened.push(() => ring.close())
    if (peers !== undefined) {
      answerWithKeys(ring, peers)
      if (!isFirst) await checkSameKeys(ring, settings.signingAlgorithms, peers)
    }
    const redis = settings.redis === null ? null : await openRedis(settings.redis, log.logger)
    opened.push(() => redis?.close())
    let auditLog: AuditLog | null = null
    const telemetry = await startTelemetry({
      settings,
      ring,
      vaults,
      auditLog: () => auditLog,
      redis,
      logger: log.logger,
      env,
      worker,
      peers,
    })
    opened.push(() => telemetry?.close())
    auditLog = await openAudit({ settings: settings.audit, ring, logger: ringLogger })
    opened.push(() => auditLog?.close())
    const server = buildServer({
      settings: live,
      ring,
      vaults,
      telemetry,
      auditLog,
      logger: log.logger,
      replays: redis?.replays ?? replays,
      limits: createLimits(settings, redis?.share),
      redis,
      draining,
    })
    server.addHook('onClose', async () => redis?.close())
    await listen(server, { addresses: await addressesOf(settings.host), port: settings.port })
    return server
  }

  function announce(): void {
    // At a terminal the banner has all of it.
    if (!log.isTerminal) {
      const { keyId, location, notAfter } = key
      const issuer = settings.issuer ?? `http://localhost:${port}`
      if (isNew) log.logger.warn({ keyId, location }, 'there was no signing key; a new one was created')
      log.logger.info({ host: settings.host, port, issuer, keyId, location, notAfter }, 'listening')
      for (const warning of warnings) log.logger.warn(warning)
    }
    process.stderr.write(banner(settings, key, { port, now, isNew, warnings }))
  }
}

/** The functions that close what has been opened. */
type Opened = (() => void | Promise<void>)[]

/** Closes what was opened if the rest fails, last first. An open connection or timer would keep the process running. */
async function closingOnFailure<T>(open: (opened: Opened) => Promise<T>): Promise<T> {
  const opened: Opened = []
  try {
    return await open(opened)
  } catch (error) {
    for (const close of opened.toReversed()) {
      // oxlint-disable-next-line no-await-in-loop -- the last seal of the audit log needs the key
      await close()
    }
    throw error
  }
}
