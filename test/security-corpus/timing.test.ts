import { randomBytes } from 'node:crypto'
import { expect, test } from 'vitest'
import { assertionType } from '../../apps/token-server/test/support/assertion.ts'
import { isFull } from '../../packages/test-kit/src/full.ts'
import { attackedServer, keys, now, type AttackedServer, type InjectOptions } from './attacked-server.ts'
import { compact, es256 } from './jws.ts'
import { largestT } from './welch.ts'

/** Of each of the two requests. */
const samples = Number(process.env['SEALWRIGHT_TIMING_SAMPLES'] ?? 100_000)

const form = 'application/x-www-form-urlencoded'
const basic = (credentials: string): InjectOptions => ({
  method: 'POST',
  url: '/connect/token',
  headers: {
    'content-type': form,
    authorization: `Basic ${Buffer.from(credentials).toString('base64')}`,
  },
  payload: 'grant_type=client_credentials',
})

/** An assertion about that client that no client has signed. */
function forged(server: AttackedServer, client: string): InjectOptions {
  const time = now.getTime() / 1000
  const claims = { iss: client, sub: client, aud: server.issuer, jti: 'x', exp: time + 60 }
  return {
    method: 'POST',
    url: '/connect/token',
    headers: { 'content-type': form },
    payload: new URLSearchParams({
      grant_type: 'client_credentials',
      client_assertion_type: assertionType,
      client_assertion: compact({ alg: 'ES256' }, claims, es256(keys.attacker)),
    }).toString(),
  }
}

/** Pairs of requests whose answers must take the same time. The secret of `client` is `the secret`. */
const pairs: readonly (readonly [
  name: string,
  requests: (server: AttackedServer) => readonly [InjectOptions, InjectOptions],
])[] = [
  ['a client that exists and one that does not', () => [basic('client:hunter2'), basic('nobody:hunter2')]],
  [
    'a secret whose first byte is wrong and one whose last byte is',
    () => [basic('client:The%20secret'), basic('client:the%20secreT')],
  ],
  [
    'a secret with the right beginning and one with none of it',
    () => [basic('client:the%20secxxx'), basic('client:xxx%20xxxxxx')],
  ],
  [
    'a forged assertion of a client that exists and of one that does not',
    (server) => [forged(server, 'client'), forged(server, 'nobody')],
  ],
]

test.runIf(isFull)(
  'the time of an answer tells neither which clients exist nor how much of a secret is right [needs SEALWRIGHT_FULL=1]',
  async () => {
    const server = await attackedServer()
    const results: Record<string, number> = {}
    for (const [name, requests] of pairs) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other: they would disturb each other
      results[name] = await measure(server, requests(server))
      // The lines of the log would fill the memory.
      server.log.length = 0
    }
    console.table(Object.entries(results).map(([pair, t]) => ({ pair, samples, t: t.toFixed(2) })))
    expect(Object.entries(results).filter(([, t]) => Math.abs(t) >= 4.5)).toEqual([])
  },
  60 * 60_000,
)

test('a difference of a hundredth is found, and none where there is none', () => {
  const noise = Array.from({ length: 20_000 }, (_, at) => 100 + ((at * 7919) % 1000) / 100)
  const same = Float64Array.from(noise.toReversed())
  const slower = Float64Array.from(noise, (sample) => sample + 1)
  expect(Math.abs(largestT(Float64Array.from(noise), same))).toBeLessThan(0.1)
  expect(Math.abs(largestT(Float64Array.from(noise), slower))).toBeGreaterThan(4.5)
})

/** Sends both requests in random order, and compares how long the answers take. */
async function measure(
  { app, log }: AttackedServer,
  requests: readonly [InjectOptions, InjectOptions],
): Promise<number> {
  const times = [new Float64Array(samples), new Float64Array(samples)] as const
  const counts: [number, number] = [0, 0]
  const warmUp = Math.min(2000, samples)
  for (let run = -warmUp; counts[0] < samples || counts[1] < samples; run++) {
    const random = (randomBytes(1)[0] ?? 0) & 1
    const which = counts[random as 0 | 1] < samples ? (random as 0 | 1) : ((1 - random) as 0 | 1)
    const started = process.hrtime.bigint()
    // oxlint-disable-next-line no-await-in-loop
    const { statusCode } = await app.inject(requests[which])
    const elapsed = Number(process.hrtime.bigint() - started)
    if (statusCode !== 401) throw new Error(`the request was answered with ${statusCode}`)
    log.length = 0
    if (run < 0) continue
    times[which][counts[which]++] = elapsed
  }
  return largestT(...times)
}
