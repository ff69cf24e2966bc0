import { fork, spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { watch } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { scratchFolder } from '@sealwright/test-kit/folders'
import { isFull } from '@sealwright/test-kit/full'
import { lacks } from '@sealwright/test-kit/tools'
import { describe, expect, test } from 'vitest'
import { openFolderStore } from '@sealwright/local-store'
import { filesIn } from './support/files.ts'
import { bundledProgram } from './support/child.ts'

const program = bundledProgram(new URL('support/create-keys.ts', import.meta.url))
const canFilterCalls =
  process.platform === 'linux' && ['x64', 'arm64'].includes(process.arch) && !lacks('python3')

/** Races are run often at night, and otherwise often enough to fail when the code is wrong every time. */
const rounds = isFull ? 50 : 5
/** Killed processes of one lane, of which there are two. */
const kills = isFull ? 100 : 10

describe('processes with one folder', () => {
  test(`two that create one name at the same instant end with one key, ${rounds} times`, async () => {
    const folder = scratchFolder()
    const children = [fork(program()), fork(program())]
    try {
      await Promise.all(children.map((child) => nextMessage(child)))
      for (let round = 0; round < rounds; round++) {
        const keys = join(folder, `${round}`)
        const answers = children.map((child) => nextMessage(child))
        for (const child of children) child.send(`store:${keys}?name=signing`)
        const [a, b] = await Promise.all(answers)
        expect(a).toMatch(/^[\w-]{43}$/)
        expect(b).toBe(a)
        expect(await filesIn(keys)).toEqual(['signing.pfx'])
        const store = await openFolderStore(keys)
        expect((await store.get('signing'))?.keyId).toBe(a)
      }
    } finally {
      for (const child of children) child.kill()
    }
  }, 120_000)

  test(`that are killed while they write, ${2 * kills} times, leave no torn file and make no second key`, async () => {
    const folder = scratchFolder()
    const promised: string[] = []
    // Two at a time, so that the one that is killed can get in the way of the other.
    const lanes = [0, 1].map(async () => {
      for (let run = 0; run < kills; run++) {
        // New names now and then, so that there is always something to write.
        const generation = Math.floor(run / (kills / 10))
        promised.push(...(await killWhileWriting(folder, `${generation}-`)))
      }
    })
    await Promise.all(lanes)

    // Every file opens, is the one key of its name, and is the key that every caller was given for that name.
    const files = await filesIn(folder)
    const keys = await (await openFolderStore(folder)).list()
    expect(keys.map(({ name }) => `${name}.pfx`).toSorted()).toEqual(files.filter(isKey).toSorted())
    const kept = new Set(keys.map(({ name, keyId }) => `${name} ${keyId}`))
    expect(promised.filter((line) => !kept.has(line))).toEqual([])
    // That it was put to the test: each writer died after it began a file. Only many are sure to have made keys, and to
    // have died halfway.
    expect(files.length).toBeGreaterThan(0)
    expect(keys.length).toBeGreaterThanOrEqual(isFull ? 11 : 0)
    expect(files.filter((name) => !isKey(name)).length).toBeGreaterThanOrEqual(isFull ? 1 : 0)
  }, 180_000)

  test.skipIf(!canFilterCalls)(
    'without hard links are refused, and leave nothing behind [needs Linux on x64 or arm64, python3]',
    async () => {
      const folder = scratchFolder()
      const launcher = fileURLToPath(new URL('support/without-hard-links.py', import.meta.url))
      const child = spawnSync('python3', [launcher, process.execPath, program(), folder, 'k-'], {
        timeout: 20_000,
        encoding: 'utf8',
      })
      expect(child.status).toBe(1)
      expect(child.stderr).toContain('has no hard links')
      expect(child.stderr).toContain('UNSUPPORTED_OPERATION')
      expect(await filesIn(folder)).toEqual([])
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

function isKey(fileName: string): boolean {
  return fileName.endsWith('.pfx')
}

/**
 * Starts a process that creates one key after the other, and kills it within milliseconds after a process begins to write a
 * file, whatever it is at then.
 *
 * @returns what it got to print before: the name and kid of each key it opened or created
 */
async function killWhileWriting(folder: string, prefix: string): Promise<readonly string[]> {
  const child = spawn(process.execPath, [program(), folder, prefix], { stdio: ['ignore', 'pipe', 'inherit'] })
  let output = ''
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => (output += chunk))
  await once(child.stdout, 'data')
  const writing = watch(folder, (_event, fileName) => {
    if (fileName !== null && !isKey(fileName)) setTimeout(() => child.kill('SIGKILL'), Math.random() * 8)
  })
  const [code, signal] = await once(child, 'close')
  writing.close()
  expect([code, signal]).toEqual([null, 'SIGKILL'])
  return output.split('\n').slice(1, -1)
}
