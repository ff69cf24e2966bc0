import { expect, test } from 'vitest'
import { commonResource } from '../../src/oauth/scopes.ts'
import type { Resource } from '../../src/settings/settings.ts'

const resource = (
  audience: Resource['audience'],
  scope: string,
  signingAlgorithm: string | null = null,
): Resource => ({ audience, scopes: [scope], signingAlgorithm })

const api = resource('api', 'api1')

test.each([
  { name: 'the resource of its scope', resources: [api], found: api },
  { name: 'none without a resource with its scopes', resources: [resource('api', 'api3')], found: null },
  { name: 'none for two audiences', resources: [api, resource('other', 'api2')], found: null },
  {
    name: 'the first of one API that is listed twice',
    resources: [api, resource('api', 'api2')],
    found: api,
  },
  { name: 'none for two algorithms', resources: [api, resource('api', 'api2', 'ES256')], found: null },
])('a token for two scopes has $name', ({ resources, found }) => {
  expect(commonResource(['api1', 'api2'], resources)).toBe(found)
})
