import { mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { AuditLog } from '@sealwright/audit-log'
import type { KeyVaultOptions } from '@sealwright/azure-keyvault'
import { openSigningKey, type SigningKey } from '@sealwright/core'
import { createSigner } from '@sealwright/jws'
import type { KeyRing, KeyRingSource, RingClock } from '@sealwright/keyring'
import { localStore } from '@sealwright/local-store'
import { scratchFolder } from '@sealwright/test-kit/folders'
import type { FastifyInstance } from 'fastify'
import { onTestFinished, vi } from 'vitest'
import { openAudit } from '../../src/audit/open-audit.ts'
import { createLogger } from '../../src/logging/logger.ts'
import { openRing, type OpenedRing, type OpenRingOptions } from '../../src/startup/open-ring.ts'
import { buildServer, listeningPort, type ServerOptions } from '../../src/server.ts'
import { loadSettings } from '../../src/settings/load-settings.ts'
import type { Settings } from '../../src/settings/settings.ts'
import { LiveSettings } from '../../src/reload/live-settings.ts'
import { createReload } from '../../src/reload/reload.ts'
import { startTelemetry } from '../../src/telemetry/start-telemetry.ts'

export type { InjectOptions, LightMyRequestResponse } from 'fastify'

export const issuer = 'https://id.example'

/** SHA-256 of `the secret`, by `printf %s 'the secret' | sha256sum`. */
const secretHash = '368a693d784c7d1957ec748148a5de1e1f2e97f1f6360c69b0cfcf6471bbbf07'

/** A settings file with one client that has a secret: `client`, `the secret`. */
export function settingsFile(changes: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
  return {
    issuer,
    resources: [
      { audience: 'api', scopes: ['api1', 'api2'] },
      { audience: 'other', scopes: ['other1'] },
    ],
    clients: [client()],
    ...changes,
  }
}

export function client(changes: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
  return {
    clientId: 'client',
    secrets: [{ sha256: secretHash }],
    scopes: ['api1', 'api2'],
    accessTokenLifetime: 600,
    ...changes,
  }
}

export const basic = (id: string, secret: string): string =>
  `Basic ${Buffer.from(`${encodeURIComponent(id)}:${encodeURIComponent(secret)}`).toString('base64')}`

export interface TestServerOptions extends Pick<ServerOptions, 'replays' | 'limits' | 'draining' | 'redis'> {
  /** What the settings file holds. */
  readonly file?: Readonly<Record<string, unknown>>
  readonly env?: Readonly<Record<string, string>>
  /** How a vault is reached. */
  readonly vault?: KeyVaultOptions
  /** In the place of the key that the settings name. */
  readonly wrapKey?: (key: SigningKey) => SigningKey
  /** In the place of the keys that the settings name. */
  readonly sources?: readonly KeyRingSource[]
  readonly clock?: () => Date
  readonly ringClock?: RingClock
  /** What the log's lines are added to. */
  readonly log?: string[]
  /** The same for what the ring and the audit log say. */
  readonly ringLog?: string[]
}

export interface TestServer {
  readonly app: FastifyInstance
  readonly settings: Settings
  readonly key: SigningKey
  readonly ring: KeyRing
  /** Reloads with a settings file that holds this. What it says is in `ringLog`. */
  readonly reload: (file: string | Readonly<Record<string, unknown>>) => Promise<void>
  /** What metrics and traces say. */
  readonly telemetryLog: readonly string[]
}

/** The key of the tests that do not say which key to use. It is made once: making one takes longer than most tests. */
let ownKey: Promise<SigningKey> | null = null

async function makeKey(): Promise<SigningKey> {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'sealwright-test-')))
  try {
    return await openSigningKey(`store:${folder}?name=token-signing`, {
      backends: [localStore({ createSigner })],
      create: { keyType: 'ec-p256' },
    })
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Whether the settings say which key to use, or where. A test that has set the clock needs a key of its own, too. */
function namesKey({ env = {}, file = {}, vault }: TestServerOptions): boolean {
  return (
    vi.isFakeTimers() ||
    vault !== undefined ||
    'additionalSigningKeys' in file ||
    Object.keys(env).some((name) => /^(?:SIGNING_|DATA_DIR|APP_|WEBSITE_|IdentityServer|OpenID)/.test(name))
  )
}

/** The server as main.ts puts it together, on an EC key unless the settings say otherwise. */
export async function testServer(options: TestServerOptions = {}): Promise<TestServer> {
  const folder = scratchFolder()
  const path = join(folder, 'settings.json')
  writeFileSync(path, JSON.stringify(options.file ?? settingsFile()))
  const env = {
    TOKEN_SERVER_SETTINGS: path,
    DATA_DIR: join(folder, 'data'),
    ...(options.env?.['SIGNING_KEY'] === undefined && { SIGNING_KEY_TYPE: 'ec-p256' }),
    ...options.env,
  }
  const settings = loadSettings(env)
  const { log, ringLog, wrapKey } = options
  const logger =
    ringLog === undefined
      ? createLogger('silent')
      : createLogger('info', { write: (line) => void ringLog.push(line) })
  const open = (more: OpenRingOptions): Promise<OpenedRing> =>
    openRing(settings, logger, { vault: options.vault, clock: options.ringClock, ...more })
  const sources = options.sources ?? (namesKey(options) ? undefined : [{ key: await (ownKey ??= makeKey()) }])
  const first = await open({ sources })
  const { vaults } = first
  const { ring } =
    wrapKey === undefined ? first : await open({ sources: [{ key: wrapKey(first.ring.signingKey()) }] })
  const key = ring.signingKey()
  onTestFinished(() => first.ring.close())
  const live = new LiveSettings(settings)
  const telemetryLog: string[] = []
  const telemetryLogger = createLogger('info', { write: (line) => void telemetryLog.push(line) })
  let auditLog: AuditLog | null = null
  const telemetry = await startTelemetry({
    settings,
    ring,
    vaults,
    auditLog: () => auditLog,
    redis: options.redis,
    logger: telemetryLogger,
    env,
  })
  auditLog = await openAudit({ settings: settings.audit, ring, logger })
  const app = buildServer({
    settings: live,
    ring,
    vaults,
    telemetry,
    auditLog,
    clock: options.clock,
    replays: options.replays,
    limits: options.limits,
    draining: options.draining,
    redis: options.redis,
    ...(log !== undefined && { logger: createLogger('trace', { write: (line) => void log.push(line) }) }),
  })
  onTestFinished(() => app.close())
  const reload = createReload({ read: () => loadSettings(env), live, ring, logger })
  return {
    app,
    settings,
    key,
    ring,
    telemetryLog,
    reload(file) {
      writeFileSync(path, typeof file === 'string' ? file : JSON.stringify(file))
      return reload()
    },
  }
}

/** As {@link testServer}, listening, with `http://localhost:PORT` for its issuer unless that of the file is kept. */
export async function listeningServer({
  isIssuerKept = false,
  ...options
}: TestServerOptions & { readonly isIssuerKept?: boolean } = {}): Promise<
  TestServer & { readonly origin: string }
> {
  const { issuer: its, ...file } = options.file ?? settingsFile()
  const server = await testServer({ ...options, file: { ...file, ...(isIssuerKept && { issuer: its }) } })
  await server.app.listen({ host: 'localhost', port: 0 })
  return { ...server, origin: `http://localhost:${listeningPort(server.app)}` }
}
