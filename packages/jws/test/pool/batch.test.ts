import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import { scratchFolder } from '@sealwright/test-kit/folders'
import { tryRun } from '@sealwright/test-kit/tools'
import { expect, test } from 'vitest'
import { workerSource } from '../../src/pool/batch.ts'

const require = createRequire(import.meta.url)
const batch = fileURLToPath(new URL('../../src/pool/batch.ts', import.meta.url))
const imports = `/** @import { Batch, BatchResult, SignedBatch, WorkerKey } from ${JSON.stringify(batch)} */\n`

/** What TypeScript says of a thread's program; nothing when it keeps to the protocol. */
function typeErrors(source: string): string {
  const file = join(scratchFolder(), 'worker.cjs')
  writeFileSync(file, imports + source)
  const compiler = join(require.resolve('typescript/package.json'), '../bin/tsc')
  const nodeTypes = join(require.resolve('@types/node/package.json'), '../..')
  const { stdout } = tryRun([
    process.execPath,
    compiler,
    ['--ignoreConfig', '--noEmit', '--allowJs', '--checkJs', '--skipLibCheck', '--strict'],
    ['--strictNullChecks', 'false', '--noUncheckedIndexedAccess', 'false'],
    ['--target', 'es2023', '--module', 'nodenext', '--allowImportingTsExtensions'],
    ['--customConditions', '@sealwright/source', '--types', 'node', '--typeRoots', nodeTypes],
    file,
  ])
  // Other sources are checked with their own, stricter settings elsewhere.
  return stdout
    .split('\n')
    .filter((line) => line.includes('worker.cjs'))
    .join('\n')
}

test('the program of a thread keeps to the types of the protocol', () => {
  expect(typeErrors(workerSource)).toBe('')
})

test('a program that does not is found out', () => {
  expect(typeErrors(workerSource.replace('maximumLength } =', 'maximumSize } ='))).toContain('maximumSize')
  expect(typeErrors(workerSource.replace('signatures, lengths, duration', 'lengths, duration'))).toContain(
    'signatures',
  )
})
