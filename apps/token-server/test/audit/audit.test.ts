import { createHash, generateKeyPairSync } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { openAuditLog, verifyAuditLog } from '@sealwright/audit-log'
import { createLocalSigner, type SigningKey } from '@sealwright/core'
import { scratchFolder } from '@sealwright/test-kit/folders'
import type { LightMyRequestResponse } from 'fastify'
import { decodeJwt, decodeProtectedHeader } from 'jose'
import { expect, onTestFinished, test, vi } from 'vitest'
import { openAudit } from '../../src/audit/open-audit.ts'
import { jtiOf, TokenAudit } from '../../src/audit/token-audit.ts'
import { createLogger } from '../../src/logging/logger.ts'
import { remoteKey } from '../support/remote-key.ts'
import { scrape } from '../support/scrape.ts'
import {
  basic,
  client,
  settingsFile,
  testServer,
  type TestServer,
  type TestServerOptions,
} from '../support/server.ts'

function auditedServer(
  audit: Readonly<Record<string, unknown>>,
  options: TestServerOptions = {},
): Promise<TestServer> {
  return testServer({ file: settingsFile({ audit, clients: [client()] }), ...options })
}

function requestToken({ app }: TestServer, secret = 'the secret'): Promise<LightMyRequestResponse> {
  return app.inject({
    method: 'POST',
    url: '/connect/token',
    headers: { 'content-type': 'application/x-www-form-urlencoded', authorization: basic('client', secret) },
    payload: 'grant_type=client_credentials',
  })
}

function linesIn(folder: string): readonly Record<string, unknown>[] {
  return readdirSync(folder)
    .toSorted()
    .flatMap((name) => readFileSync(join(folder, name), 'utf8').trimEnd().split('\n'))
    .map((line) => JSON.parse(line) as Record<string, unknown>)
}

test('each token has a line, which is written when the answer comes, and refused requests have none', async () => {
  const folder = join(scratchFolder(), 'audit')
  const server = await auditedServer({ folder })
  const answers = await Promise.all([1, 2, 3].map(() => requestToken(server)))
  expect((await requestToken(server, 'wrong')).statusCode).toBe(401)
  const lines = linesIn(folder)
  const tokens = answers.map((answer) => answer.json<{ access_token: string }>().access_token)
  for (const token of tokens) {
    const { jti } = decodeJwt(token)
    const { kid } = decodeProtectedHeader(token)
    const digest = createHash('sha256')
      .update(token.slice(0, token.lastIndexOf('.')))
      .digest('base64url')
    expect(lines.filter((line) => line['jti'] === jti)).toMatchObject([{ kid, client_id: 'client', digest }])
  }
  await server.app.close()
  const { ok, findings, streams } = await verifyAuditLog(folder, { trustedKeys: [server.key.keyId] })
  expect(findings).toEqual([])
  expect(ok).toBe(true)
  expect(streams).toMatchObject([{ tokens: 3, isClosed: true }])
})

test('while the audit log cannot be written, no token is issued, and after the first none is signed', async () => {
  vi.useFakeTimers({ toFake: ['performance'] })
  onTestFinished(() => void vi.useRealTimers())
  const folder = join(scratchFolder(), 'audit')
  const ringLog: string[] = []
  let signatures = 0
  const wrapKey = (key: SigningKey): SigningKey =>
    remoteKey(key, (data) => {
      signatures++
      return key.signer().sign(data)
    })
  const env = { METRICS_PORT: '0' }
  const server = await auditedServer({ folder, maximumFileSize: 1024 }, { ringLog, wrapKey, env })
  const metric = async (): Promise<string | undefined> =>
    /^sealwright_audit_log_writable (.*)$/m.exec(await scrape(server.telemetryLog))?.[1]
  expect((await requestToken(server)).statusCode).toBe(200)
  // The file in use is full, so the next token needs a new one.
  rmSync(folder, { recursive: true })
  signatures = 0
  for (let attempt = 0; attempt < 3; attempt++) {
    // oxlint-disable-next-line no-await-in-loop
    const answer = await requestToken(server)
    expect(answer.statusCode).toBe(503)
    expect(answer.headers['retry-after']).toBe('1')
    expect(answer.json()).toEqual({
      error: 'temporarily_unavailable',
      error_description: 'tokens cannot be recorded now',
    })
  }
  expect(signatures).toBe(1)
  mkdirSync(folder)
  vi.advanceTimersByTime(1000)
  // The next line may be written, but none has been.
  expect(await signingHealth(server)).toEqual([503, 'unavailable', 'unavailable'])
  expect(await metric()).toBe('0')
  const ready = await server.app.inject('/health/ready')
  expect([ready.statusCode, ready.json()]).toEqual([200, expect.objectContaining({ audit: 'unavailable' })])
  expect((await requestToken(server)).statusCode).toBe(200)
  expect(await signingHealth(server)).toEqual([200, 'available', 'available'])
  expect(await metric()).toBe('1')
  expect(linesIn(folder).filter((line) => 'jti' in line)).toHaveLength(1)
  const said = ringLog.map(
    (line) => JSON.parse(line) as { level: number; msg: string; err?: { message: string } },
  )
  const about = said.filter(({ msg }) => /written/.test(msg))
  expect(about.map(({ level, msg }) => [level, msg])).toEqual([
    [50, 'the audit log cannot be written; no token is issued'],
    [40, 'the audit log can be written again'],
  ])
  expect(about[0]?.err?.message).toMatch(
    /^\S+\.000002\.jsonl cannot be written \(ENOENT: the folder was deleted\)$/,
  )
})

async function signingHealth({ app }: TestServer): Promise<unknown[]> {
  const response = await app.inject('/health/signing')
  const { status, audit } = response.json<{ status: string; audit: string }>()
  return [response.statusCode, status, audit]
}

test.each([
  ['debug', 2],
  ['warn', 2],
  ['fatal', 2],
  ['silent', 0],
] as const)('at the level %s the log has %i seals', async (level, count) => {
  const lines: string[] = []
  const { settings, ring } = await testServer({ env: { AUDIT_LOG: scratchFolder() } })
  const logger = createLogger(level, { write: (line) => void lines.push(line) })
  await (await openAudit({ settings: settings.audit, ring, logger }))?.close()
  expect(lines.filter((line) => line.includes('"msg":"the audit log is sealed"'))).toHaveLength(count)
})

test('the log has each seal, for a place that an attacker cannot reach', async () => {
  const folder = scratchFolder()
  const ringLog: string[] = []
  const server = await auditedServer({ folder, durable: true }, { ringLog })
  await requestToken(server)
  await server.app.close()
  const seals = ringLog
    .map((line) => JSON.parse(line) as Record<string, unknown>)
    .filter(({ chain }) => chain !== undefined)
  expect(seals).toHaveLength(2)
  const [stream, sequence, chain] = ['stream', 'sequence', 'chain'].map((name) => seals[1]?.[name])
  const expected = [{ stream: String(stream), head: { sequence: Number(sequence), chain: String(chain) } }]
  const { findings } = await verifyAuditLog(folder, { trustedKeys: [server.key.keyId], expected })
  expect(findings).toEqual([])
})

test('AUDIT_LOG names the folder', async () => {
  const folder = join(scratchFolder(), 'audit')
  const server = await testServer({ env: { AUDIT_LOG: folder } })
  expect(server.settings.audit).toEqual({
    folder,
    durable: false,
    sealInterval: 10,
    maximumFileSize: 67_108_864,
    maximumFileAge: 86_400,
  })
  expect((await requestToken(server)).statusCode).toBe(200)
  expect(linesIn(folder).filter((line) => 'jti' in line)).toHaveLength(1)
})

test.each([
  '{"jti":"abcdefghijklmnopqrstuv","sub":"client"}',
  '{"sub":"client","jti":"abcdefghijklmnopqrstuv"}',
  '{"jti":"short"}',
  '{"jti":"a longer one than the issuer has, and with spaces","sub":"client"}',
])('the jti of a payload is found wherever it is: %s', (payload) => {
  const { jti } = JSON.parse(payload) as { jti: string }
  expect(jtiOf(`header.${Buffer.from(payload).toString('base64url')}`)).toBe(jti)
})

test('a token that has no jti to record must not leave', async () => {
  const signer = createLocalSigner(generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey)
  const log = await openAuditLog({ folder: scratchFolder(), signer })
  await expect(new TokenAudit(log).record('no.token.here', 'kid', 'client')).rejects.toMatchObject({
    code: 'UNAVAILABLE',
    message: 'the audit log cannot be written',
  })
  await log.close()
})
