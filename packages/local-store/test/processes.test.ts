import { fork, spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { openFolderStore } from '@sealwright/local-store'
import { bundledProgram } from './support/child.ts'
import { temporaryFolder } from './support/folders.ts'
import { has } from './support/tools.ts'

const program = bundledProgram(new URL('support/create-keys.ts', import.meta.url))
const canFilterCalls =
  process.platform === 'linux' && ['x64', 'arm64'].includes(process.arch) && has('python3')
const withFilter = canFilterCalls ? '' : ' (skipped: needs Linux on x64 or arm64, and python3)'

describe('processes with one folder', () => {
  test('two that create one name at the same instant end with one key, 50 times', async () => {
    const folder = await temporaryFolder()
    const children = [fork(program()), fork(program())]
    try {
      await Promise.all(children.map((child) => nextMessage(child)))
      for (let round = 0; round < 50; round++) {
        const keys = join(folder, `${round}`)
        const answers = children.map((child) => nextMessage(child))
        for (const child of children) child.send(`store:${keys}?name=signing`)
        const [a, b] = await Promise.all(answers)
        expect(a).toMatch(/^[\w-]{43}$/)
        expect(b).toBe(a)
        expect(await readdir(keys)).toEqual(['signing.pfx'])
        const store = await openFolderStore(keys)
        expect((await store.get('signing'))?.keyId).toBe(a)
      }
    } finally {
      for (const child of children) child.kill()
    }
  }, 120_000)

  test('that are killed while they write, 200 times, leave no torn file and make no second key', async () => {
    const folder = await temporaryFolder()
    const promised = new Map<string, Set<string>>()
    // Two at a time, so that the one that is killed also has somebody to get in the way of.
    const lanes = [0, 1].map(async () => {
      for (let run = 0; run < 100; run++) {
        const generation = Math.floor(run / 10)
        const printed = await killAtRandom(`store:${folder}?name=k-${generation}-`)
        for (const line of printed) {
          const [index = '', keyId = ''] = line.split(' ')
          const name = `k-${generation}-${index}`
          promised.set(name, (promised.get(name) ?? new Set()).add(keyId))
        }
      }
    })
    await Promise.all(lanes)

    // Every file opens, is the one key of its name, and is the key that whoever opened it was given.
    const keys = await (await openFolderStore(folder)).list()
    const files = (await readdir(folder)).filter((name) => name.endsWith('.pfx'))
    expect(keys.map(({ name }) => `${name}.pfx`).toSorted()).toEqual(files.toSorted())
    const found = new Map(keys.map(({ name, keyId }) => [name, [keyId]]))
    for (const [name, keyIds] of promised) expect([...keyIds]).toEqual(found.get(name))
    // That it was put to the test: keys were made, and writers did die halfway.
    expect(promised.size).toBeGreaterThan(10)
    expect((await readdir(folder)).filter((name) => name.endsWith('.tmp')).length).toBeGreaterThan(0)
  }, 180_000)

  test.skipIf(!canFilterCalls)(
    `without hard links are refused, and leave nothing behind${withFilter}`,
    async () => {
      const folder = await temporaryFolder()
      const launcher = fileURLToPath(new URL('support/without-hard-links.py', import.meta.url))
      const child = spawnSync(
        'python3',
        [launcher, process.execPath, program(), `store:${folder}?name=k-`, '1'],
        { encoding: 'utf8' },
      )
      expect(child.status).toBe(1)
      expect(child.stderr).toContain('has no hard links')
      expect(child.stderr).toContain('UNSUPPORTED_OPERATION')
      expect(await readdir(folder)).toEqual([])
    },
  )
})

/** What the process says next; rejects when it dies instead. */
function nextMessage(child: ChildProcess): Promise<unknown> {
  const settled = new AbortController()
  const { signal } = settled
  return Promise.race([
    once(child, 'message', { signal }).then(([message]: unknown[]) => message),
    once(child, 'exit', { signal }).then(() => Promise.reject(new Error('the process has died'))),
  ]).finally(() => settled.abort())
}

/** Starts a process that creates keys, kills it within the next milliseconds, and returns the lines it got to print. */
async function killAtRandom(prefix: string): Promise<readonly string[]> {
  const child = spawn(process.execPath, [program(), prefix, '1000'], { stdio: ['ignore', 'pipe', 'inherit'] })
  let output = ''
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    if (output === '') setTimeout(() => child.kill('SIGKILL'), Math.random() * 60)
    output += chunk
  })
  const [code, signal] = await once(child, 'close')
  expect([code, signal]).toEqual([null, 'SIGKILL'])
  return output.split('\n').slice(1, -1)
}
