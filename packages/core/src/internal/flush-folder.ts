import { open } from 'node:fs/promises'

/**
 * Waits until the names in a folder are on disk: a new file survives a power failure only with its name. Windows cannot flush folders
 * and need not.
 *
 * @throws the error of `node:fs`
 */
export async function flushFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return
  const handle = await open(folder, 'r').catch((error: unknown) => {
    // A folder that may be written but not read cannot be flushed.
    if (isErrno(error, 'EACCES')) return null
    throw error
  })
  if (handle === null) return
  try {
    await handle.sync()
  } catch (error) {
    // Network and FUSE file systems report this if they lack the operation.
    if (!isErrno(error, 'EINVAL', 'ENOTSUP')) throw error
  } finally {
    await handle.close()
  }
}

function isErrno(error: unknown, ...names: readonly string[]): boolean {
  return error instanceof Error && 'code' in error && names.some((name) => name === error.code)
}
