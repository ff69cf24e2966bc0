// A process of its own, with --expose-gc: issues tokens and prints, as JSON, what was in use along the way. Its arguments
// are `sync` or `pool`, how many tokens, and how many times to look.
import { generateKeyPairSync } from 'node:crypto'
import { setImmediate } from 'node:timers/promises'
import { createJwtIssuer, createSigner } from '@sealwright/jws'
import { concurrently, repeat } from '../measuring/loops.ts'
import { audience, claims, issuer } from '../load/tokens.ts'

/** What the process prints. */
export interface MemoryReport {
  /** Bytes after a garbage collection. */
  readonly heap: readonly number[]
  readonly resident: readonly number[]
  /** How long issuing took in milliseconds, looking not included. */
  readonly time: number
}

const [mode, count, looks] = [process.argv[2], Number(process.argv[3]), Number(process.argv[4])]
const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const signer = createSigner(privateKey, { mode: mode === 'pool' ? 'pool' : 'inline' })
const tokens = createJwtIssuer(signer, { issuer, audience })
const heap: number[] = []
const resident: number[] = []
let time = 0
for (let look = 0; look < looks; look++) {
  const start = performance.now()
  if (mode === 'pool') await concurrently(64, count / looks, () => tokens.issue(claims))
  else repeat(count / looks, () => tokens.issueSync(claims))
  time += performance.now() - start
  // A turn of the event loop lets go of what native code held.
  await setImmediate()
  globalThis.gc?.()
  const used = process.memoryUsage()
  heap.push(used.heapUsed)
  resident.push(used.rss)
}
await signer.close()
const report: MemoryReport = { heap, resident, time }
console.log(JSON.stringify(report))
