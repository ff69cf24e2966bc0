import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { scratchFolder } from '@sealwright/test-kit/folders'
import { expect, test } from 'vitest'

const guard = fileURLToPath(new URL('globals-guard.ts', import.meta.url))

interface Report {
  readonly testResults: readonly {
    readonly name: string
    readonly status: string
    readonly message: string
  }[]
}

/** Runs test files one after the other in one process, and returns what the report says of each. */
async function run(files: Readonly<Record<string, string>>): Promise<Record<string, string>> {
  const root = scratchFolder()
  for (const [name, content] of Object.entries(files)) writeFileSync(join(root, name), content)
  const options = {
    root,
    config: false,
    watch: false,
    globals: true,
    isolate: false,
    maxWorkers: 1,
    setupFiles: [guard],
    reporters: ['json'],
    testTimeout: 2_000,
  }
  const program = `import { startVitest } from 'vitest/node'
await (await startVitest('test', [], ${JSON.stringify(options)})).close()`
  const child = spawn(process.execPath, ['--input-type=module', '--eval', program], {
    cwd: fileURLToPath(new URL('..', import.meta.url)),
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const [output] = await Promise.all([text(child.stdout), once(child, 'close')])
  const { testResults } = JSON.parse(output) as Report
  return Object.fromEntries(
    testResults.map(({ name, status, message }) => [name.slice(root.length + 1), message || status]),
  )
}

const leaving = {
  'timers.test.js': [`vi.useFakeTimers()`, /^this file does not set back Date, .*setTimeout/],
  'time.test.js': [`vi.setSystemTime(0)`, /^this file does not set back Date;/],
  'global.test.js': [`vi.stubGlobal('fetch', () => null)`, /^this file does not set back fetch;/],
  'spy.test.js': [`vi.spyOn(Math, 'random')`, /^this file does not set back Math\.random;/],
  'variable.test.js': [`process.env.TOKEN = 'secret'`, /^this file does not set back process\.env\.TOKEN;/],
  'exit-code.test.js': [`process.exitCode = 3`, /^this file does not set back process\.exitCode;/],
  'folder.test.js': [`process.chdir('/')`, /^this file does not set back the working directory;/],
} as const

const waits = `test('a timer fires', () => new Promise((resolve) => setTimeout(resolve, 1)))`

const setsBack = `${waits}
afterEach(() => void vi.useRealTimers())
afterAll(() => void vi.unstubAllGlobals())
test('with fake timers', () => void vi.useFakeTimers())
test('with a global', () => void vi.stubGlobal('fetch', 1))`

test('a file that leaves the process changed fails by name, and no other does', async () => {
  const files = Object.entries(leaving).map(([name, [leaves]]) => [
    name,
    // Whichever comes first leaves nothing to the others.
    `${waits}\ntest('leaves', () => void (${leaves}))`,
  ])
  const result = await run({ ...Object.fromEntries(files), 'back.test.js': setsBack })
  const failures = Object.entries(leaving).map(([name, [, says]]) => [name, expect.stringMatching(says)])
  expect(result).toEqual({ ...Object.fromEntries(failures), 'back.test.js': 'passed' })
})
