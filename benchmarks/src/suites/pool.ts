import { createLocalSigner } from '@sealwright/core'
import { createJwtIssuer, createSigner, type ManagedSigner, type SigningMode } from '@sealwright/jws'
import { subject, type Subject } from '../load/keys.ts'
import { LoopDelay } from '../measuring/loop-delay.ts'
import { concurrently, repeat } from '../measuring/loops.ts'
import { measure, type Contestant, type Plan, type Row } from '../measuring/measure.ts'
import { OwnProcessorTime } from '../measuring/processor-time.ts'
import { startRawThreads, type RawThreads } from '../load/raw-threads.ts'
import { quantile } from '../measuring/statistics.ts'
import type { Suite, SuiteContext } from '../suite.ts'
import { assertToken, audience, claims, issuer, peers, type TokenMaker } from '../load/tokens.ts'

/** Many tokens asked for at once. */
export const pool: Suite = {
  name: 'pool',
  title: 'Many tokens at once',
  async run({ plan, isFull, progress }: SuiteContext): Promise<Row[]> {
    const rows: Row[] = []
    for (const [label, inFlight, onlyFull] of loads) {
      if (onlyFull && !isFull) continue
      progress(`${label}, ${inFlight} in flight`)
      rows.push(...(await measureLoad(subject(label), inFlight, longer(plan, label))))
    }
    return rows
  },
}

const loads: readonly (readonly [label: string, inFlight: number, onlyFull: boolean])[] = [
  ['ES256', 1, false],
  ['RS256', 1, false],
  ['ES256', 64, false],
  ['ES256', 1024, false],
  ['Ed25519', 64, false],
  ['Ed25519', 1024, false],
  ['RS256', 64, false],
  ['RS256', 1024, true],
  ['PS256', 64, true],
  ['RS256, 4096 bits', 64, false],
]

/** Turns in which all that is in flight is done several times, and the event loop's delay seen often enough. */
function longer({ rounds, turns }: Plan, label: string): Plan {
  const turn = label.startsWith('E') ? 60 : 100
  return { rounds, turns: Math.ceil(turns / 10), turn }
}

async function measureLoad(of: Subject, inFlight: number, plan: Plan): Promise<Row[]> {
  const modes: readonly SigningMode[] =
    inFlight === 1 ? ['auto', 'inline', 'libuv', 'pool'] : ['auto', 'libuv', 'pool']
  const signers = modes.map((mode) => createSigner(of.privateKey, { algorithm: of.algorithm, mode }))
  const { keyId, publicKey } = createLocalSigner(of.privateKey)
  const makers = [
    ...signers.map((signer) => ownMaker(signer)),
    ...(await peers(of, keyId))
      // Contestants that sign one after the other need a second for a thousand in flight anyway.
      .filter(({ blocks = false }) => !blocks || inFlight <= 64)
      .map((peer) => ({ ...peer, role: 'peer' as const })),
  ]
  for (const { make } of makers) assertToken(await make(), of, publicKey)
  const example = String(await makers[0]?.make())
  const threads = startRawThreads(of, Buffer.from(example.slice(0, example.lastIndexOf('.'))))
  const idle = new LoopDelay()
  const delays = makers.map(() => new LoopDelay())
  const times = makers.map(() => new OwnProcessorTime())
  const contestants: Contestant[] = [
    raw(threads, idle),
    ...makers.map((maker, index) =>
      contestant(maker, inFlight, delays[index] as LoopDelay, times[index] as OwnProcessorTime),
    ),
  ]
  try {
    const rows = await measure('pool', `${of.label} × ${inFlight}`, contestants, plan)
    return rows.map((row, index) => {
      const { samples } = [idle, ...delays][index] as LoopDelay
      const cpu = times[index - 1]?.perOperation ?? null
      return {
        ...row,
        ...(samples.length > 0 && { eventLoopDelayP99: quantile(samples, 0.99) }),
        ...(cpu !== null && { cpu }),
      }
    })
  } finally {
    await Promise.all([...signers, threads].map((each) => each.close()))
  }
}

type Maker = Pick<Contestant, 'name' | 'mode' | 'role'> & Pick<TokenMaker, 'make'>

function ownMaker(signer: ManagedSigner): Maker {
  const jwts = createJwtIssuer(signer, { issuer, audience })
  return { name: 'sealwright', mode: signer.mode, role: 'own', make: () => jwts.issue(claims) }
}

/** @param delay runs meanwhile: what the system does to a thread that only waits, next to others that are busy */
function raw(threads: RawThreads, delay: LoopDelay): Contestant {
  return {
    name: 'crypto.sign',
    mode: 'threads',
    role: 'limit',
    run: async (count) => {
      delay.start()
      await threads.run(count)
      delay.stop()
    },
    onWarm: () => delay.reset(),
  }
}

/**
 * @param delay runs while the contestant does, as long as all that may be in flight is
 * @param time of the asynchronous ones
 */
function contestant(
  { name, mode, role, make }: Maker,
  inFlight: number,
  delay: LoopDelay,
  time: OwnProcessorTime,
): Contestant {
  if (mode === 'sync') return { name, mode, role, run: (count) => repeat(count, make) }
  return {
    name,
    mode,
    role,
    minimum: 3 * inFlight,
    onWarm: () => {
      delay.reset()
      time.reset()
    },
    run: async (count) => {
      time.start()
      const done = concurrently(inFlight, count, make, () => delay.stop())
      // Only now: no server is asked for all of them in one turn of the event loop.
      delay.start()
      await done
      time.stop(count)
    },
  }
}
