import { mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { scratchFolder } from '@sealwright/test-kit/folders'
import { expect, onTestFinished, test } from 'vitest'
import { WatchedFile } from '../../src/reload/watched-file.ts'

/** As Kubernetes mounts a ConfigMap: the file is a link through a link, which is replaced. */
function mount(folder: string, version: string, content: string): void {
  mkdirSync(join(folder, version))
  writeFileSync(join(folder, version, 'settings.json'), content)
  symlinkSync(version, join(folder, '..data-new'))
  renameSync(join(folder, '..data-new'), join(folder, '..data'))
}

test('a ConfigMap that is replaced is noticed, a file that is missing for a moment is not', async () => {
  const folder = scratchFolder()
  const path = join(folder, 'settings.json')
  mount(folder, '..1', '{}')
  symlinkSync('..data/settings.json', path)
  let changes = 0
  const file = new WatchedFile(path)
  // Before it begins to look.
  mount(folder, '..2', '{ }')
  onTestFinished(file.start(() => void changes++, 5))
  await expect.poll(() => changes).toBe(1)
  rmSync(join(folder, '..data'))
  mount(folder, '..3', '{  }')
  await expect.poll(() => changes).toBe(2)
  writeFileSync(join(folder, '..3', 'settings.json'), '{   }')
  await expect.poll(() => changes).toBe(3)
})
