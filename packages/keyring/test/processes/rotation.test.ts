import { isFull } from '@sealwright/test-kit/full'
import { setTimeout as sleep } from 'node:timers/promises'
import { secretCredential } from '@sealwright/test-kit/credentials'
import { CertificateClient } from '@azure/keyvault-certificates'
import { wellKnown, type RunningKeyVaultEmulator } from '@sealwright/keyvault-emulator'
import { decodeJwt, decodeProtectedHeader } from 'jose'
import { expect, test } from 'vitest'
import { bundledProgram } from '@sealwright/test-kit/programs'
import { startInstances, startVault } from '../support/instances.ts'
import { startFront, validators } from '../support/validators.ts'

const duration = isFull ? 600 : 20
const program = bundledProgram(new URL('../support/instance.ts', import.meta.url))

// As short as a rotation can be: announced for 10 s, published for 4 s after that.
const policy = {
  tokenLifetime: 2,
  jwksMaxAge: 1,
  clockSkew: 1,
  validatorLeeway: 0,
  refreshInterval: 1,
  refreshTimeout: 4,
  // The vault gives times in whole seconds, and finishes a certificate a little later.
  listingDelay: 3,
  maxSetAge: 8,
  rotationInterval: 5,
}

test(
  `four instances that rotate every few seconds for ${duration} s, and a vault that renews by itself: no token is rejected`,
  async () => {
    const { emulator, config } = await startVault()
    const instances = await startInstances(program(), 4)
    const source = { store: config, name: 'signing', create: { keyType: 'ec-p256' } } as const
    await Promise.all(instances.map((instance) => instance.open({ sources: [source], policy })))
    const front = await startFront(instances.map(({ origin }) => origin))
    const all = validators(`${front}/jwks`, policy.jwksMaxAge)
    const [kids, rejects]: [Set<string>, string[]] = [new Set(), []]
    let validated = 0

    const load = async (end: number): Promise<void> => {
      while (Date.now() < end) {
        const answer = await fetch(`${front}/token`)
        if (answer.status !== 200) continue
        const token = await answer.text()
        kids.add(decodeProtectedHeader(token).kid ?? '')
        // At once, and again just before it expires.
        for (const wait of [0, 900]) {
          await sleep(wait)
          for (const validator of all) {
            try {
              await validator.validate(token)
              validated++
            } catch (error) {
              if (isRejected(token, error)) rejects.push(`${validator.name}: ${String(error)}`)
            }
          }
        }
      }
    }
    const end = Date.now() + duration * 1_000
    const renewal = sleep((duration * 1_000) / 2).then(() => renewInVault(emulator))
    await Promise.all([...Array.from({ length: 8 }, () => load(end)), renewal])

    expect(rejects).toEqual([])
    expect(kids.size).toBeGreaterThan(1)
    expect(validated).toBeGreaterThan(duration * 10)
  },
  (duration + 120) * 1_000,
)

/**
 * Whether a valid token was refused. A machine under load may be late: what has expired meanwhile may be refused, its key may
 * have left the JWK Set, and instances that could not read the vault for too long serve none, so validators have to wait.
 */
function isRejected(token: string, error: unknown): boolean {
  const { exp = 0 } = decodeJwt(token)
  if (Date.now() >= exp * 1_000) return false
  return !/Service Unavailable|Expected 200 OK|timed out|back off period|fetch failed/.test(String(error))
}

/** What AutoRenew does: another version of the certificate, made in the vault by nobody of ours. */
async function renewInVault(emulator: RunningKeyVaultEmulator): Promise<void> {
  const credential = secretCredential(emulator, wellKnown)
  const client = new CertificateClient(emulator.vaultUrl('contoso'), credential, { agent: emulator.agent() })
  const { policy: its } = await client.getCertificate('signing')
  if (its === undefined) throw new Error('the certificate has no policy')
  const poller = await client.beginCreateCertificate(
    'signing',
    { ...its, issuerName: 'Self', subject: 'CN=signing' },
    { intervalInMs: 100 },
  )
  await poller.pollUntilDone()
}
