import { X509Certificate } from 'node:crypto'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openPkcs12File } from '@sealwright/local-store'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'

const workingFolder = process.cwd()
let folder = ''

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'example-'))
  process.chdir(folder)
})

afterEach(async () => {
  process.chdir(workingFolder)
  await rm(folder, { recursive: true })
})

/** Runs the example as it stands and returns what it prints. */
async function run(): Promise<unknown[]> {
  const log = vi.spyOn(console, 'log').mockImplementation(() => undefined)
  try {
    vi.resetModules()
    await import('../sign-a-token.ts')
    return log.mock.calls.flat()
  } finally {
    log.mockRestore()
  }
}

test('makes a key and its certificate once, and signs with them on every run', async () => {
  const first = await run()
  // Beside a marker of when the key arrived.
  expect((await readdir('keys')).filter((name) => !name.startsWith('.'))).toEqual(['my-app-auth.pfx'])
  const key = await openPkcs12File('keys/my-app-auth.pfx', '')
  expect(key.certificates[0]).toBeInstanceOf(X509Certificate)
  expect(key.certificates[0]?.subject).toBe('CN=my-app-auth')
  expect(first).toEqual([`a token for alice, signed with the key ${key.keyId}`])
  expect(await run()).toEqual(first)
})
