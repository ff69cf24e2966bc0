import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { publicPackages } from '../public-packages.mjs'

export const root = resolve(import.meta.dirname, '..', '..')

/** The manifest of the tools, which are installed when they are first needed. */
export function installedTools() {
  if (!existsSync(join(import.meta.dirname, 'node_modules', 'typedoc'))) {
    const { status } = spawnSync('npm', ['ci', '--prefer-offline'], {
      cwd: import.meta.dirname,
      stdio: 'inherit',
    })
    if (status !== 0) process.exit(1)
  }
  return join(import.meta.dirname, 'package.json')
}

/** The sources of the entry points of packages, by specifier. Internal ones are for the packages themselves. */
export function entryPoints(packages = publicPackages(root)) {
  return packages.flatMap(({ name, folder, manifest }) =>
    Object.entries(manifest.exports)
      .filter(([entry, target]) => typeof target === 'object' && !entry.includes('internal'))
      .map(([entry, target]) => ({
        name,
        specifier: manifest.name + entry.slice(1),
        file: join(folder, target['@sealwright/source']),
      })),
  )
}
