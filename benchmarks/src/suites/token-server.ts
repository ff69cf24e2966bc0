import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { measureServers, type MeasuredServers } from '../load/measure-servers.ts'
import type { Plan, Row } from '../measuring/measure.ts'
import type { Suite, SuiteContext } from '../suite.ts'
import {
  connections,
  startBareHttp,
  startOidcProvider,
  startSealwright,
  type TokenServers,
} from '../load/token-servers.ts'

/** Tokens by client credentials over HTTP, each server in one process of its own. */
export const tokenServer: Suite = {
  name: 'token-server',
  title: 'A token server, over HTTP',
  async run({ plan, progress }: SuiteContext): Promise<Row[]> {
    const turns = { rounds: plan.rounds, turns: Math.ceil(plan.turns / 10), turn: 250 }
    progress(`${connections} connections`)
    const rows = await withServers(servers, 'ES256', turns)
    progress('with and without metrics and traces')
    const collector = await startCollector()
    rows.push(
      ...(await withServers((folder) => observedServers(folder, collector.url), 'ES256, telemetry', turns)),
    )
    collector.close()
    progress('with and without an audit log')
    rows.push(...(await withServers(auditedServers, 'ES256, audit log', turns)))
    progress('with and without rotation')
    // Each turn takes as long as a key signs, so it contains all that a rotation costs.
    const more = { rounds: plan.rounds, turns: 1, turn: rotationInterval * 1_000 }
    return [...rows, ...(await withServers(rotatingServers, 'ES256, rotation', more))]
  },
}

/** Seconds. */
const rotationInterval = 5

async function withServers(
  kindsIn: (folder: string) => readonly ServerKind[],
  alg: string,
  plan: Plan,
): Promise<Row[]> {
  const folder = mkdtempSync(join(tmpdir(), 'bench-'))
  const started: MeasuredServers[] = []
  try {
    for (const { start, ...kind } of kindsIn(folder)) started.push({ ...kind, servers: await start() })
    return await measureServers('token-server', alg, started, plan)
  } finally {
    for (const each of started) each.servers.close()
    rmSync(folder, { recursive: true })
  }
}

interface ServerKind extends Omit<MeasuredServers, 'servers'> {
  readonly start: () => Promise<TokenServers>
}

/** Besides the token servers: the cost of HTTP alone, and the limit of a server that only makes signatures. */
function servers(folder: string): readonly ServerKind[] {
  const bare = 'node:http'
  return [
    { name: bare, mode: 'constant answer', role: 'reference', start: () => startBareHttp('constant') },
    { name: bare, mode: 'crypto.sign inline', role: 'limit', start: () => startBareHttp('inline') },
    { name: bare, mode: 'crypto.sign libuv', role: 'limit', start: () => startBareHttp('libuv') },
    {
      name: 'token-server',
      mode: 'http',
      role: 'own',
      start: () => startSealwright({ folder, keyType: 'ec-p256' }),
    },
    { name: 'oidc-provider', mode: 'http', role: 'peer', start: startOidcProvider },
  ]
}

/** Starts servers with one key and the variables given. */
function startIn(folder: string): (env: Readonly<Record<string, string>>) => Promise<TokenServers> {
  return (env) => startSealwright({ folder, keyType: 'ec-p256', env })
}

/** The limit is the server with nothing on. A common rate of traces is one in a hundred. */
function observedServers(folder: string, endpoint: string): readonly ServerKind[] {
  const start = startIn(folder)
  const metrics = { METRICS_PORT: '0' }
  const traces = {
    OTEL_EXPORTER_OTLP_ENDPOINT: endpoint,
    OTEL_TRACES_SAMPLER: 'parentbased_traceidratio',
    OTEL_TRACES_SAMPLER_ARG: '0.01',
  }
  return [
    { name: 'token-server', mode: 'off', role: 'limit', start: () => start({}) },
    { name: 'token-server', mode: 'metrics', role: 'own', start: () => start(metrics) },
    {
      name: 'token-server',
      mode: 'metrics, 1 % traces',
      role: 'own',
      start: () => start({ ...metrics, ...traces }),
    },
    {
      name: 'token-server',
      mode: 'metrics, 1 % traces, audit log',
      role: 'own',
      start: () => start({ ...metrics, ...traces, AUDIT_LOG: join(folder, 'audit') }),
    },
  ]
}

/** The limit is the server without an audit log. */
function auditedServers(folder: string): readonly ServerKind[] {
  const start = startIn(folder)
  const auditLog = { AUDIT_LOG: join(folder, 'audit') }
  return [
    { name: 'token-server', mode: 'no audit log', role: 'limit', start: () => start({}) },
    { name: 'token-server', mode: 'audit log', role: 'own', start: () => start(auditLog) },
    {
      name: 'token-server',
      mode: 'audit log, durable',
      role: 'own',
      start: () => start({ AUDIT_LOG: join(folder, 'durable'), audit__durable: 'true' }),
    },
  ]
}

/** Takes traces by OTLP over HTTP, and forgets them. */
async function startCollector(): Promise<{ readonly url: string; readonly close: () => void }> {
  const server = createServer((request, response) => {
    request
      .resume()
      .on('end', () => response.writeHead(200, { 'content-type': 'application/json' }).end('{}'))
  })
  await once(server.listen(0, 'localhost'), 'listening')
  const { port } = server.address() as AddressInfo
  return {
    url: `http://localhost:${port}`,
    close() {
      server.close()
      server.closeAllConnections()
    },
  }
}

/** The limit is the server without rotation. Each has a folder of its own for its key. */
function rotatingServers(folder: string): readonly ServerKind[] {
  const start = (name: string, interval?: number): Promise<TokenServers> => {
    const own = join(folder, name)
    mkdirSync(own, { mode: 0o700 })
    return startSealwright({
      folder: own,
      keyType: 'ec-p256',
      ...(interval !== undefined && { rotationInterval: interval }),
    })
  }
  return [
    { name: 'token-server', mode: 'never', role: 'limit', start: () => start('never') },
    {
      name: 'token-server',
      mode: `every ${rotationInterval} s`,
      role: 'own',
      start: () => start('rotating', rotationInterval),
    },
  ]
}
