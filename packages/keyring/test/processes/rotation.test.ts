import { isFull } from '@sealwright/test-kit/full'
import { setTimeout as sleep } from 'node:timers/promises'
import { secretCredential } from '@sealwright/test-kit/credentials'
import { CertificateClient } from '@azure/keyvault-certificates'
import { wellKnown, type RunningKeyVaultEmulator } from '@sealwright/keyvault-emulator'
import { decodeJwt, decodeProtectedHeader } from 'jose'
import { expect, test } from 'vitest'
import { bundledProgram } from '@sealwright/test-kit/programs'
import { startInstances, startVault } from '../support/instances.ts'
import { startFront, validators, type Validator } from '../support/validators.ts'

const program = bundledProgram(new URL('../support/instance.ts', import.meta.url))
const create = { keyType: 'ec-p256' } as const

/** What came of every request and every check. Nothing is left out: what is not validated is counted, by its reason. */
interface Tally {
  validated: number
  /** Valid tokens that a validator refused, with its reason. */
  readonly rejected: string[]
  /** Answers of the token endpoint other than 200: an instance that cannot read the vault for too long signs nothing. */
  unavailable: number
  /** Checks for which the machine was too late: the token had expired, by the clock that the validators go by. */
  expired: number
  /** Checks for which no instance served a JWK Set. */
  noJwks: number
}

/** Gets tokens and has every validator check each, at once and after `wait` milliseconds again, until told to stop. */
async function load(
  front: string,
  all: readonly Validator[],
  wait: number,
  {
    isOver,
    tally,
    kids,
  }: { readonly isOver: () => boolean; readonly tally: Tally; readonly kids: Set<string> },
): Promise<void> {
  while (!isOver()) {
    const answer = await fetch(`${front}/token`)
    const token = await answer.text()
    if (answer.status === 200) {
      kids.add(decodeProtectedHeader(token).kid ?? '')
      for (const validator of all) await check(validator, token, tally)
      await sleep(wait)
      for (const validator of all) await check(validator, token, tally)
    } else {
      tally.unavailable++
      await sleep(100)
    }
  }
}

const newTally = (): Tally => ({ validated: 0, rejected: [], unavailable: 0, expired: 0, noJwks: 0 })

// Times of minutes, so that a busy machine does not matter. The clocks of the instances are moved instead.
test('four instances under load while the vault renews the key: no token is rejected', async () => {
  const { emulator, config } = await startVault()
  const instances = await startInstances(program(), 4)
  const calm = { tokenLifetime: 300, jwksMaxAge: 60, maxSetAge: 600, rotationInterval: null }
  const message = { sources: [{ store: config, name: 'signing', create }], policy: calm }
  await Promise.all(instances.map((instance) => instance.open(message)))
  const front = await startFront(instances.map(({ origin }) => origin))
  const [tally, kids] = [newTally(), new Set<string>()]
  let isOver = false
  // The validators read the JWK Set each second, which is more often than they must.
  const all = validators(`${front}/jwks`, 1)
  const running = Array.from({ length: 4 }, () =>
    load(front, all, 200, { isOver: () => isOver, tally, kids }),
  )
  await renewInVault(emulator)
  await Promise.all(instances.map((instance) => instance.advance(0)))
  expect(kids.size).toBeLessThan(2)
  // What was served before the rotation is not kept any longer than this.
  await sleep(1_100)
  for (const instance of instances) await instance.advance(60 + 600 + 60)
  while (kids.size < 2) await sleep(100)
  isOver = true
  await Promise.all(running)
  expect(tally).toMatchObject({ rejected: [], expired: 0 })
  // An instance answers 503 between the moment at which its clock is moved and its next reading.
  expect(tally.unavailable + tally.noJwks, JSON.stringify(tally)).toBeLessThan(tally.validated / 2)
}, 120_000)

// As short as a rotation can be: announced for 10 s, published for 6 s after that.
const policy = {
  tokenLifetime: 4,
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
const duration = 600

test.skipIf(!isFull)(
  `four instances that rotate every few seconds for ${duration} s, and a vault that renews by itself: no token is rejected [needs SEALWRIGHT_FULL=1]`,
  async () => {
    const { emulator, config } = await startVault()
    const instances = await startInstances(program(), 4)
    const message = { sources: [{ store: config, name: 'signing', create }], policy }
    await Promise.all(instances.map((instance) => instance.open(message)))
    const front = await startFront(instances.map(({ origin }) => origin))
    const [tally, kids] = [newTally(), new Set<string>()]
    const end = Date.now() + duration * 1_000
    const all = validators(`${front}/jwks`, policy.jwksMaxAge)
    const isOver = (): boolean => Date.now() >= end
    const renewal = sleep((duration * 1_000) / 2).then(() => renewInVault(emulator))
    // The second check is in the second half of a token's life.
    const running = Array.from({ length: 8 }, () => load(front, all, 2_100, { isOver, tally, kids }))
    await Promise.all([...running, renewal])

    console.log(JSON.stringify({ ...tally, keys: kids.size }))
    expect(tally.rejected).toEqual([])
    expect(kids.size).toBeGreaterThan(duration / 20)
    // A token lives for four seconds, so a busy machine comes too late for some. That says nothing of the keys.
    expect(tally.unavailable + tally.noJwks, JSON.stringify(tally)).toBeLessThan(tally.validated / 100)
    expect(tally.expired, JSON.stringify(tally)).toBeLessThan(tally.validated / 4)
  },
  (duration + 120) * 1_000,
)

async function check(validator: Validator, token: string, tally: Tally): Promise<void> {
  try {
    await validator.validate(token)
    tally.validated++
  } catch (error) {
    const { exp = 0 } = decodeJwt(token)
    if (Date.now() >= exp * 1_000) tally.expired++
    else if (isWithoutJwks(error)) tally.noJwks++
    else tally.rejected.push(`${validator.name}: ${String(error)}`)
  }
}

/** What the libraries say when the URL of the JWK Set does not answer with one. */
function isWithoutJwks(error: unknown): boolean {
  return /Service Unavailable|Expected 200 OK|status code 503|timed out/.test(String(error))
}

/** What AutoRenew does: another version of the certificate, made in the vault by nobody of ours. */
async function renewInVault(emulator: RunningKeyVaultEmulator): Promise<void> {
  const credential = secretCredential(emulator, wellKnown)
  const client = new CertificateClient(emulator.vaultUrl('contoso'), credential, { agent: emulator.agent() })
  const { policy: its } = await client.getCertificate('signing')
  if (its === undefined) throw new Error('the certificate has no policy')
  // The vault refuses it with 409 while an instance of ours has it make a version.
  for (let attempt = 0; ; attempt++) {
    try {
      const poller = await client.beginCreateCertificate(
        'signing',
        { ...its, issuerName: 'Self', subject: 'CN=signing' },
        { intervalInMs: 100 },
      )
      await poller.pollUntilDone()
      return
    } catch (error) {
      if (attempt === 20 || !(error instanceof Error) || Reflect.get(error, 'statusCode') !== 409) throw error
      await sleep(100)
    }
  }
}
