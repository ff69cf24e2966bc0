import type { AuditLog } from '@sealwright/audit-log'
import type { FastifyRequest } from 'fastify'
import { expect, test } from 'vitest'
import { Activity } from '../../src/activity/activity.ts'
import { TokenAudit } from '../../src/audit/token-audit.ts'
import { createAccessTokens } from '../../src/oauth/access-tokens.ts'
import { grantScopes } from '../../src/oauth/scopes.ts'
import type { SignedBy } from '../../src/telemetry/telemetry.ts'
import { client, issuer, settingsFile, testServer } from '../support/server.ts'

test('the tokens of one audience and one lifetime have one issuer, which encodes what they share once', async () => {
  const clients = [
    client({ scopes: ['api1', 'api2', 'other1'] }),
    client({ clientId: 'short', accessTokenLifetime: 60 }),
  ]
  const { app, ring, settings } = await testServer({ file: settingsFile({ clients }) })
  const requests: FastifyRequest[] = []
  app.addHook('onRequest', async (request) => void requests.push(request))
  await app.inject('/health/live')

  const issuers: SignedBy[] = []
  const tokens = createAccessTokens(
    {
      ring,
      issuer: () => issuer,
      clock: () => new Date(),
      activity: new Activity(),
      audit: null,
      telemetry: {
        begin(jwts, request) {
          expect(request).toBe(requests[0])
          const run = (issue: () => Promise<string>): Promise<string> => {
            issuers.push(jwts)
            return issue()
          }
          return { run, succeeded: () => {}, failed: () => {} }
        },
        watch: () => {},
        close: () => Promise.resolve(),
      },
    },
    settings,
  )
  async function issuerOf(clientId: string, scope: string): Promise<SignedBy | undefined> {
    const [request] = requests
    const of = settings.clients.get(clientId)
    if (request === undefined || of === undefined) throw new Error('there is no request, or no client')
    await tokens.issue(of, grantScopes(of, settings.resources, scope), request)
    return issuers.pop()
  }
  const first = await issuerOf('client', 'api1')
  expect(first).toBeDefined()
  expect(await issuerOf('client', 'api2')).toBe(first)
  expect(await issuerOf('client', 'other1')).not.toBe(first)
  expect(await issuerOf('short', 'api1')).not.toBe(first)
  expect(await issuerOf('client', 'api1')).toBe(first)
})

test('the time of a signature does not include that of its line in the audit log', async () => {
  const { app, ring, settings } = await testServer()
  const requests: FastifyRequest[] = []
  app.addHook('onRequest', async (request) => void requests.push(request))
  await app.inject('/health/live')
  let now = 0
  const activity = new Activity(() => now)
  const auditLog: AuditLog = {
    stream: '',
    isWritable: true,
    assertWritable: () => {},
    record: async () => void (now += 900),
    close: () => Promise.resolve(),
  }
  const clock = (): Date => {
    now += 2
    return new Date()
  }
  const audit = new TokenAudit(auditLog)
  const parts = { ring, issuer: () => issuer, clock, activity, audit, telemetry: null }
  const of = settings.clients.get('client')
  const [request] = requests
  if (request === undefined || of === undefined) throw new Error('there is no request, or no client')
  await createAccessTokens(parts, settings).issue(of, grantScopes(of, settings.resources, 'api1'), request)
  const { issued, p50 } = activity.snapshot()
  expect(issued).toBe(1)
  expect(p50).toBeGreaterThan(1)
  expect(p50).toBeLessThan(100)
})
