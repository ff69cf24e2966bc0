import { createHash } from 'node:crypto'
import { openFolderStore } from '@sealwright/local-store'
import { scratchFolder } from '@sealwright/test-kit/folders'
import type { FastifyInstance } from 'fastify'
import { expect, test } from 'vitest'
import { markup, Html } from '../../src/pages/html.ts'
import { fromNow } from '../../src/pages/times.ts'
import { client, settingsFile, testServer } from '../support/server.ts'
import { startVaults } from '../support/vaults.ts'

/** The page is off where the issuer is on the network, as it is here. */
const env = { WELCOME_PAGE: 'true' }

async function post(
  app: FastifyInstance,
  fields: Readonly<Record<string, string>>,
  headers: Readonly<Record<string, string>> = {},
): Promise<{ readonly statusCode: number; readonly body: string }> {
  return app.inject({
    method: 'POST',
    url: '/',
    headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
    payload: new URLSearchParams(fields).toString(),
  })
}

const goodClient = { client_id: 'client', client_secret: 'the secret' }

/** The token in a page, from the form that uses it. */
function tokenOf(body: string): string {
  const [, token = ''] = /name="token" value="([^"]+)"/.exec(body) ?? []
  return token
}

test('says which key is loaded, where from, and what it is used for', async () => {
  const { app, key } = await testServer({ env })
  const response = await app.inject('/')
  expect(response.headers['content-type']).toBe('text/html; charset=utf-8')
  const [certificate] = key.certificates
  for (const text of [
    key.location,
    key.keyId,
    'CN=token-signing',
    certificate?.fingerprint.replaceAll(':', ''),
    certificate?.fingerprint256.replaceAll(':', ''),
    'ES256 (EC, P-256)',
    'days left)',
    'in the memory of this process',
    'ready to sign',
    '>active</span>',
    'It signs, and stops in ',
    'https://id.example/.well-known/openid-configuration/jwks',
    'https://id.example/.well-known/oauth-authorization-server',
  ]) {
    expect(response.body).toContain(text)
  }
  expect(response.body).toMatch(/The keys were read \d s ago\./)
})

test.each([
  { name: 'an issuer on the network', file: settingsFile(), more: {} },
  {
    name: 'an address that other machines reach',
    file: settingsFile({ issuer: undefined }),
    more: { HOST: '0.0.0.0' },
  },
  {
    name: 'NODE_ENV=production',
    file: settingsFile({ issuer: undefined }),
    more: { NODE_ENV: 'production' },
  },
  { name: 'WELCOME_PAGE=false', file: settingsFile({ issuer: undefined }), more: { WELCOME_PAGE: 'false' } },
])('is off with $name, and mints nothing', async ({ file, more }) => {
  const { app } = await testServer({ file, env: more })
  expect((await app.inject('/')).statusCode).toBe(404)
  expect((await app.inject('/activity')).statusCode).toBe(404)
  expect((await post(app, { ...goodClient, action: 'issue' })).statusCode).toBe(404)
})

test.each([{ HOST: '127.0.0.1' }, { ISSUER: 'http://localhost:9000/id' }, { HOST: '::1', NODE_ENV: 'test' }])(
  'is on for a developer: %o',
  async (more) => {
    const { app } = await testServer({ file: settingsFile({ issuer: undefined }), env: more })
    expect((await app.inject('ISSUER' in more ? '/id' : '/')).statusCode).toBe(200)
  },
)

test('the life of a token: issued to a client, accepted, and refused when it was changed', async () => {
  const now = new Date(Math.floor(Date.now() / 1_000) * 1_000)
  const { app } = await testServer({ env, clock: () => now })
  const issued = await post(app, { ...goodClient, scope: 'api1', action: 'issue' })
  expect(issued.body).toContain('200 OK')
  const token = tokenOf(issued.body)
  expect(token.split('.')).toHaveLength(3)
  for (const text of [
    'at+jwt',
    'issued now: ',
    'expires in 10 minutes: ',
    'https://id.example',
    '64 bytes',
  ]) {
    expect(issued.body).toContain(text)
  }
  const accepted = await post(app, { token, action: 'call' })
  expect(accepted.body).toContain('The API verified the token and accepts it.')
  for (const action of ['subject', 'signature', 'none']) {
    const refused = await post(app, { token, action })
    expect(refused.body).toContain('the API refuses the token.')
    expect(refused.body).toContain('401 Unauthorized')
    expect(refused.body).toContain('WWW-Authenticate: Bearer')
  }
})

test.each([1e300, -1e300, 8.64e12 + 1, Number.MAX_VALUE])(
  'a token whose time is %d, which no calendar has, is shown and refused',
  async (time) => {
    const { app } = await testServer({ env })
    const [header, claims] = [{ alg: 'none' }, { exp: time, nbf: time, iat: time }].map((part) =>
      Buffer.from(JSON.stringify(part)).toString('base64url'),
    )
    const response = await post(app, { token: `${header}.${claims}.AAAA`, action: 'call' })
    expect(response.statusCode).toBe(200)
    expect(response.body).toContain('The API refuses the token.')
  },
)

test('a wrong secret gets no token, and no secret is ever in the page', async () => {
  const { app } = await testServer({ env })
  const refused = await post(app, { ...goodClient, client_secret: 'not the secret', action: 'issue' })
  expect(refused.body).toContain('401 Unauthorized')
  expect(refused.body).toContain('invalid_client')
  expect(tokenOf(refused.body)).toBe('')
  const issued = await post(app, { ...goodClient, action: 'issue' })
  for (const { body } of [refused, issued, await app.inject('/')]) {
    expect(body).not.toContain('the secret')
    expect(body).not.toContain('sample-secret')
  }
})

test.each([
  { name: 'nothing', fields: {} },
  { name: 'an unknown action', fields: { action: 'toString', token: 'a.b.c' } },
  { name: 'an invalid token', fields: { action: 'call', token: 'eyJ.eyJ.x' } },
  { name: 'a client and no secret', fields: { action: 'issue', client_id: 'client' } },
])('a form with $name gets the page and no token', async ({ fields }) => {
  const { app } = await testServer({ env })
  const response = await post(app, fields)
  expect(response.statusCode).toBe(200)
  expect(tokenOf(response.body)).toBe('')
})

test('forms of other sites and other bodies are refused', async () => {
  const { app } = await testServer({ env })
  const issue = { ...goodClient, action: 'issue' }
  for (const site of ['cross-site', 'same-site', 'none']) {
    expect((await post(app, issue, { 'sec-fetch-site': site })).statusCode).toBe(403)
  }
  expect((await post(app, issue, { 'sec-fetch-site': 'same-origin' })).statusCode).toBe(200)
  expect((await post(app, issue, { 'content-type': 'text/plain' })).statusCode).toBe(415)
  const twice = await app.inject({
    method: 'POST',
    url: '/',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    payload: 'action=issue&action=call',
  })
  expect(twice.statusCode).toBe(400)
})

test('a request for another host is refused, as the page of another site could make it', async () => {
  const { app } = await testServer({ env })
  const status = async (host: string): Promise<number> =>
    (await app.inject({ url: '/', headers: { host } })).statusCode
  expect(await status('evil.example')).toBe(421)
  expect(await status('evil.example:5001')).toBe(421)
  for (const host of ['localhost:5001', '127.0.0.1', '[::1]:5001', 'id.example']) {
    expect(await status(host)).toBe(200)
  }
})

test('what the form asks for is logged with the address and the id of the visitor', async () => {
  const log: string[] = []
  const { app } = await testServer({ env, log })
  await app.inject({
    method: 'POST',
    url: '/',
    remoteAddress: '192.0.2.7',
    headers: { 'content-type': 'application/x-www-form-urlencoded', 'x-request-id': 'visit-1' },
    payload: 'action=issue&client_id=client&client_secret=wrong',
  })
  const refused = log.filter((line) => line.includes('token request refused'))
  expect(refused).toHaveLength(1)
  expect(refused[0]).toContain('visit-1')
  const answered = log.find((line) => line.includes('/connect/token'))
  expect(answered).toContain('visit-1')
  expect(answered).toContain('192.0.2.7')
})

test('while the keys are too old the API refuses nothing: it cannot verify', async () => {
  let passed = 0
  const clock = (): Date => new Date(Date.now() + passed)
  const ringClock = { now: () => Date.now() + passed, elapsed: () => passed }
  const { app } = await testServer({ env, clock, ringClock })
  const token = tokenOf((await post(app, { ...goodClient, action: 'issue' })).body)
  passed = 90_000_000
  const { body } = await post(app, { token, action: 'subject' })
  expect(body).toContain('The API could not verify the token.')
  expect(body).not.toContain('the API refuses the token.')
  expect(body).toContain('cannot sign')
})

test('a rotation: which key is announced, active and retiring, and when that changes', async () => {
  const folder = scratchFolder()
  const store = await openFolderStore(folder)
  await store.create('other', { keyType: 'ec-p256' })
  let passed = 0
  const clock = (): Date => new Date(Date.now() + passed)
  const ringClock = { now: () => Date.now() + passed, elapsed: () => passed }
  const { app, ring } = await testServer({
    env,
    clock,
    ringClock,
    file: settingsFile({
      additionalSigningKeys: [{ uri: `store:${folder}?name=other`, signs: false }],
    }),
  })
  await ring.rotate()
  const announced = (await app.inject('/')).body
  expect(announced).toMatch(/>active<[^]*It signs, and stops in \d+ hours/)
  expect(announced).toMatch(/>announced<[^]*It starts to sign in \d+ hours/)
  expect(announced).toMatch(/It does not sign\. It leaves the JWK Set in \d+ days/)
  expect(announced.match(/<rect class="announced"/g)).toHaveLength(1)
  expect(announced.match(/<rect class="active"/g)).toHaveLength(2)
  expect(announced.match(/<rect class="retiring"/g)).toHaveLength(2)
  passed += (ring.policy.announcement + 60) * 1_000
  await ring.refresh()
  const retiring = (await app.inject('/')).body
  expect(retiring).toMatch(/>retiring<[^]*It no longer signs\. It leaves the JWK Set in \d+ /)
  expect(retiring).not.toContain('>announced<')
})

test('shows what the server has done', async () => {
  const { app } = await testServer({ env })
  await post(app, { ...goodClient, action: 'issue' })
  await post(app, { ...goodClient, client_secret: 'wrong', action: 'issue' })
  const { body } = await app.inject('/activity')
  expect(body).toMatch(/<dt>Tokens issued<\/dt><dd>1<\/dd>/)
  expect(body).toMatch(/<dt>Refused<\/dt><dd>1<\/dd>/)
  expect(body).toMatch(/<dt>Signature, p50<\/dt><dd>[\d.]+ ms<\/dd>/)
  expect(body).toContain('<rect ')
})

test('an expired certificate is loud, and the page is there all the same', async () => {
  let now = new Date()
  const { app } = await testServer({ env, clock: () => now })
  now = new Date('2100-01-01')
  const { body } = await app.inject('/')
  expect(body).toContain('The certificate of the signing key has expired.')
  expect(body).toMatch(/class="badge bad">\d{4}-\d\d-\d\d \(expired\)/)
  expect(body).not.toContain('No problems found')
})

test('its policy admits the style and the script it has, and nothing else', async () => {
  const response = await (await testServer({ env })).app.inject('/')
  expect(response.body).not.toMatch(
    /<(?:img|iframe|object)|\son\w+=|\sstyle=|url\(|https?:\/\/(?!id\.example)/i,
  )
  const hash = (element: string): string => {
    const [, text = ''] = new RegExp(`<${element}>([^]*)</${element}>`).exec(response.body) ?? []
    return `'sha256-${createHash('sha256').update(text).digest('base64')}'`
  }
  expect(response.headers['content-security-policy']).toBe(
    `default-src 'none'; style-src ${hash('style')}; script-src ${hash('script')}; connect-src 'self'; ` +
      `img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'`,
  )
})

test('what settings and visitors send is text and never markup', async () => {
  const clients = [client({ clientId: `<script>alert("1")</script>&'` })]
  const { app } = await testServer({ file: settingsFile({ clients }), env })
  const evil = { client_id: '"><img src=x>', scope: '"><img src=x>', client_secret: 'x', action: 'issue' }
  for (const { body } of [await app.inject('/'), await post(app, evil)]) {
    expect(body.match(/<script/g)).toHaveLength(1)
    expect(body).not.toContain('<img')
  }
})

test('markup escapes all but markup', () => {
  const text = `<a href="x" title='y'>&</a>`
  expect(markup`<p title="${text}">${text}</p>`.text).not.toMatch(/<a|<\/a|"x"|'y'/)
  expect(markup`${[new Html('<b>'), new Html('</b>')]}${null}${markup`<i>${'<'}</i>`}`.text).toBe(
    '<b></b><i>&lt;</i>',
  )
})

test.each([
  [0, 'now'],
  [1, 'in 1 second'],
  [-90, '90 seconds ago'],
  [3_600, 'in 60 minutes'],
  [7_200, 'in 2 hours'],
  [-86_400, '24 hours ago'],
  [86_400 * 730, 'in 730 days'],
])('%d seconds from now is %j', (seconds, words) => {
  const now = new Date(1_800_000_000_000)
  expect(fromNow(new Date(now.getTime() + seconds * 1_000), now)).toBe(words)
})

test('for a key in a vault the page shows the quota and the circuit breaker, with the reason of an outage', async () => {
  const vaults = await startVaults({
    deadline: 300,
    attemptTimeout: 300,
    circuitBreaker: { failures: 2, failingFor: 0 },
  })
  const uri = `${vaults.urlOf('contoso')}/certificates/token-signing`
  const { app, key } = await testServer({
    env: { ...env, SIGNING_KEY: uri, SIGNING_KEY_TYPE: 'ec-p256', SIGNING_KEY_QUOTA: '2000' },
    vault: vaults.options,
  })
  const figures = async (): Promise<string> => {
    const { body } = await app.inject('/activity')
    return body.replaceAll(/<[^>]+>/g, ' ').replaceAll(/\s+/g, ' ')
  }
  expect(await figures()).toMatch(
    /contoso\.vault\.azure\.net Circuit breaker closed Quota used in 10 s \d+ of 2000 Waiting 0 Throttled \(429\) 0 Retried 0/,
  )
  vaults.cut(true)
  for (let time = 0; time < 2; time++) {
    // eslint-disable-next-line no-await-in-loop -- in a row
    await expect(key.signer().sign(Buffer.from('data'))).rejects.toMatchObject({ name: 'SealwrightError' })
  }
  expect(await figures()).toMatch(/The circuit breaker is open: .*contoso.* Circuit breaker open /)
})
