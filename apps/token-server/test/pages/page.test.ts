import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { markup, Html } from '../../src/pages/html.ts'
import { client, settingsFile, testServer } from '../support/server.ts'

test('says which key is loaded and from where', async () => {
  const { app, key } = await testServer()
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
    'https://id.example/.well-known/openid-configuration/jwks',
    'https://id.example/.well-known/oauth-authorization-server',
  ]) {
    expect(response.body).toContain(text)
  }
})

test('loads and runs nothing, and its policy admits the style it has', async () => {
  const response = await (await testServer()).app.inject('/')
  expect(response.body).not.toMatch(/<(?:script|link|img|iframe)|\son\w+=|url\(/i)
  const [, style = ''] = /<style>([^]*)<\/style>/.exec(response.body) ?? []
  const hash = createHash('sha256').update(style).digest('base64')
  expect(response.headers['content-security-policy']).toBe(
    `default-src 'none'; style-src 'sha256-${hash}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
  )
})

test('what settings hold is text and never markup', async () => {
  const clients = [client({ clientId: `<script>alert("1")</script>&'` })]
  const { app } = await testServer({ file: settingsFile({ clients }) })
  const { body } = await app.inject('/')
  expect(body).toContain('%3Cscript%3E')
  expect(body).not.toContain('<script')
})

test('markup escapes all but markup', () => {
  const text = `<a href="x" title='y'>&</a>`
  expect(markup`<p title="${text}">${text}</p>`.text).not.toMatch(/<a|<\/a|"x"|'y'/)
  expect(markup`${[new Html('<b>'), new Html('</b>')]}${null}${markup`<i>${'<'}</i>`}`.text).toBe(
    '<b></b><i>&lt;</i>',
  )
})
