import { mkdtemp, realpath, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'

/** A new folder (mode 700, as mkdtemp makes it) that is removed after the test. */
export async function temporaryFolder(): Promise<string> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'sealwright-local-store-')))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  return folder
}
