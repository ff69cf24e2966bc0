/** A program that signs in a vault as much as it may, started by processes.test.ts. */
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { isSealwrightError, type Signer } from '@sealwright/core'
import { secretCredential } from '@sealwright/test-kit/credentials'
import { emulatorAgent } from '@sealwright/test-kit/emulator-agent'
import { openKeyVault } from '../../src/index.ts'

/** How the vault is reached. */
export interface SigningTask {
  readonly vaultUrl: string
  readonly ca: string
  readonly authorityHost: string
  readonly tenantId: string
  readonly clientId: string
  readonly clientSecret: string
}

/** Every signature's time, in milliseconds since the epoch, and the codes of errors other than being refused a turn. */
export interface SigningReport {
  readonly signedAt: readonly number[]
  readonly failures: readonly string[]
  /** Of this process, in seconds. */
  readonly processorTime: number
}

if (process.send !== undefined) {
  const [task] = (await once(process, 'message')) as [SigningTask]
  const signer = await openSigner(task)
  process.send('ready')
  const [until] = (await once(process, 'message')) as [number]
  process.send(await signUntil(signer, until))
  process.disconnect()
}

async function openSigner(task: SigningTask): Promise<Signer> {
  const store = openKeyVault(task.vaultUrl, {
    collection: 'keys',
    // The emulator has one thread for all. Many handshakes at once would keep it busy for seconds, and a process that has
    // too little of the machine must not take that for a vault that is down.
    maxInFlight: 8,
    attemptTimeout: 3_000,
    agent: emulatorAgent(task.ca),
    credential: secretCredential(task, task),
  })
  const key = await store.get('signing')
  if (key === null) throw new Error('the key is not there')
  return key.signer()
}

/** @param until milliseconds since the epoch */
async function signUntil(signer: Signer, until: number): Promise<SigningReport> {
  const signedAt: number[] = []
  const failures: string[] = []
  async function work(): Promise<void> {
    while (Date.now() < until) {
      try {
        await signer.sign(Buffer.from('data'))
        signedAt.push(Date.now())
      } catch (error) {
        if (!isSealwrightError(error)) throw error
        if (error.code !== 'UNAVAILABLE') failures.push(error.code)
        // As the error asks.
        await sleep((error.retryAfter ?? 1) * 1_000 * (0.5 + Math.random()))
      }
    }
  }
  // More than may wait: there is always another that would sign.
  const before = process.cpuUsage()
  await Promise.all(Array.from({ length: 250 }, work))
  const { user, system } = process.cpuUsage(before)
  return { signedAt, failures, processorTime: (user + system) / 1e6 }
}
