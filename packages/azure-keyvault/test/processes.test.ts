import { fork } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { wellKnown, type RequestRecord } from '@sealwright/keyvault-emulator'
import { isFull } from '@sealwright/test-kit/full'
import { bundledProgram } from '@sealwright/test-kit/programs'
import { expect, onTestFinished, test } from 'vitest'
import type { SigningReport, SigningTask } from './support/signing-process.ts'
import { startVault } from './support/vault.ts'

const program = bundledProgram(new URL('support/signing-process.ts', import.meta.url))

/** A vault's whole quota for a minute, which takes a machine that does little else. */
const seconds = 60

/** The service's limit for EC keys in hardware: 2,000 in ten seconds. */
const perSecondOfAll = 200

/** The requests of each second that the vault signed, and those that it refused. */
function bySecond(log: readonly RequestRecord[]): readonly string[] {
  const start = log[0]?.at ?? 0
  const counts = Array.from({ length: seconds }, () => ({ signed: 0, refused: 0 }))
  for (const { at, outcome } of log) {
    const count = counts[Math.floor((at - start) / 1_000)]
    if (count !== undefined) count[outcome === 200 ? 'signed' : 'refused']++
  }
  return counts.map(({ signed, refused }) => (refused === 0 ? `${signed}` : `${signed}(${refused})`))
}

const percent = (part: number): string => `${(100 * part).toFixed(2)} %`

test.skipIf(!isFull).each([
  ['four processes that start together', [0, 0, 0, 0]],
  ['three processes, and a fourth that joins them', [0, 0, 0, seconds / 2]],
])(
  `%s share a vault for ${seconds} s, told nothing of each other [needs SEALWRIGHT_FULL=1]`,
  async (_, starts) => {
    const vault = await startVault({ throttle: true })
    // In hardware a signature costs twice as much of the quota. So two cores are enough for the vault and its callers.
    await vault.keys.createKey('signing', 'EC-HSM', { curve: 'P-256' })
    const { ca, authorityHost, tenantId } = vault.emulator
    const task: SigningTask = {
      vaultUrl: vault.url,
      ca,
      authorityHost,
      tenantId,
      clientId: wellKnown.clientId,
      clientSecret: wellKnown.clientSecret,
    }
    const children = await Promise.all(
      starts.map(async () => {
        const child = fork(program(), { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
        onTestFinished(() => void child.kill('SIGKILL'))
        child.send(task)
        // It is ready.
        await once(child, 'message')
        return child
      }),
    )
    // With the first second of one of the vault's windows, so that the figures are of whole ones.
    await sleep(10_000 - (Date.now() % 10_000))
    const begin = Date.now()
    const until = begin + seconds * 1_000
    vault.emulator.requests.clear()
    const cpuBefore = process.cpuUsage()
    const reports = await Promise.all(
      children.map(async (child, index) => {
        await sleep((starts[index] ?? 0) * 1_000)
        child.send(until)
        const [report] = (await once(child, 'message')) as [SigningReport]
        return report
      }),
    )
    const log = vault.emulator.requests.list('keys/sign')
    const outcomes = log.map(({ outcome }) => outcome)
    const refused = outcomes.filter((outcome) => outcome === 429).length / outcomes.length
    const shares = reports.map(({ signedAt }) => signedAt.filter((at) => at <= until).length)
    const used = shares.reduce((sum, each) => sum + each, 0) / (perSecondOfAll * seconds)
    const last = reports.at(-1)?.signedAt ?? []
    const joinedAt = begin + (starts.at(-1) ?? 0) * 1_000
    const perSecond = last.filter((at) => at > joinedAt && at <= joinedAt + 10_000).length / 10
    process.stdout.write(
      `${starts.join(', ')} s: ${percent(used)} of the quota, ${percent(refused)} of calls with a 429, ` +
        `shares ${shares.join(', ')}, the last one ${perSecond.toFixed(0)} a second in its first ten\n` +
        `  processor time ${reports.map(({ processorTime }) => processorTime.toFixed(0)).join(', ')} s, ` +
        `of the vault ${(process.cpuUsage(cpuBefore).user / 1e6).toFixed(0)} s; signed in each second (refused): ` +
        `${bySecond(log).join(' ')}\n`,
    )
    // Signatures that wait when the vault becomes full may pass their deadline. Nothing else fails.
    expect(reports.flatMap(({ failures }) => failures).filter((code) => code !== 'TIMEOUT')).toEqual([])
    expect(used).toBeGreaterThanOrEqual(0.95)
    expect(refused).toBeLessThanOrEqual(0.01)
    // Its share is a fourth.
    expect(perSecond).toBeGreaterThanOrEqual(0.8 * (perSecondOfAll / 4))
  },
  180_000,
)
