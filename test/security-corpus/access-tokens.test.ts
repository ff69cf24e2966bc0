import { expect, test } from 'vitest'
import { attackedServer, keys, lastReason, now, plantedSecrets, startTrap } from './attacked-server.ts'
import { expectedOutcomes, outcomesOf } from './corpus.ts'
import { accessTokenFamilies, type TokenKit } from './families/access-tokens.ts'
import { secretsIn } from './secret-forms.ts'

test.each(accessTokenFamilies)('$title', async (family) => {
  const server = await attackedServer()
  const trap = await startTrap()
  const kit: TokenKit = { now, issuer: server.issuer, trap: trap.url, keyId: server.key.keyId, keys }
  const tokens: string[] = []
  const outcomes = await outcomesOf(family, async (make) => {
    const authorization = make(kit)
    tokens.push(/[\w-]{20,}\.[\w-]+\.[\w-]*/.exec(authorization ?? '')?.[0] ?? '')
    const response = await server.app.inject({
      url: '/api/identity',
      headers: { ...(authorization !== undefined && { authorization }) },
    })
    const { statusCode, headers } = response
    server.answers.push(JSON.stringify(headers), response.body)
    expect(headers['cache-control']).toBe('no-store')
    if (statusCode === 200) return '200'
    const { error = 'none' } = response.json<{ readonly error?: string }>()
    // RFC 6750 §3.1: a request without a token is told no error.
    expect(String(headers['www-authenticate']).includes(`error="${error}"`)).toBe(error !== 'none')
    return `${statusCode} ${error}: ${lastReason(server.log)}`
  })
  expect(outcomes).toEqual(expectedOutcomes(family))
  const secrets = [...plantedSecrets, ...tokens.filter((token) => token !== '')]
  expect(secretsIn([...server.log, ...server.answers], secrets)).toEqual([])
  expect(trap.requests).toEqual([])
})
