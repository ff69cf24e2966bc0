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

/**
 * The manifest of a folder that installs them. On Node 20 Fastify's own range of cookie has to be narrowed, as at the root:
 * npm takes the newest, which needs Node 22.
 */
export function consumerManifest(root) {
  const { overrides } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  return { private: true, type: 'module', overrides: { cookie: overrides.cookie } }
}

/** The optional peers of the packages, as arguments of `npm install`. */
export function optionalPeers(packages) {
  return packages.flatMap(({ manifest: { peerDependencies = {}, peerDependenciesMeta = {} } }) =>
    Object.keys(peerDependenciesMeta).map((name) => `${name}@${peerDependencies[name]}`),
  )
}
