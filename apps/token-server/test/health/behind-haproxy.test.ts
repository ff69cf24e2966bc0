import { startKeyVaultEmulator } from '@sealwright/keyvault-emulator'
import { lacks } from '@sealwright/test-kit/tools'
import { expect, test } from 'vitest'
import { startProxy } from '../support/haproxy.ts'
import { basic, listeningServer } from '../support/server.ts'
import { networkTo } from '../support/vaults.ts'

async function signing(origin: string): Promise<readonly unknown[]> {
  const ready = await fetch(`${origin}/health/ready`)
  return [ready.status, ((await ready.json()) as { signing: string }).signing]
}

test.skipIf(lacks('haproxy'))(
  'two servers whose vault is down stay behind HAProxy: the JWK Set is served, and tokens are refused [needs haproxy]',
  async () => {
    const emulator = await startKeyVaultEmulator({ timing: { issuance: 20 } })
    const { agent, cut } = networkTo(emulator)
    let passed = 0
    const log: string[] = []
    const server = (): ReturnType<typeof listeningServer> =>
      listeningServer({
        log,
        clock: () => new Date(Date.now() + passed),
        isIssuerKept: true,
        env: {
          SIGNING_KEY: `${emulator.vaultUrl('contoso')}/certificates/token-signing`,
          SIGNING_KEY_TYPE: 'ec-p256',
        },
        vault: { credential: emulator.credential(), agent, pollInterval: 20, settleTime: 0 },
      })
    const origins = [await server(), await server()].map(({ origin }) => origin)
    const front = await startProxy(origins, { check: '/health/ready' })
    const jwks = async (): Promise<number> =>
      (await fetch(`${front}/.well-known/openid-configuration/jwks`)).status
    const token = async (): Promise<number> => {
      const response = await fetch(`${front}/connect/token`, {
        method: 'POST',
        headers: { authorization: basic('client', 'the secret') },
        body: new URLSearchParams({ grant_type: 'client_credentials', scope: 'api1' }),
      })
      return response.status
    }
    expect([await jwks(), await token()]).toEqual([200, 200])
    cut(true)
    // The last signature is too old.
    passed = 6_000
    for (const origin of origins) await expect.poll(() => signing(origin)).toEqual([200, 'unavailable'])
    // HAProxy asks both of them. It would have no server left if they were not ready.
    const checks = (): number => log.filter((line) => line.includes('"path":"/health/ready"')).length
    const before = checks()
    await expect.poll(checks).toBeGreaterThan(before + 6)
    for (let request = 0; request < 4; request++) expect([await jwks(), await token()]).toEqual([200, 503])
    for (const origin of origins) expect((await fetch(`${origin}/health/signing`)).status).toBe(503)
    cut(false)
    await expect.poll(token).toBe(200)
  },
)
