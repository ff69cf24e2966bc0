import { generateKeyPairSync } from 'node:crypto'
import type * as FsPromises from 'node:fs/promises'
import { join } from 'node:path'
import { createLocalSigner } from '@sealwright/core'
import { scratchFolder } from '@sealwright/test-kit/folders'
import { expect, onTestFinished, test, vi } from 'vitest'
import { openAuditLog } from '../../src/index.ts'

/** What was flushed, in order: the folders, and `lines` for lines of a file. */
const flushed: string[] = []
/** The `errno` that the flush of a folder fails with. */
let failure: string | null = null

vi.mock('node:fs/promises', async (importOriginal) => {
  const fs = await importOriginal<typeof FsPromises>()
  const open: typeof fs.open = async (path, flags, mode) => {
    const handle = await fs.open(path, flags, mode)
    const [sync, datasync] = [handle.sync.bind(handle), handle.datasync.bind(handle)]
    handle.sync = async () => {
      flushed.push(String(path))
      if (failure !== null) throw Object.assign(new Error(failure), { code: failure })
      await sync()
    }
    handle.datasync = async () => {
      flushed.push('lines')
      await datasync()
    }
    return handle
  }
  return { ...fs, open }
})

const signer = createLocalSigner(generateKeyPairSync('ed25519').privateKey)

test('with durable, a token waits for its line, and the first ones for the names of the file and of new folders', async () => {
  const scratch = scratchFolder()
  const folder = join(scratch, 'a', 'audit')
  const log = await openAuditLog({ folder, signer, durable: true, maximumFileSize: 1024 })
  onTestFinished(() => log.close())
  const record = (jti: string): Promise<void> =>
    log.record({ jti, keyId: signer.keyId, clientId: 'client', signingInput: 'a.b' })
  // The mark and the seal.
  expect(flushed.splice(0)).toEqual([join(scratch, 'a'), scratch, 'lines', folder, 'lines'])
  await record('x'.repeat(1000))
  expect(flushed.splice(0)).toEqual(['lines'])
  // The next file.
  await record('next')
  expect(flushed.splice(0)).toEqual(['lines', folder])

  // A file system that cannot do it.
  failure = 'EINVAL'
  onTestFinished(() => void (failure = null))
  await record('x'.repeat(1000))
  await record('next')
  expect(flushed.splice(0)).toEqual(['lines', 'lines', folder])
  failure = 'EIO'
  await record('x'.repeat(1000))
  await expect(record('next')).rejects.toMatchObject({
    code: 'UNAVAILABLE',
    message: expect.stringMatching(/cannot be written \(EIO: the disk has a fault\)$/) as unknown,
  })
})

test('by default nothing of a file is flushed', async () => {
  const log = await openAuditLog({ folder: scratchFolder(), signer })
  flushed.splice(0)
  await log.record({ jti: 'a', keyId: signer.keyId, clientId: 'client', signingInput: 'a.b' })
  await log.close()
  expect(flushed).toEqual([])
})
