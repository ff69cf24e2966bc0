import { createServer } from 'node:net'
import { SealwrightError } from '@sealwright/core'
import { lacksPython } from '@sealwright/test-kit/tools'
import { expect, test } from 'vitest'
import { parseScrape, scrape } from '../support/scrape.ts'
import { remoteKey } from '../support/remote-key.ts'
import { tokenRequest } from '../support/requests.ts'
import { testServer, type TestServerOptions } from '../support/server.ts'
import { startVaults } from '../support/vaults.ts'

const metricsOn = { METRICS_PORT: '0' }

async function requestToken(
  app: Awaited<ReturnType<typeof testServer>>['app'],
  secret = 'the secret',
): Promise<number> {
  const { statusCode } = await app.inject(tokenRequest({ secret }))
  return statusCode
}

test.skipIf(lacksPython('import prometheus_client', '/usr/bin/python3'))(
  'a scrape, read by the parser of Prometheus [needs python3-prometheus-client]',
  async () => {
    const vaults = await startVaults()
    const uri = `${vaults.urlOf('contoso')}/certificates/token-signing`
    const env = { ...metricsOn, SIGNING_KEY: uri, SIGNING_KEY_TYPE: 'ec-p256' }
    const { app, key, telemetryLog } = await testServer({ env, vault: vaults.options })
    const { keyId } = key
    const statuses = await Promise.all([requestToken(app), requestToken(app), requestToken(app, 'wrong')])
    expect(statuses).toEqual([200, 200, 401])
    await app.inject('/no/such/path')
    const families = parseScrape(await scrape(telemetryLog))

    // Each metric is there once, with a help text, and its unit in its name.
    const names = families.map(({ name }) => name)
    expect(new Set(names).size).toBe(names.length)
    expect(families.filter(({ help }) => help === '')).toEqual([])
    expect(names).toContain('process_memory_usage_bytes')

    function values(name: string, label: string): Record<string, number> {
      const samples = families.flatMap((family) => family.samples).filter((sample) => sample.name === name)
      return Object.fromEntries(samples.map(({ labels, value }) => [labels[label] ?? '', value]))
    }
    const [signed] = families.find(({ name }) => name === 'sealwright_signatures')?.samples ?? []
    expect(signed).toEqual({
      name: 'sealwright_signatures_total',
      value: 2,
      labels: {
        sealwright_key_id: keyId,
        sealwright_key_algorithm: 'ES256',
        sealwright_key_backend: 'azure-keyvault',
      },
    })
    expect(values('sealwright_signature_duration_seconds_count', 'sealwright_key_id')).toEqual({ [keyId]: 2 })

    const duration = families.find(({ name }) => name === 'http_server_request_duration_seconds')
    const counts = duration?.samples.filter(({ name }) => name.endsWith('_count')) ?? []
    expect(
      counts.map(({ labels, value }) =>
        [
          labels['http_request_method'],
          labels['http_route'] ?? 'none',
          labels['http_response_status_code'],
          value,
        ].join(' '),
      ),
    ).toEqual(['POST /connect/token 401 1', 'POST /connect/token 200 2', 'GET none 404 1'])

    const states = families.find(({ name }) => name === 'sealwright_keyring_keys')?.samples ?? []
    expect(states.filter(({ value }) => value === 1).map(({ labels }) => labels)).toEqual([
      { sealwright_key_id: keyId, sealwright_key_algorithm: 'ES256', sealwright_key_state: 'active' },
    ])
    expect(values('sealwright_vault_breaker_state', 'sealwright_vault_breaker_state')).toEqual({
      closed: 1,
      open: 0,
      'half-open': 0,
    })
    expect(values('sealwright_vault_quota_limit', 'sealwright_vault_quota_name')).toEqual({
      transactions: 4_000,
      creations: 20,
    })
    const signatures = families
      .find(({ name }) => name === 'sealwright_vault_calls')
      ?.samples.filter(({ labels }) => labels['sealwright_vault_operation'] === 'keys/sign')
    expect(signatures).toMatchObject([{ value: 2, labels: { server_address: new URL(uri).hostname } }])

    // Nothing that clients choose is a label.
    for (const chosen of ['/no/such/path', '"client"', 'api1']) {
      expect(JSON.stringify(families)).not.toContain(chosen)
    }
  },
)

async function local(options: TestServerOptions = {}): ReturnType<typeof testServer> {
  return testServer({ ...options, env: { ...metricsOn, ...options.env } })
}

test('metrics are on their own port, and off by default', async () => {
  const { app, telemetryLog } = await local()
  expect((await app.inject('/metrics')).statusCode).toBe(404)
  expect(await scrape(telemetryLog)).toContain('sealwright_keyring_ready 1')
  expect(await scrape(telemetryLog, '/', 404)).toBe('')
  expect(await scrape(telemetryLog, '/metrics', 405, 'POST')).toBe('')
  await app.close()
  await expect(scrape(telemetryLog)).rejects.toThrow('fetch failed')
  const off = await testServer()
  expect(off.telemetryLog.join('')).toBe('')
})

test('a signature that fails is counted with its code', async () => {
  const down = new SealwrightError('UNAVAILABLE', 'the key is away')
  const { app, telemetryLog } = await local({
    wrapKey: (key) => remoteKey(key, () => Promise.reject(down)),
  })
  expect(await requestToken(app)).toBe(503)
  const text = await scrape(telemetryLog)
  expect(text).toMatch(/^sealwright_signatures_total\{.*error_type="UNAVAILABLE"\} 1$/m)
  expect(text).toMatch(/^http_server_request_duration_seconds_count\{.*error_type="503".*\} 1$/m)
})

async function measuredOfRedis(log: readonly string[]): Promise<string[]> {
  return [...(await scrape(log)).matchAll(/^sealwright_redis_.*$/gm)].map(([line]) => line)
}

test('whether Redis can be used is measured where there is one', async () => {
  const redis = { isAvailable: true, failures: 0 }
  const { telemetryLog } = await local({ redis })
  expect(await measuredOfRedis(telemetryLog)).toEqual([
    'sealwright_redis_available 1',
    'sealwright_redis_failures_total 0',
  ])
  Object.assign(redis, { isAvailable: false, failures: 3 })
  expect(await measuredOfRedis(telemetryLog)).toEqual([
    'sealwright_redis_available 0',
    'sealwright_redis_failures_total 3',
  ])
  expect(await measuredOfRedis((await local()).telemetryLog)).toEqual([])
})

test('a port that is taken is an error that names the setting', async () => {
  const taken = createServer().listen(0, 'localhost')
  await new Promise((resolve) => taken.once('listening', resolve))
  const { port } = taken.address() as { port: number }
  await expect(testServer({ env: { METRICS_PORT: String(port) } })).rejects.toThrow(
    /cannot listen on localhost port \d+, see METRICS_HOST and METRICS_PORT/,
  )
  taken.close()
})
