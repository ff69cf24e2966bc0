import { createHash } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { scratchFolder } from '@sealwright/test-kit/folders'
import { isFull } from '@sealwright/test-kit/full'
import { expect, onTestFinished, test } from 'vitest'
import { assertionType, claims, ecKey, sign } from './support/assertion.ts'
import { bundledServer, ServerProcess } from './support/program.ts'

const program = bundledServer()
const minutes = Number(process.env['SEALWRIGHT_SOAK_MINUTES'] ?? 30)
/** Seconds. */
const sampleInterval = 5
/**
 * Milliseconds that a client takes for all its requests at least. Four clients then use 20 assertions a second, on a busy
 * machine too. The server remembers each assertion for eleven minutes, so its memory follows that rate.
 */
const pace = 200

const clientKey = ecKey({ alg: 'ES256' })

/** A key signs for half a minute, so the server rotates sixty times in half an hour. */
const settings = {
  accessTokenLifetime: 5,
  resources: [{ audience: 'sample-api', scopes: ['api1'] }],
  clients: [
    {
      clientId: 'with-secret',
      secrets: [{ sha256: createHash('sha256').update('the secret').digest('hex') }],
      scopes: ['api1'],
    },
    { clientId: 'client', jwks: { keys: [clientKey.jwk] }, scopes: ['api1'] },
  ],
  keyRing: {
    jwksMaxAge: 0,
    clockSkew: 1,
    validatorLeeway: 0,
    refreshInterval: 2,
    refreshTimeout: 5,
    listingDelay: 0,
    // Long enough for a busy machine: with an older set the server would rightly issue nothing.
    maxSetAge: 15,
    rotationInterval: 30,
  },
}

interface Answer {
  readonly status: number
  readonly body: string
}

/** All that clients do, once. A status that is not the expected one ends the test. */
async function everyRequest(origin: string): Promise<void> {
  const form = { grant_type: 'client_credentials', client_id: 'with-secret', client_secret: 'the secret' }
  const { body } = await post(origin, form, 200)
  const { access_token: token } = JSON.parse(body) as { access_token: string }
  await post(origin, { ...form, client_secret: 'another' }, 401)
  await post(origin, { ...form, scope: 'unknown' }, 400)
  const assertion = await sign(claims(new Date(), origin), clientKey.privateKey)
  const signed = {
    grant_type: 'client_credentials',
    client_assertion_type: assertionType,
    client_assertion: assertion,
  }
  await post(origin, signed, 200)
  await post(origin, signed, 401)
  await get(`${origin}/api/identity`, 200, { authorization: `Bearer ${token}` })
  await get(`${origin}/api/identity`, 401, { authorization: `Bearer ${token}x` })
  for (const path of ['/.well-known/openid-configuration/jwks', '/health/ready', '/']) {
    await get(origin + path, 200)
  }
}

async function post(
  origin: string,
  form: Readonly<Record<string, string>>,
  expected: number,
): Promise<Answer> {
  const response = await fetch(`${origin}/connect/token`, { method: 'POST', body: new URLSearchParams(form) })
  return answerOf(response, expected)
}

async function get(url: string, expected: number, headers: Record<string, string> = {}): Promise<Answer> {
  return answerOf(await fetch(url, { headers }), expected)
}

async function answerOf(response: Response, expected: number): Promise<Answer> {
  const body = await response.text()
  if (response.status !== expected) {
    throw new Error(`${response.url} answered ${response.status}, not ${expected}: ${body}`)
  }
  return { status: response.status, body }
}

/**
 * The server loads this before its own code. It collects all garbage and writes how many bytes are left: the memory of the
 * process (RSS) also depends on when V8 collects, so it can neither prove a leak nor the absence of one.
 */
const reportLiveMemory = (file: string): string => `
const { writeFileSync } = require('node:fs')
require('node:v8').setFlagsFromString('--expose-gc')
const collect = require('node:vm').runInNewContext('gc')
setInterval(() => {
  collect()
  const { heapUsed, external } = process.memoryUsage()
  writeFileSync(${JSON.stringify(file)}, String(heapUsed + external))
}, ${sampleInterval * 1_000}).unref()
`

/** MiB that the process has in memory, and its number of threads. */
function usage(pid: number): { readonly resident: number; readonly threads: number } {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  const number = (name: string): number => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(status)?.[1])
  return { resident: number('VmRSS') / 1024, threads: number('Threads') }
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN
}

function text(values: readonly number[]): string {
  return values.map((value) => value.toFixed(1)).join(', ')
}

test.skipIf(!isFull || process.platform !== 'linux')(
  `${minutes} minutes of every kind of request, with rotation: memory stays flat [needs SEALWRIGHT_FULL=1]`,
  async () => {
    const folder = scratchFolder()
    const file = join(folder, 'settings.json')
    writeFileSync(file, JSON.stringify(settings))
    const liveMemoryFile = join(folder, 'live-memory')
    writeFileSync(liveMemoryFile, 'NaN')
    const preload = join(folder, 'report-live-memory.cjs')
    writeFileSync(preload, reportLiveMemory(liveMemoryFile))
    const server = new ServerProcess(
      program(),
      {
        DATA_DIR: join(folder, 'data'),
        TOKEN_SERVER_SETTINGS: file,
        SIGNING_KEY_TYPE: 'ec-p256',
        LOG_LEVEL: 'warn',
        NODE_OPTIONS: `--require ${preload}`,
      },
      'stalled',
    )
    const { origin } = await server.started()
    const end = performance.now() + minutes * 60_000
    let requests = 0
    const clients = Array.from({ length: 4 }, async () => {
      while (performance.now() < end) {
        await Promise.all([everyRequest(origin), setTimeout(pace)])
        requests += 10
      }
    })
    const samples: (ReturnType<typeof usage> & { readonly live: number })[] = []
    const timer = setInterval(
      () =>
        samples.push({
          ...usage(server.pid),
          live: Number(readFileSync(liveMemoryFile, 'utf8')) / 1024 ** 2,
        }),
      sampleInterval * 1_000,
    )
    onTestFinished(() => clearInterval(timer))
    await Promise.all(clients)
    const medians = (name: 'live' | 'resident', parts: number): readonly number[] =>
      Array.from({ length: parts }, (_, at) =>
        median(
          samples
            .slice(Math.floor((at / parts) * samples.length), Math.ceil(((at + 1) / parts) * samples.length))
            .map((each) => each[name]),
        ),
      )
    console.log(
      `${requests} requests; MiB after garbage collection, in each tenth: ${text(medians('live', 10))}; ` +
        `resident: ${text(medians('resident', 10))}; ${samples.at(-1)?.threads} threads`,
    )
    // The first third warms up: code is compiled, pools and caches fill.
    const [, before = NaN, after] = medians('live', 3)
    expect(after).toBeLessThan(before * 1.02 + 0.5)
    expect(samples.at(-1)?.threads).toBeLessThanOrEqual(samples[Math.floor(samples.length / 3)]?.threads ?? 0)
    expect((await server.stop()).code).toBe(0)
  },
  (minutes + 2) * 60_000,
)
