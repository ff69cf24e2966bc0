import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { toRows, type Contestant, type Row } from '../measuring/measure.ts'
import type { Suite, SuiteContext } from '../suite.ts'

/** The cost of importing a package. Each import has its own process. */
export const importCost: Suite = {
  name: 'import',
  title: 'Importing',
  async run({ plan, progress }: SuiteContext): Promise<Row[]> {
    progress('processes that import one package each')
    const rates: number[][] = contestants.map(() => [])
    for (let round = 0; round < 2 * plan.rounds; round++) {
      for (let step = 0; step < contestants.length; step++) {
        const index = (round + step) % contestants.length
        rates[index]?.push(1e6 / importing(contestants[index]?.name ?? ''))
      }
    }
    const rows = toRows('import', 'import', contestants, rates)
    return rows.map((row) => ({ ...row, bytes: bytesOf(import.meta.resolve(row.name), new Set()) }))
  },
}

const contestants: readonly Pick<Contestant, 'name' | 'mode' | 'role'>[] = [
  { name: '@sealwright/jws', mode: 'new process', role: 'own' },
  { name: 'jose', mode: 'new process', role: 'peer' },
]

/**
 * Imports a package in a new process and returns the processor time it took in microseconds: other processes disturb it
 * less than they do the clock.
 */
function importing(name: string): number {
  const script = `
    const start = process.cpuUsage()
    await import(${JSON.stringify(name)})
    const { user, system } = process.cpuUsage(start)
    console.log(user + system)`
  const options = { cwd: new URL('..', import.meta.url), encoding: 'utf8' } as const
  return Number(execFileSync(process.execPath, ['--input-type=module', '-e', script], options))
}

/** The bytes of a module and of all modules that it imports, Node's own aside. */
function bytesOf(url: string, seen: Set<string>): number {
  if (seen.has(url) || url.startsWith('node:')) return 0
  seen.add(url)
  const source = readFileSync(new URL(url))
  const imported = [...source.toString().matchAll(/^(?:import|export)\b[^'"]*\bfrom\s*['"]([^'"]+)['"]/gm)]
  return imported.reduce((total, [, specifier = '']) => {
    const target = specifier.startsWith('.') ? new URL(specifier, url).href : import.meta.resolve(specifier)
    return total + bytesOf(target, seen)
  }, source.length)
}
