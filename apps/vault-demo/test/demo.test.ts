import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { scratchFolder, scratchFolderForFile } from '@sealwright/test-kit/folders'
import { createRemoteJWKSet, jwtVerify } from 'jose'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { bundledServer } from '../../token-server/test/support/program.ts'
import { describeDemo } from '../src/description.ts'
import { startDemo, type Demo } from '../src/demo.ts'
import { startInstance } from '../src/instance.ts'

const program = bundledServer()

async function requestToken(origin: string): Promise<{ status: number; token: string }> {
  const response = await fetch(`${origin}/connect/token`, {
    method: 'POST',
    headers: { authorization: `Basic ${btoa('sample-client:sample-secret')}` },
    body: new URLSearchParams({ grant_type: 'client_credentials' }),
  })
  const { access_token: token = '' } = (await response.json()) as { access_token?: string }
  return { status: response.status, token }
}

async function identityStatus(origin: string, token: string): Promise<number> {
  const response = await fetch(`${origin}/api/identity`, { headers: { authorization: `Bearer ${token}` } })
  return response.status
}

// Starting it takes seconds, so the tests use one demo, in this order.
describe('two token servers on one key in the vault', () => {
  const folder = scratchFolderForFile()
  const data = (): string => join(folder(), 'data')
  let demo: Demo
  beforeAll(async () => {
    demo = await startDemo({ program: program(), port: 0, env: { DATA_DIR: data() } })
  })
  afterAll(() => demo.close())

  test('print what the README shows', async () => {
    const [first, second] = demo.instances
    const printed = (await describeDemo(demo))
      .replaceAll(demo.origin, 'http://localhost:5001')
      .replace(`${first?.origin}/ (process ${first?.pid})`, 'http://localhost:45171/ (process 31096)')
      .replace(`${second?.origin}/ (process ${second?.pid})`, 'http://localhost:35915/ (process 31097)')
      .replace(/kid [\w-]{43}/, 'kid 08cwdJ-xVivIszfbT63k8m-0Ael4-E6DInuTCucVgME')
      .replace(/kill \d+/, 'kill 31096')
    const readme = readFileSync(new URL('../../../README.md', import.meta.url), 'utf8')
    expect(readme).toContain(`\n> node scripts/start.cjs apps/vault-demo\n\n${printed}`)
  })

  test('sign with one kid, take each other’s tokens, and lose nothing when one of them stops', async () => {
    const { emulator, instances, origin, signingKey } = demo
    const [first, second] = instances
    if (first === undefined || second === undefined) throw new Error('there are not two servers')
    const keySet = createRemoteJWKSet(new URL(`${origin}/.well-known/openid-configuration/jwks`))
    const kids = new Set<string | undefined>()
    for (const [from, to] of [
      [first, second],
      [second, first],
    ] as const) {
      const { token } = await requestToken(from.origin)
      const { protectedHeader } = await jwtVerify(token, keySet, { issuer: origin, audience: 'sample-api' })
      kids.add(protectedHeader.kid)
      expect(await identityStatus(to.origin, token)).toBe(200)
    }
    expect(kids.size).toBe(1)

    const { token: before } = await requestToken(first.origin)
    const statuses: number[] = []
    const callers = Array.from({ length: 4 }, async () => {
      for (let i = 0; i < 50; i++) statuses.push((await requestToken(origin)).status)
    })
    while (statuses.length < 20) await sleep(5)
    await first.stop()
    expect(statuses.length).toBeLessThan(200)
    await Promise.all(callers)
    expect(statuses).toEqual(Array.from({ length: 200 }, () => 200))
    expect(await identityStatus(origin, before)).toBe(200)

    // The vault made one certificate for both, and the private key was neither requested nor kept.
    expect(signingKey).toContain('/certificates/')
    expect(emulator.requests.list().filter(({ path }) => path.startsWith('/secrets'))).toEqual([])
    expect(emulator.requests.count('keys/sign')).toBeGreaterThanOrEqual(200)
    expect(existsSync(data())).toBe(false)
  })

  test('are 502 at the one address when both have stopped', async () => {
    await Promise.all(demo.instances.map((instance) => instance.stop()))
    const response = await fetch(demo.origin)
    expect(response.status).toBe(502)
  })
})

test('without the vault, two servers sign with two keys and refuse each other’s tokens', async () => {
  const folder = scratchFolder()
  const servers = await Promise.all(
    ['one', 'two'].map((name) =>
      startInstance(program(), {
        PATH: process.env['PATH'] ?? '',
        PORT: '0',
        LOG_LEVEL: 'error',
        ISSUER: 'http://localhost:5001',
        SIGNING_KEY_TYPE: 'ec-p256',
        DATA_DIR: join(folder, name),
      }),
    ),
  )
  onTestFinished(async () => void (await Promise.all(servers.map((server) => server.stop()))))
  const [first, second] = servers
  const { token } = await requestToken(first?.origin ?? '')
  expect(await identityStatus(first?.origin ?? '', token)).toBe(200)
  expect(await identityStatus(second?.origin ?? '', token)).toBe(401)
})

test('a start that is ended leaves nothing running', async () => {
  const folder = scratchFolder()
  // It never listens.
  const endless = join(folder, 'endless.mjs')
  writeFileSync(
    endless,
    `import { writeFileSync } from 'node:fs'
    writeFileSync(\`\${process.env.DATA_DIR}/\${process.pid}.pid\`, '')
    setInterval(() => {}, 1_000)`,
  )
  const pids = (): readonly number[] =>
    readdirSync(folder).flatMap((name) => (name.endsWith('.pid') ? Number.parseInt(name, 10) : []))
  const stopping = new AbortController()
  const starting = startDemo({
    program: endless,
    port: 0,
    env: { DATA_DIR: folder },
    signal: stopping.signal,
  }).catch(String)
  await expect.poll(pids).toHaveLength(2)
  stopping.abort()
  expect(await starting).toContain('a token server ended')
  for (const pid of pids()) expect(() => process.kill(pid, 0)).toThrow('ESRCH')
})

test('a server that cannot start says why, and nothing is left running', async () => {
  await expect(startDemo({ program: program(), port: 0, env: { PORT: 'none' } })).rejects.toThrow(
    /PORT: must be/,
  )
})
