import { randomBytes } from 'node:crypto'
import { open, readFile, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { SealwrightError } from '@sealwright/core'
import { flushFolder } from '@sealwright/core/internal'

/**
 * Replaces a public file atomically: readers see the old or the new text, even after a crash. A file that already has
 * the text keeps its times, because web servers derive their `ETag` from them.
 *
 * @throws SealwrightError `UNAVAILABLE`
 */
export async function replaceFile(path: string, text: string): Promise<void> {
  const temporary = `${path}.${randomBytes(6).toString('hex')}.tmp`
  try {
    if ((await readFile(path, 'utf8').catch(() => null)) === text) return
    // Not as the umask has it: a web server of another user reads it.
    const file = await open(temporary, 'wx', 0o644)
    try {
      await file.chmod(0o644)
      await file.writeFile(text)
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(temporary, path)
    await flushFolder(dirname(path))
  } catch (cause) {
    await rm(temporary, { force: true }).catch(() => undefined)
    throw unavailable(`${path} cannot be written`, cause)
  }
}

/** @param failed what, such as `/srv/public/jwks.json cannot be written` */
export function unavailable(failed: string, cause: unknown): SealwrightError {
  const code = cause instanceof Error && 'code' in cause ? `: ${String(cause.code)}` : ''
  return new SealwrightError('UNAVAILABLE', `${failed}${code}`, { cause })
}
