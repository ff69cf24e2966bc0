import { mkdtempSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, onTestFinished } from 'vitest'

/** A new folder (mode 700) that is removed after the test. Its path has no symbolic links. */
export function scratchFolder(): string {
  const folder = makeFolder()
  onTestFinished(() => removeFolder(folder))
  return folder
}

/** A {@link scratchFolder} that lasts as long as the tests of the file or of the `describe` block. */
export function scratchFolderForFile(): () => string {
  let folder: string | undefined
  beforeAll(() => {
    folder = makeFolder()
  })
  afterAll(() => {
    if (folder !== undefined) removeFolder(folder)
  })
  return () => {
    if (folder === undefined) throw new Error('the folder exists only while the tests run')
    return folder
  }
}

function makeFolder(): string {
  return realpathSync(mkdtempSync(join(tmpdir(), 'sealwright-test-')))
}

function removeFolder(folder: string): void {
  rmSync(folder, { recursive: true, force: true })
}
