import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { arch, availableParallelism, cpus, type } from 'node:os'

/** The machine and software of the measurements. */
export interface Machine {
  readonly cpu: string
  readonly cores: number
  readonly system: string
  readonly node: string
  readonly openssl: string
  readonly date: string
  readonly versions: Readonly<Record<string, string>>
}

export function machine(): Machine {
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    system: `${type()} ${arch()}`,
    node: process.versions.node,
    openssl: process.versions.openssl,
    date: new Date().toISOString().slice(0, 10),
    versions: versions(),
  }
}

/** The installed version of each dependency of this folder. */
function versions(): Record<string, string> {
  const manifest = readJson(new URL('../../package.json', import.meta.url))
  const require = createRequire(import.meta.url)
  return Object.fromEntries(
    Object.keys(manifest.dependencies ?? {}).map((name) => {
      // Not every package exports its package.json, so it is looked for where the package was found.
      const folder = require.resolve.paths(name)?.find((path) => exists(`${path}/${name}/package.json`))
      return [name, readJson(`${folder}/${name}/package.json`).version ?? 'unknown']
    }),
  )
}

interface Manifest {
  readonly version?: string
  readonly dependencies?: Readonly<Record<string, string>>
}

function readJson(path: string | URL): Manifest {
  return JSON.parse(readFileSync(path, 'utf8')) as Manifest
}

function exists(path: string): boolean {
  try {
    readFileSync(path)
    return true
  } catch {
    return false
  }
}
