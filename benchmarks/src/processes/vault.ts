// A process of its own: a Key Vault that answers after 30 ms and enforces the service's limits. It says how to reach it,
// begins a new window of its quota when told to, and counts the signatures it was asked for.
import { startKeyVaultEmulator } from '@sealwright/keyvault-emulator'

/** The first message of the process. */
export interface VaultAddress {
  readonly port: number
  readonly ca: string
  readonly authorityHost: string
  readonly tenantId: string
}

/** What it answers to `window`, which begins a new one, and to the name of a vault. */
export interface SignatureCount {
  readonly signed: number
  /** Answered with 429. */
  readonly refused: number
}

/** Milliseconds for which the service counts. */
const window = 10_000

// Windows begin at full ten seconds: its clock is put forward to the next of them.
let ahead = 0
const now = (): number => Date.now() + ahead

const emulator = await startKeyVaultEmulator({ latency: 30, throttle: true, now })
const { port, ca, authorityHost, tenantId } = emulator
const counts = new Map<string, SignatureCount>()
process.on('message', (asked: string) => {
  if (asked === 'window') ahead += window - (now() % window)
  count()
  send(counts.get(asked) ?? { signed: 0, refused: 0 })
})
// The emulator keeps the last 100,000 requests: a client that retries at once makes them in a minute.
setInterval(count, 1000)
process.on('disconnect', () => process.exit())
send({ port, ca, authorityHost, tenantId })

function send(message: VaultAddress | SignatureCount): void {
  process.send?.(message)
}

function count(): void {
  for (const { vault, outcome } of emulator.requests.list('keys/sign')) {
    const { signed, refused } = counts.get(vault ?? '') ?? { signed: 0, refused: 0 }
    counts.set(vault ?? '', {
      signed: signed + Number(outcome === 200),
      refused: refused + Number(outcome === 429),
    })
  }
  emulator.requests.clear()
}
