import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/**
 * The packages that are published.
 *
 * @param root of the repository, or of a clone
 */
export function publicPackages(root) {
  return readdirSync(join(root, 'packages'))
    .map((name) => ({ name, folder: join(root, 'packages', name) }))
    .map((each) => ({
      ...each,
      manifest: JSON.parse(readFileSync(join(each.folder, 'package.json'), 'utf8')),
    }))
    .filter(({ manifest }) => manifest.private !== true)
}
