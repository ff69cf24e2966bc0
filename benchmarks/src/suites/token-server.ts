import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createRemoteJWKSet, jwtVerify } from 'jose'
import { HttpLoad } from '../http-load.ts'
import { measure, type Contestant, type Plan, type Row } from '../measure.ts'
import type { Suite, SuiteContext } from '../suite.ts'

/** Tokens by client credentials over HTTP, each server in one process of its own. */
export const tokenServer: Suite = {
  name: 'token-server',
  title: 'A token server, over HTTP',
  async run({ plan, progress }: SuiteContext): Promise<Row[]> {
    progress(`${connections} connections`)
    const folder = mkdtempSync(join(tmpdir(), 'bench-'))
    const servers: Server[] = []
    try {
      servers.push(await startSealwright(folder))
      servers.push(await startOidcProvider())
      return await measure('token-server', 'ES256', servers.map(contestant), longer(plan))
    } finally {
      for (const { load, child } of servers) {
        load.close()
        child.kill()
      }
      rmSync(folder, { recursive: true })
    }
  },
}

const connections = 64
const audience = 'sample-api'

interface Server {
  readonly name: string
  readonly role: Contestant['role']
  readonly child: ChildProcess
  readonly load: HttpLoad
}

function longer({ rounds }: Plan): Plan {
  return { rounds, turns: 3, turn: 250 }
}

function contestant({ name, role, load }: Server): Contestant {
  return {
    name,
    mode: 'http',
    role,
    minimum: 3 * connections,
    async run(count) {
      await load.run(count)
    },
  }
}

async function startSealwright(folder: string): Promise<Server> {
  const port = await freePort()
  const main = import.meta
    .resolve('@sealwright/token-server/package.json')
    .replace('package.json', 'dist/main.js')
  const child = spawn(process.execPath, [new URL(main).pathname], {
    stdio: 'ignore',
    env: { PORT: String(port), DATA_DIR: folder, SIGNING_KEY_TYPE: 'ec-p256', LOG_LEVEL: 'silent' },
  })
  const issuer = `http://localhost:${port}`
  return serve('token-server', 'own', child, port, issuer, '/connect/token')
}

async function startOidcProvider(): Promise<Server> {
  const child = spawn(process.execPath, [new URL('../servers/oidc-provider.js', import.meta.url).pathname], {
    stdio: ['ignore', 'pipe', 'ignore'],
    env: { NODE_ENV: 'production' },
  })
  const [said] = (await once(child.stdout, 'data')) as [Buffer]
  const port = Number(said)
  return serve('oidc-provider', 'peer', child, port, `http://127.0.0.1:${port}`, '/token')
}

/** Waits for the server, makes sure that its tokens verify, and opens the connections. */
async function serve(
  name: string,
  role: Contestant['role'],
  child: ChildProcess,
  port: number,
  issuer: string,
  path: string,
): Promise<Server> {
  try {
    return { name, role, child, load: await openLoad(port, issuer, path) }
  } catch (error) {
    child.kill()
    throw error
  }
}

async function openLoad(port: number, issuer: string, path: string): Promise<HttpLoad> {
  const metadata = (await until(() => fetch(`${issuer}/.well-known/openid-configuration`))) as {
    jwks_uri: string
  }
  const load = await HttpLoad.open(port, connections, tokenRequest(path))
  const { access_token: token } = JSON.parse(await load.run(1)) as { access_token: string }
  const keys = createRemoteJWKSet(new URL(metadata.jwks_uri))
  await jwtVerify(token, keys, { issuer, audience, algorithms: ['ES256'], typ: 'at+jwt' })
  return load
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
      await new Promise((resolve) => setTimeout(resolve, 100))
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
