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

/** What the packages leave to their users, as arguments of `npm install`: peers that not everybody needs. */
export function optionalPeers(packages) {
  return packages.flatMap(({ manifest: { peerDependencies = {}, peerDependenciesMeta = {} } }) =>
    Object.keys(peerDependenciesMeta).map((name) => `${name}@${peerDependencies[name]}`),
  )
}
