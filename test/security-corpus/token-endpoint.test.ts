import { expect, test } from 'vitest'
import { assertionType } from '../../apps/token-server/test/support/assertion.ts'
import {
  attackedServer,
  keys,
  lastReason,
  now,
  plantedSecrets,
  startTrap,
  type AttackedServer,
  type LightMyRequestResponse,
} from './attacked-server.ts'
import { expectedOutcomes, outcomesOf } from './corpus.ts'
import { clientAssertionFamilies, soundAssertion, type AssertionKit } from './families/client-assertions.ts'
import { tokenRequestFamilies, type TokenRequest } from './families/token-requests.ts'
import { secretsIn } from './secret-forms.ts'

const form = 'application/x-www-form-urlencoded'

/** The status of an answer with the error of RFC 6749 §5.2 and the reason in the log. */
function outcome({ log, answers }: AttackedServer, response: LightMyRequestResponse): string {
  const { statusCode } = response
  // An access token is what the client is to have.
  answers.push(JSON.stringify(response.headers), response.body.replace(/"access_token":"[^"]*"/, ''))
  expect(response.headers).toMatchObject({ 'cache-control': 'no-store', pragma: 'no-cache' })
  if (statusCode === 200) return '200'
  const { error, ...rest } = response.json<{ readonly error: string }>()
  expect(Object.keys(rest)).toEqual(['error_description'])
  expect(response.headers['www-authenticate'] !== undefined).toBe(statusCode === 401)
  return `${statusCode} ${error}: ${lastReason(log)}`
}

test.each(clientAssertionFamilies)('$title', async (family) => {
  const server = await attackedServer()
  const trap = await startTrap()
  const assertions: string[] = []
  const kit: AssertionKit = { now, audience: server.issuer, trap: trap.url, keys }
  const outcomes = await outcomesOf(family, async (make) => {
    const made = make(kit)
    const parameters = typeof made === 'string' ? { client_assertion: made } : made
    if (!('client_secret' in parameters)) assertions.push(parameters['client_assertion'] ?? '')
    return assert(server, parameters)
  })
  expect(outcomes).toEqual(expectedOutcomes(family))
  const secrets = [...plantedSecrets, ...assertions.filter((assertion) => assertion.length > 10)]
  expect(secretsIn([...server.log, ...server.answers], secrets)).toEqual([])
  expect(trap.requests).toEqual([])
})

test('an assertion is accepted once', async () => {
  const server = await attackedServer()
  const assertion = soundAssertion({ now, audience: server.issuer, trap: '', keys })
  const use = (): Promise<string> => assert(server, { client_assertion: assertion })
  expect([await use(), await use()]).toEqual(['200', '401 invalid_client: the assertion was used before'])
})

async function assert(server: AttackedServer, parameters: Readonly<Record<string, string>>): Promise<string> {
  const body = new URLSearchParams({
    grant_type: 'client_credentials',
    client_assertion_type: assertionType,
    ...parameters,
  })
  return outcome(server, await send(server, { authorization: null, body: body.toString() }))
}

test.each(tokenRequestFamilies)('$title', async (family) => {
  const server = await attackedServer()
  const outcomes = await outcomesOf(family, async (request) => outcome(server, await send(server, request)))
  expect(outcomes).toEqual(expectedOutcomes(family))
  expect(secretsIn([...server.log, ...server.answers], plantedSecrets)).toEqual([])
})

function send({ app }: AttackedServer, request: TokenRequest): Promise<LightMyRequestResponse> {
  const { authorization = 'Basic Y2xpZW50OnRoZSUyMHNlY3JldA==', body = 'grant_type=client_credentials' } =
    request
  return app.inject({
    method: request.method ?? 'POST',
    url: request.url ?? '/connect/token',
    headers: {
      'content-type': form,
      ...(authorization !== null && { authorization }),
      ...request.headers,
    },
    payload: Buffer.from(body),
  })
}
