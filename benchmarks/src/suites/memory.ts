import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import type { Row } from '../measuring/measure.ts'
import type { MemoryReport } from '../processes/token-memory.ts'
import type { Suite, SuiteContext } from '../suite.ts'

/** Whether memory grows with the number of tokens; each mode has a process of its own. */
export const memory: Suite = {
  name: 'memory',
  title: 'Memory over a million tokens',
  isOnlyFull: true,
  async run({ progress }: SuiteContext): Promise<Row[]> {
    const rows: Row[] = []
    for (const mode of ['sync', 'pool']) {
      progress(`${tokens.toLocaleString('en')} tokens, ${mode}`)
      rows.push(await measure(mode))
    }
    return rows
  },
}

const tokens = 1_000_000
/** How many times memory is looked at, at equal distances. */
const looks = 10

async function measure(mode: string): Promise<Row> {
  const script = new URL('../processes/token-memory.js', import.meta.url).pathname
  const args = ['--expose-gc', script, mode, String(tokens), String(looks)]
  const { stdout } = await promisify(execFile)(process.execPath, args)
  const { heap, resident, time } = JSON.parse(stdout) as MemoryReport
  return {
    suite: 'memory',
    name: 'sealwright',
    alg: 'ES256',
    mode,
    opsPerSec: (tokens / time) * 1000,
    spread: 0,
    ratioToLimit: null,
    ratioToBestPeer: null,
    memory: { heap, resident },
  }
}
