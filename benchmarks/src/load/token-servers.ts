import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { createRemoteJWKSet, jwtVerify } from 'jose'
import { HttpLoad } from './http-load.ts'
import { shortestTimes } from './shortest-times.ts'

/** Connections that are kept open, over all servers that are measured together. */
export const connections = 64

/** Servers that issue tokens by client credentials, each in a process of its own, and the load on them. */
export interface TokenServers {
  readonly processes: readonly ChildProcess[]
  readonly load: HttpLoad
  readonly close: () => void
}

export interface SealwrightOptions {
  /** Where the key is kept; instances share it. */
  readonly folder: string
  /** As the setting has it: `ec-p256` or `rsa-2048`. */
  readonly keyType: string
  /** Default 1. */
  readonly instances?: number
  /** How many processes an instance has. Default 1. */
  readonly workers?: number
  /** The one core they may use. Default: all. */
  readonly core?: number
  /** How long a version of the key signs, in seconds. Default: until its certificate is about to end. */
  readonly rotationInterval?: number
  /** Further environment variables. */
  readonly env?: Readonly<Record<string, string>>
}

/** This repository's token server, as it is started, with no log. */
export async function startSealwright(options: SealwrightOptions): Promise<TokenServers> {
  const { folder, keyType, instances = 1, workers = 1, core, rotationInterval, env } = options
  const manifest = import.meta.resolve('@sealwright/token-server/package.json')
  const main = new URL('dist/main.js', manifest).pathname
  const settings = join(folder, 'settings.json')
  if (rotationInterval !== undefined) {
    const sample = JSON.parse(readFileSync(new URL('token-server.json', manifest), 'utf8')) as object
    const keyRing = { ...shortestTimes, rotationInterval }
    writeFileSync(settings, JSON.stringify({ ...sample, accessTokenLifetime: 5, keyRing }))
  }
  const [command, ...args] = [
    ...(core === undefined ? [] : ['taskset', '-c', String(core)]),
    process.execPath,
    main,
  ]
  const servers: Server[] = []
  for (let started = 0; started < instances; started++) {
    const port = await freePort()
    const child = spawn(command ?? '', args, {
      stdio: 'ignore',
      env: {
        PATH: process.env['PATH'],
        PORT: String(port),
        DATA_DIR: folder,
        SIGNING_KEY_TYPE: keyType,
        LOG_LEVEL: 'silent',
        WORKERS: String(workers),
        ...(rotationInterval !== undefined && { TOKEN_SERVER_SETTINGS: settings }),
        ...env,
      },
    })
    servers.push({ child, port, issuer: `http://localhost:${port}` })
  }
  return open(servers, '/connect/token', workers === 1 ? 0 : workerStart)
}

/** Milliseconds for further workers to start, after the first one answers. No answer tells how many are there. */
const workerStart = 3_000

export async function startOidcProvider(): Promise<TokenServers> {
  return open([await startScript('oidc-provider.js')], '/token')
}

/** @param answer as bare-http.ts has it */
export async function startBareHttp(answer: 'constant' | 'inline' | 'libuv'): Promise<TokenServers> {
  return open([await startScript('bare-http.js', answer)], '/token')
}

interface Server {
  readonly child: ChildProcess
  readonly port: number
  readonly issuer: string
}

/** One of the scripts that print their port. */
async function startScript(file: string, ...args: readonly string[]): Promise<Server> {
  const script = new URL(`../processes/${file}`, import.meta.url).pathname
  const child = spawn(process.execPath, [script, ...args], {
    stdio: ['ignore', 'pipe', 'ignore'],
    env: { NODE_ENV: 'production' },
  })
  const [said] = (await once(child.stdout, 'data')) as [Buffer]
  const port = Number(said)
  return { child, port, issuer: `http://127.0.0.1:${port}` }
}

/** Waits for the servers, makes sure that their tokens verify, and opens the connections. */
async function open(servers: readonly Server[], path: string, wait = 0): Promise<TokenServers> {
  const processes = servers.map(({ child }) => child)
  const kill = (): void => {
    for (const child of processes) child.kill()
  }
  try {
    const request = tokenRequest(path)
    for (const { port, issuer } of servers) await check(port, issuer, request)
    await setTimeout(wait)
    const load = await HttpLoad.open(
      servers.map(({ port }) => port),
      connections,
      request,
    )
    return {
      processes,
      load,
      close() {
        load.close()
        kill()
      },
    }
  } catch (error) {
    kill()
    throw error
  }
}

async function check(port: number, issuer: string, request: string): Promise<void> {
  const metadata = (await until(() => fetch(`${issuer}/.well-known/openid-configuration`))) as {
    jwks_uri: string
  }
  const load = await HttpLoad.open([port], 1, request)
  const { access_token: token } = JSON.parse(await load.run(1)) as { access_token: string }
  load.close()
  const keys = createRemoteJWKSet(new URL(metadata.jwks_uri))
  await jwtVerify(token, keys, { issuer, audience: 'sample-api', typ: 'at+jwt' })
}

function tokenRequest(path: string): string {
  const body = 'grant_type=client_credentials&scope=api1'
  const credentials = Buffer.from('sample-client:sample-secret').toString('base64')
  return [
    `POST ${path} HTTP/1.1`,
    'host: localhost',
    `authorization: Basic ${credentials}`,
    'content-type: application/x-www-form-urlencoded',
    `content-length: ${body.length}`,
    '',
    body,
  ].join('\r\n')
}

/** What a request answers as soon as the server is there: within ten seconds. */
async function until(request: () => Promise<Response>): Promise<unknown> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await (await request()).json()
    } catch (error) {
      if (attempt === 100) throw error
      await setTimeout(100)
    }
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  return port
}
