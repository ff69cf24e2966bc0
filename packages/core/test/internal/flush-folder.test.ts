import { open } from 'node:fs/promises'
import { scratchFolder } from '@sealwright/test-kit/folders'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { flushFolder } from '../../src/internal/flush-folder.ts'

/** Makes the next flush fail. */
async function failFlush(folder: string, code: string): Promise<void> {
  const handle = await open(folder, 'r')
  const prototype: { sync(): Promise<void> } = Object.getPrototypeOf(handle)
  await handle.close()
  const error = Object.assign(new Error(`${code}: sync`), { code })
  const spy = vi.spyOn(prototype, 'sync').mockRejectedValueOnce(error)
  onTestFinished(() => spy.mockRestore())
}

describe('flushing a folder', () => {
  test.each(['EINVAL', 'ENOTSUP'])('succeeds where the file system lacks it: %s', async (code) => {
    const folder = scratchFolder()
    await failFlush(folder, code)
    await expect(flushFolder(folder)).resolves.toBeUndefined()
  })

  test('fails with the error of the disk', async () => {
    const folder = scratchFolder()
    await failFlush(folder, 'EIO')
    await expect(flushFolder(folder)).rejects.toThrow('EIO')
  })

  test('fails for a folder that does not exist', async () => {
    await expect(flushFolder(`${scratchFolder()}/none`)).rejects.toThrow('ENOENT')
  })
})
