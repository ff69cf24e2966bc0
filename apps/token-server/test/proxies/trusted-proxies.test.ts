import { readFileSync } from 'node:fs'
import { lacks } from '@sealwright/test-kit/tools'
import { expect, test } from 'vitest'
import { trustedProxies, trustedProxyProblem } from '../../src/proxies/trusted-proxies.ts'
import { runProxy } from '../support/haproxy.ts'
import { listeningServer, testServer } from '../support/server.ts'

test.each(['10.0.0.0/8', '192.0.2.1', '192.0.2.1/32', '2001:db8::/32', '::1', 'fd00::/8', '1.0.0.0/1'])(
  '%s may be trusted',
  (entry) => {
    expect(trustedProxyProblem(entry)).toBeNull()
  },
)

test.each([
  '',
  'proxy.example',
  '10.0.0.0/33',
  '10.0.0.0/',
  '10.0.0.0/-1',
  '10.0.0.0/8/8',
  '10.0/8',
  '::/129',
  'true',
  '*',
  '192.0.2.1:80',
])('%j is not an address or a range', (entry) => {
  expect(trustedProxyProblem(entry)).toMatch(/must be an IP address or a range/)
})

test.each(['0.0.0.0/0', '::/0'])('%s would let every client choose its address', (entry) => {
  expect(trustedProxyProblem(entry)).toMatch(/must not be a range of all addresses/)
})

const trusted = ['10.0.0.0/8', '192.0.2.7', 'fd00::/8']

test.each([
  ['10.255.0.1', true],
  ['::ffff:10.0.0.1', true],
  ['10.0.0.1:8080', true],
  ['fd12::1', true],
  ['192.0.2.7', true],
  ['192.0.2.8', false],
  ['11.0.0.1', false],
  ['fe00::1', false],
  ['unknown', false],
  ['', false],
])('%j is trusted: %s', (address, expected) => {
  expect(trustedProxies(trusted)(address)).toBe(expected)
})

test.each([
  ['of a direct client', '203.0.113.9', undefined, '203.0.113.9'],
  ['that a client without a proxy makes up', '203.0.113.9', '198.51.100.1', '203.0.113.9'],
  ['of a client behind a proxy', '10.0.0.1', '203.0.113.9', '203.0.113.9'],
  ['of a client behind two proxies', '10.0.0.1', '203.0.113.9, 192.0.2.7', '203.0.113.9'],
  ['after one that the client makes up', '10.0.0.1', '198.51.100.1, 203.0.113.9', '203.0.113.9'],
  [
    'after one of a trusted proxy that the client makes up',
    '10.0.0.1',
    '10.0.0.2, 203.0.113.9',
    '203.0.113.9',
  ],
  ['behind a proxy that appends the port', '10.0.0.1', '203.0.113.9:50123', '203.0.113.9'],
  ['behind two proxies that append ports', '10.0.0.1', '203.0.113.9:50123, 10.0.0.2:8080', '203.0.113.9'],
  ['of a client with IPv6', '::ffff:10.0.0.1', '[2001:DB8::1]:443', '2001:db8::1'],
  ['of the proxy itself', '10.0.0.1', undefined, '10.0.0.1'],
  ['of a proxy that does not know', '10.0.0.1', 'unknown', '10.0.0.1'],
])('the log has the address %s', async (_, remoteAddress, forwardedFor, expected) => {
  const log: string[] = []
  const { app } = await testServer({ log, env: { TRUSTED_PROXIES: trusted.join() } })
  await app.inject({
    url: '/health/live',
    remoteAddress,
    headers: forwardedFor === undefined ? {} : { 'x-forwarded-for': forwardedFor },
  })
  expect(log.map((line) => JSON.parse(line) as unknown)).toContainEqual(
    expect.objectContaining({
      msg: 'answered',
      req: { method: 'GET', path: '/health/live', address: expected },
    }),
  )
})

test('without trusted proxies no header counts', async () => {
  const log: string[] = []
  const { app } = await testServer({ log })
  await app.inject({
    url: '/health/live',
    headers: { 'x-forwarded-for': '203.0.113.9', forwarded: 'for=203.0.113.9' },
  })
  expect(log.join('')).toContain('"address":"127.0.0.1"')
})

test('the page takes the name of a host from a trusted proxy only', async () => {
  const { app } = await testServer({ env: { WELCOME_PAGE: 'true', TRUSTED_PROXIES: trusted.join() } })
  const status = async (remoteAddress: string): Promise<number> => {
    const headers = { host: 'evil.example', 'x-forwarded-host': 'id.example', 'x-forwarded-proto': 'https' }
    return (await app.inject({ url: '/', remoteAddress, headers })).statusCode
  }
  expect(await status('10.0.0.1')).toBe(200)
  expect(await status('203.0.113.9')).toBe(421)
})

test.skipIf(lacks('haproxy'))(
  'behind the HAProxy of deploy/compose a client does not choose its address [needs haproxy]',
  async () => {
    const log: string[] = []
    const { origin } = await listeningServer({ log, env: { TRUSTED_PROXIES: '127.0.0.0/8' } })
    const text = readFileSync(new URL('../../../../deploy/compose/haproxy.cfg', import.meta.url), 'utf8')
    // Without the names of containers.
    const [before = ''] = text.replaceAll(/ resolvers docker .*$/gm, '').split(/^resolvers /m)
    const front = await runProxy((port) =>
      before
        .replace('bind :8080', `bind 127.0.0.1:${port}`)
        .replaceAll(/token-server-\d:8080/g, new URL(origin).host)
        .split('\n'),
    )
    const headers = { 'x-forwarded-for': '203.0.113.9', 'x-forwarded-host': 'evil.example' }
    expect((await fetch(`${front}/chosen`, { headers })).status).toBe(404)
    const answered = log.map((line) => JSON.parse(line) as { req?: { path: string; address: string } })
    expect(answered.find(({ req }) => req?.path === '/chosen')?.req?.address).toBe('127.0.0.1')
  },
)
