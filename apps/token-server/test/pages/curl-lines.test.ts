import { expect, test } from 'vitest'
import { curlLines } from '../../src/pages/curl-lines.ts'
import { client, issuer, settingsFile, testServer } from '../support/server.ts'

test.each([
  { scopes: ['api1', 'api2'], token: '', identity: true },
  { scopes: ['other1', 'api1'], token: ' --data-urlencode scope=api1', identity: true },
  { scopes: ['api1', 'api3'], token: '', identity: true },
  { scopes: ['other1', 'third1'], token: ' --data-urlencode scope=other1', identity: false },
])('the lines for a client with $scopes ask for scopes of one resource', async (expected) => {
  const resources = [
    { audience: 'api', scopes: ['api1', 'api2'] },
    { audience: 'other', scopes: ['other1'] },
    { audience: 'third', scopes: ['third1'] },
    { audience: 'api', scopes: ['api3'] },
  ]
  const clients = [client({ scopes: expected.scopes })]
  const { settings, key } = await testServer({ file: settingsFile({ resources, clients }) })
  const lines = curlLines(settings, [key.signer().algorithm.name], issuer)
  expect(lines?.token).toBe(
    `curl -s https://id.example/connect/token -u client -d grant_type=client_credentials${expected.token}`,
  )
  expect(lines?.identity !== null).toBe(expected.identity)
})
