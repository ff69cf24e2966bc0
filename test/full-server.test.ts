import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { openFolderStore } from '@sealwright/local-store'
import { scratchFolder } from '@sealwright/test-kit/folders'
import { lacks } from '@sealwright/test-kit/tools'
import { describe, expect, onTestFinished, test } from 'vitest'
import { bundledServer, ServerProcess } from '../apps/token-server/test/support/program.ts'
import { redisServer } from '../apps/token-server/test/support/redis.ts'
import { scrape } from '../apps/token-server/test/support/scrape.ts'
import { client, settingsFile } from '../apps/token-server/test/support/server.ts'
import { succeed } from '../packages/cli/test/support/sealwright.ts'

/** The header or the claims of a token. */
function partOf(token: string, at: 0 | 1): { readonly kid?: string; readonly jti?: string } {
  return JSON.parse(Buffer.from(token.split('.')[at] ?? '', 'base64url').toString())
}

/** Counts the spans of each name that arrive by OTLP over HTTP. */
async function startCollector(): Promise<{ readonly url: string; readonly spans: Map<string, number> }> {
  const spans = new Map<string, number>()
  const server = createServer((request, response) => {
    const parts: Buffer[] = []
    request.on('data', (part: Buffer) => void parts.push(part))
    request.on('end', () => {
      for (const [, name = ''] of Buffer.concat(parts)
        .toString()
        .matchAll(/"spanId":"\w+".*?"name":"([^"]*)"/g))
        spans.set(name, (spans.get(name) ?? 0) + 1)
      response.writeHead(200, { 'content-type': 'application/json' }).end('{}')
    })
  })
  await new Promise<void>((resolve) => server.listen(0, 'localhost', resolve))
  onTestFinished(() => void server.close())
  return { url: `http://localhost:${(server.address() as AddressInfo).port}`, spans }
}

const keyRing = {
  jwksMaxAge: 0,
  clockSkew: 1,
  validatorLeeway: 0,
  refreshInterval: 1,
  refreshTimeout: 1,
  listingDelay: 0,
  maxSetAge: 20,
}

/** Requests a token on a connection of its own, so that any worker can take it. */
async function requestToken(origin: string, clientId = 'client', timeout = 30_000): Promise<string | null> {
  const response = await fetch(`${origin}/connect/token`, {
    method: 'POST',
    signal: AbortSignal.timeout(timeout),
    headers: { connection: 'close' },
    body: new URLSearchParams({
      grant_type: 'client_credentials',
      client_id: clientId,
      client_secret: 'the secret',
    }),
  })
  const { access_token: token = null } = (await response.json()) as { access_token?: string }
  return token
}

describe.skipIf(lacks('redis-server'))('a server with everything on [needs redis-server]', () => {
  const program = bundledServer()
  const redis = redisServer()

  test('two workers: each token is audited once, counted and traced, and neither a revoked key nor kill -9 loses one', async () => {
    const folder = scratchFolder()
    const [data, audit, settings] = [
      join(folder, 'data'),
      join(folder, 'audit'),
      join(folder, 'settings.json'),
    ]
    const { url, spans } = await startCollector()
    const store = await openFolderStore(data)
    const { version } = await store.create('token-signing', { keyType: 'ec-p256' })
    await store.rotate('token-signing')
    writeFileSync(
      settings,
      JSON.stringify(
        settingsFile({
          keyRing,
          audit: { folder: audit, sealInterval: 1 },
          limits: { clientTokensPerMinute: 100, addressRequestsPerMinute: 100_000 },
          trustedProxies: [],
          clients: [
            client({ accessTokenLifetime: 2 }),
            client({ clientId: 'eager', accessTokenLifetime: 2 }),
          ],
        }),
      ),
    )
    const server = new ServerProcess(program(), {
      WORKERS: '2',
      TOKEN_SERVER_SETTINGS: settings,
      DATA_DIR: data,
      REDIS_URL: redis().url,
      METRICS_PORT: '0',
      OTEL_EXPORTER_OTLP_ENDPOINT: url,
    })
    const { origin } = await server.started()
    const tokens: string[] = []
    /** Four at once: a burst would be a test of how quickly Redis answers. */
    const load = async (count: number, clientId?: string): Promise<number> => {
      const before = tokens.length
      let left = count
      const next = async (): Promise<void> => {
        while (left-- > 0) {
          const token = await requestToken(origin, clientId)
          if (token !== null) tokens.push(token)
        }
      }
      await Promise.all(Array.from({ length: 4 }, next))
      return tokens.length - before
    }
    const keyIds = (): readonly string[] => [...new Set(tokens.map((token) => partOf(token, 0).kid ?? ''))]

    // The limit is for both workers together, but neither waits for the count of the other.
    expect(await load(40)).toBe(40)
    const allowed = await load(150, 'eager')
    expect(allowed).toBeGreaterThanOrEqual(100)
    expect(allowed).toBeLessThan(150)

    // The key is revoked, and the next one signs.
    await store.disable('token-signing', version)
    server.signal('SIGHUP')
    await expect
      .poll(() =>
        server.lines.filter(({ msg }) => msg.endsWith(': announced → active')).map(({ worker }) => worker),
      )
      .toEqual(expect.arrayContaining([1, 2]))
    expect(await load(10)).toBe(10)
    expect(keyIds()).toHaveLength(2)
    const metrics = await scrape(server.stdout.split('\n'))
    expect(metrics.match(/^sealwright_redis_available\{.*$/gm)).toEqual([
      'sealwright_redis_available{worker="1"} 1',
      'sealwright_redis_available{worker="2"} 1',
    ])
    const counts = [...metrics.matchAll(/^sealwright_signatures_total\{([^}]*)\} (\d+)$/gm)]
    expect(counts.reduce((sum, [, , count]) => sum + Number(count), 0)).toBe(tokens.length)
    expect(new Set(counts.map(([, labels]) => /worker="(\d)"/.exec(labels ?? '')?.[1]))).toEqual(
      new Set(['1', '2']),
    )

    // A worker is killed while tokens are issued. Its requests fail; a connection that it had not accepted yet gets no answer.
    const victim = server.lines.find(
      ({ worker, msg }) => worker === 2 && msg.endsWith(': announced → active'),
    )
    if (victim === undefined) throw new Error('unreachable')
    const answers = Array.from({ length: 40 }, () => requestToken(origin, 'client', 3_000).catch(() => null))
    await Promise.race(answers)
    process.kill(victim.pid, 'SIGKILL')
    for (const answer of await Promise.all(answers)) if (answer !== null) tokens.push(answer)
    await expect.poll(() => server.stdout).toContain('a worker has ended and is replaced')
    await expect.poll(() => readdirSync(audit)).toHaveLength(3)
    expect(await server.stop()).toMatchObject({ code: 0 })

    const streams = readdirSync(audit).map((name) => readFileSync(join(audit, name), 'utf8'))
    const recorded = streams.flatMap(jtis)
    expect(new Set(recorded).size).toBe(recorded.length)
    expect(recorded).toEqual(expect.arrayContaining(tokens.map((token) => partOf(token, 1).jti)))
    const { out } = await succeed(['audit', 'verify', audit, ...keyIds().map((id) => `--kid=${id}`)])
    expect(out).toContain(`ok: ${recorded.length} tokens in 3 streams\n`)
    // The spans of the killed process that were not sent yet are lost.
    const others = streams.filter((text) => !text.includes(`"pid":${victim.pid},`))
    expect(spans.get('sign')).toBeGreaterThanOrEqual(others.flatMap(jtis).length)
  })
})

function jtis(text: string): string[] {
  return [...text.matchAll(/"jti":"([^"]+)"/g)].map(([, jti = '']) => jti)
}
